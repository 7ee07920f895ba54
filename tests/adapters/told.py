"""What our mappings for other systems make of the records in `vendors`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from monitor.adapters.mapping import load_mapping, read_mapping
from monitor.adapters.records import records_of
from monitor.adapters.references import References
from schemas.decode import TOPIC_OF, read
from tests.adapters.records import kinds
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.adapters.records import Event, Record

VENDORS = (
    "chatwoot",
    "dialpad",
    "genesys",
    "github_issues",
    "intercom",
    "otel_genai",
    "twilio_taskrouter",
    "zammad",
    "zendesk",
    "zendesk_eventbridge",
)
FIXTURES = ROOT / "tests" / "adapters" / "vendors"
# What no event may carry: what people wrote, what they are called and where they are reached.
PRIVATE = {
    *("body", "content", "description", "name", "login", "email", "phone_number", "title"),
    *("phone", "external_number", "ani", "from", "call_sid", "WorkerName", "wrapupNotes"),
}
# Here names are those of agents and tools.
PRIVATE_OF_AGENTS = {"explanation"}


@cache
def records(vendor: str) -> list[Record]:
    (file,) = FIXTURES.glob(f"{vendor}.*")
    with file.open("rb") as lines:
        found = list(records_of(lines, read_mapping(vendor).record))
    assert None not in found
    return [record for record in found if record]


@cache
def mapped(vendor: str) -> list[list[Event]]:
    """The events of each record, all of them accepted by the contract."""
    mapping = load_mapping(vendor, References(b"a key of this test"))
    events = [list(mapping.events([record])) for record in records(vendor)]
    for event in (event for given in events for event in given):
        read(TOPIC_OF[event["type"]], event)
    return events


def told(vendor: str) -> list[list[str]]:
    return [kinds(events) for events in mapped(vendor)]


def one(vendor: str, record: int, kind: str) -> dict[str, Any]:
    """The data of the event of a kind that a record became."""
    (event,) = [event for event in mapped(vendor)[record] if event["type"] == f"cx.{kind}.v1"]
    data: dict[str, Any] = event["data"]
    return data


def private(value: object, names: set[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inside in value.items():
            if name in names and isinstance(inside, str) and inside:
                yield inside
            yield from private(inside, names)
    elif isinstance(value, list):
        for inside in value:
            yield from private(inside, names)
