"""What the minimal job is made of: the processor time of each of its parts alone, per event.

Each runs over the whole backlog in one thread with nothing around it, and the best of a few times
counts. What an engine takes beyond their sum are sockets, threads, Faust, and caches that they all
share. Run it by ``PYTHONPATH=. .venv/bin/python bench/minimal/parts.py``.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Any

import msgspec
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from faust.types import TP

from bench import document
from bench.minimal import join
from bench.minimal.backlog import backlog
from bench.minimal.contract import BROKEN, BY_MSGSPEC, BY_PYDANTIC
from bench.minimal.rounds import EVENTS_OF_A_CUSTOMER, SEED
from monitor.shell.garbage import collect_seldom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bench.minimal.backlog import Record
    from bench.minimal.contract import Decode

GOAL_US = 8.5
TIMES = 3
OF_A_BATCH = 200
# About what is folded in the second between two flushes.
OF_A_FLUSH = 50_000


def packed(records: list[Record]) -> list[bytes]:
    """The records as they lie in a log."""
    batches = []
    for start in range(0, len(records), OF_A_BATCH):
        builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 2**20)
        for offset, one in enumerate(records[start : start + OF_A_BATCH]):
            builder.append(offset, one.milliseconds, one.key, one.value, [])
        batches.append(bytes(builder.build()))
    return batches


def unpack(batches: list[bytes]) -> None:
    """What the client does with a fetch: check its sums, and make records of it."""
    for batch in batches:
        there = MemoryRecords(batch)
        list(PartitionRecords(TP("", 0), there, [], 0, None, None, True, READ_COMMITTED))  # noqa: FBT003


def decode(records: list[Record], readers: Mapping[str, Decode]) -> Iterator[tuple[bytes, Any]]:
    """What the records say, but for those that break the contract."""
    for one in records:
        try:
            yield one.key, readers[one.topic](one.value)
        except BROKEN:
            continue


def fold(events: list[tuple[bytes, Any]]) -> dict[bytes, join.State]:
    """The join."""
    states: dict[bytes, join.State] = {}
    counts: join.Counts = {}
    for key, event in events:
        state = states.get(key)
        if state is None:
            state = states[key] = join.new_state()
        join.update(state, event, counts)
    return states


def encode(events: list[tuple[bytes, Any]], states: Mapping[bytes, join.State]) -> None:
    """What goes to the changelog: at each flush the states that changed, here as they end."""
    encoded = msgspec.msgpack.Encoder().encode
    for start in range(0, len(events), OF_A_FLUSH):
        for key in {key for key, _ in events[start : start + OF_A_FLUSH]}:
            encoded(states[key])


def parts(events: int) -> dict[str, float]:
    """Microseconds per event of each part."""
    records = backlog(events, events // EVENTS_OF_A_CUSTOMER, SEED)
    batches, known = packed(records), list(decode(records, BY_MSGSPEC))
    states = fold(known)
    jobs: dict[str, Callable[[], object]] = {
        "check sums and make records (aiokafka)": lambda: unpack(batches),
        "read and validate (msgspec)": lambda: list(decode(records, BY_MSGSPEC)),
        "the join": lambda: fold(known),
        "encode what changed (msgspec)": lambda: encode(known, states),
        "instead, read and validate by pydantic": lambda: list(decode(records, BY_PYDANTIC)),
    }
    return {name: _seconds(job) / events * 1e6 for name, job in jobs.items()}


def _seconds(job: Callable[[], object]) -> float:
    taken = []
    for _ in range(TIMES):
        begun_at = time.process_time()
        job()
        taken.append(time.process_time() - begun_at)
    return min(taken)


def told(events: int) -> str:
    """Everything in words and a table."""
    *measured, (pydantic, by_pydantic) = parts(events).items()
    introduction = (
        f"Written by `bench/minimal/parts.py` on {document.today()}: each part of the minimal job "
        f"alone, over {events:,} events, the best of {TIMES} times. What an engine takes beyond "
        "their sum are sockets, threads, Faust, and caches that the parts share. The goal of all "
        f"is {GOAL_US} µs an event."
    )
    lines = [
        introduction,
        "",
        "| part | CPU µs per event |",
        "|---|--:|",
        *(f"| {name} | {taken:.1f} |" for name, taken in measured),
        f"| their sum | {sum(taken for _, taken in measured):.1f} |",
        f"| {pydantic} | {by_pydantic:.1f} |",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and tell."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--events", type=int, default=400_000)
    words.add_argument("--document", action="store_true", help="into docs/performance.md, too")
    chosen = words.parse_args()
    collect_seldom()
    text = told(chosen.events)
    sys.stdout.write(text + "\n")
    if chosen.document:
        document.put(document.PARTS, text)


if __name__ == "__main__":
    main()
