"""The minimal job in interleaved rounds: a fresh broker and the same backlog for each of them.

Engines change places from round to round, so that none of them always meets the same neighbour.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.brokers import broker, cpu_seconds
from bench.minimal.answer import answer
from bench.minimal.backlog import backlog
from bench.minimal.engine import ENGINES, EngineError
from bench.minimal.load import load, weigh

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.brokers import Broker
    from bench.minimal.backlog import Record
    from bench.minimal.engine import Engine

JOB = "minimal"
EVENTS_OF_A_CUSTOMER = 8
SEED = 7
SLOW_SHARE = 20
"""A slow engine gets one event where the others get so many."""


@dataclass(slots=True)
class Task:
    """A backlog, and the answer that is right for it."""

    events: int
    records: list[Record] = field(init=False)
    counts: list[list[Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.records = backlog(self.events, max(1, self.events // EVENTS_OF_A_CUSTOMER), SEED)
        self.counts = answer(self.records)


def rows(
    names: Sequence[str], broker_name: str, events: int, rounds: int
) -> Iterator[dict[str, Any]]:
    """Yield what was measured, one row for each engine and round."""
    entrants = [ENGINES[name] for name in names]
    fast = [engine for engine in entrants if not engine.slow]
    slow = [engine for engine in entrants if engine.slow]
    classes = [(fast, events), (slow, events // SLOW_SHARE)]
    tasks = [(those, Task(share)) for those, share in classes if those]
    for number in range(rounds):
        begun_at = int(time.time())
        for those, task in tasks:
            first = number % len(those)
            order = those[first:] + those[:first]
            for row in _round(order, broker_name, task, weighs=number == 0):
                yield row | {"round": begun_at}


def _round(
    order: Sequence[Engine], broker_name: str, task: Task, *, weighs: bool
) -> Iterator[dict[str, Any]]:
    with broker(broker_name) as running:
        asyncio.run(load(running.bootstrap, task.records))
        for engine in order:
            try:
                row = _run(engine, running, task)
            except EngineError as error:
                sys.stderr.write(f"{error}\n")
                continue
            if weighs and engine.changelog:
                written = asyncio.run(weigh(running.bootstrap, engine.changelog))
                row["changelog_bytes_per_event"] = written.size / task.events
                row["changelog_records_per_event"] = written.records / task.events
            yield row | {"broker": broker_name}


def _run(engine: Engine, running: Broker, task: Task) -> dict[str, Any]:
    before = cpu_seconds(running.pid)
    with tempfile.TemporaryDirectory(prefix="outcome-monitor-bench-") as state:
        told = engine.run(running.bootstrap, task.events, Path(state))
    broker_cpu = cpu_seconds(running.pid) - before
    seen = told["events"]
    return {
        "engine": engine.name,
        "job": JOB,
        "events": seen,
        "cpu_us_per_event": told["cpu_seconds"] / seen * 1e6,
        "events_per_s": seen / told["seconds"],
        "rss_peak_mb": told["rss_peak_mb"],
        "equal": seen == task.events and told["counts"] == task.counts,
        "broker_cpu_us_per_event": broker_cpu / seen * 1e6,
        "seconds_to_first": told["seconds_to_first"],
        "load": os.getloadavg()[0],
    }
