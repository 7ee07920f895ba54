"""Records a changelog of the version of the state that there is now, for later ones to read.

`make record` runs it when `STATE_VERSION` was raised; what it writes is to be committed. As long
as nothing of a version was released it may be recorded anew, but in no other form.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.core.form import STATE_VERSION
from monitor.core.policy import Policy
from monitor.core.snapshot import records, restore
from monitor.shell.changelog import POSITION_KEY, Position
from monitor.shell.policy_file import show
from monitor.shell.store import MemoryStore
from monitor.shell.topics import partition_of
from schemas.decode import CONVERSATIONS
from tests.sim.compare import of_seed
from tests.sim.pen import HOUR, text_of
from tests.state.form import form
from tests.state.recorded import (
    HOT_MAX,
    PARTITIONS,
    RECORDED,
    Group,
    Part,
    owns,
    packed,
    rest_of,
    restored,
    told,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEEDS = (5, 10, 11)
FLUSH_EVERY = 100
BEAT = "cx.heartbeat.v1"
# Who is found to be whom, so many hours from the cut.
LINKS = {
    ("5 customer-3", "10 customer-1"): -6,
    ("10 customer-0", "11 customer-0"): -48,
    ("5 customer-0", "10 customer-2"): 0,
    ("10 customer-3", "11 customer-1"): 48,
}
_NAMES = ("id", "partitionkey", "subject")


def log() -> tuple[list[Part], list[Part]]:
    """Three seeded stories side by side, some of whose customers are found to be one.

    Cut in two where half of it is said; heartbeats do not count.
    """
    said = [
        (one.received_at, one.topic, _named(f"{seed} ", one.record))
        for seed in SEEDS
        for one in of_seed(seed)
    ]
    moments = sorted(at for at, _, record in said if record["type"] != BEAT)
    cut = moments[len(moments) // 2]
    said += [_link(*pair, cut + hours * HOUR) for pair, hours in LINKS.items()]
    said.sort(key=lambda one: one[0])
    before, after = ([one for one in said if (one[0] < cut) is first] for first in (True, False))
    return _parts(before), _parts(after)


def _parts(said: list[tuple[int, str, dict[str, Any]]]) -> list[Part]:
    return [Part(number, topic, record) for _, topic, record in said for number in _places(record)]


def _named(prefix: str, record: dict[str, Any]) -> dict[str, Any]:
    """The same event in a story of its own."""
    names = {name: prefix + text for name, text in record.items() if name in _NAMES and text}
    data = {
        name: prefix + told if name.endswith(("_id", "_ref")) and isinstance(told, str) else told
        for name, told in record["data"].items()
    }
    return record | names | {"data": data}


def _link(one: str, other: str, at: int) -> tuple[int, str, dict[str, Any]]:
    said = {
        "specversion": "1.0",
        "id": f"{one} is {other}",
        "source": "desk",
        "type": "cx.customer.linked.v1",
        "time": text_of(at),
        "data": {"customer_ref": one, "other_ref": other, "assurance": "verified"},
    }
    return at, CONVERSATIONS, said


def _places(record: dict[str, Any]) -> range | tuple[int]:
    """The partition of an event; a heartbeat is for all."""
    if record["type"] == BEAT:
        return range(PARTITIONS)
    data = record["data"]
    key = data.get("customer_ref") or record.get("partitionkey")
    return (partition_of(key or f"~{data.get('conversation_id', '')}", PARTITIONS),)


def record(directory: Path) -> None:
    """Fold the log up to the cut, flush by flush, and write down what a changelog then has."""
    directory.mkdir(exist_ok=True)
    before, after = log()
    group = Group(
        [
            restore(Policy(), MemoryStore(), owns(number), f"partition {number}", HOT_MAX)
            for number in range(PARTITIONS)
        ]
    )
    lines: list[str] = []
    for start in range(0, len(before), FLUSH_EVERY):
        # What was written to others leaves when the flush is durable, so of the last it does not.
        group.deliver()
        group.fold(before[start : start + FLUSH_EVERY])
        lines += map(json.dumps, _flush(group))
    group.published.clear()
    write(directory / "changelog.jsonl.gz", "\n".join(lines))
    write(directory / "rest.jsonl.gz", "\n".join(map(json.dumps, after)))
    (directory / "policy.toml").write_text(show(Policy()), encoding="utf-8")
    (directory / "form.txt").write_text(form(), encoding="utf-8")
    write(directory / "told.txt.gz", group.go_on(after))


def _flush(group: Group) -> Iterator[tuple[int, str | None, str | None]]:
    for number, tracker in enumerate(group.trackers):
        for key, value in records(tracker).items():
            yield number, packed(key), packed(value)
        yield number, packed(POSITION_KEY), packed(msgspec.msgpack.encode(Position({}, 1)))


def main() -> int:
    """Record, unless there is a record of another form; then say what is to be done."""
    directory = RECORDED / str(STATE_VERSION)
    known = directory / "form.txt"
    if known.exists() and known.read_text(encoding="utf-8") != form():
        sys.stderr.write(f"the state has another form: raise STATE_VERSION ({STATE_VERSION})\n")
        return 1
    record(directory)
    again = restored(directory).go_on(rest_of(directory))
    if again != told(directory):
        sys.stderr.write("who takes it over does not go on as who wrote it\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
