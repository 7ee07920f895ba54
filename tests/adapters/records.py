"""Records in the sources' formats, made up by us, and short ways to look at events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.adapters.mapping import load_mapping
from schemas.decode import TOPIC_OF, read

if TYPE_CHECKING:
    from monitor.adapters.records import Event, Record


def incident(type_: str, mod: int | None = None, *, at: str = "09:00", **attrs: object) -> Record:
    """One record of an incident of the service desk."""
    if mod is not None:
        attrs["mod"] = mod
    actor = "customer" if type_ == "incident.opened" else "human"
    return {
        "ts": f"2016-03-01T{at}:00Z",
        "case_id": "INC1",
        "customer_id": "Caller 1",
        "source": "desk",
        "kind": "conversation",
        "type": type_,
        "actor": actor,
        "attrs": attrs,
    }


OPENED = incident(
    "incident.opened",
    at="08:00",
    channel="Phone",
    category="Category 1",
    subcategory="Subcategory 2",
    group="Group 1",
)


def turn(type_: str, actor: str, *, at: str = "00.000000", **attrs: object) -> Record:
    """One record of a conversation with an AI agent."""
    return {
        "ts": f"2025-07-17T15:00:{at}Z",
        "case_id": "tau2-1",
        "customer_id": "cust-1",
        "source": "tau2-retail",
        "kind": "conversation",
        "type": type_,
        "actor": actor,
        "attrs": attrs,
    }


STARTED = turn(
    "conversation.started", "system", channel="chat", agent_impl="llm_agent", agent_model="model-1"
)


def events_of(mapping: str, *records: Record) -> list[Event]:
    """Map records with one of our mappings; the contract accepts every event."""
    events = list(load_mapping(mapping).events(records))
    for event in events:
        read(TOPIC_OF[event["type"]], event)
    return events


def kinds(events: list[Event]) -> list[str]:
    """The types of events without the parts that they have in common."""
    return [event["type"].removeprefix("cx.").removesuffix(".v1") for event in events]


def ignored_by(mapping: str, *records: Record) -> list[str]:
    """The reasons for which records gave no event."""
    loaded = load_mapping(mapping)
    list(loaded.events(records))
    return sorted(loaded.ignored.elements())
