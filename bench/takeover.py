"""How long a live worker takes to have a million open journeys, recovered or stood by for.

The changelog is filled as workers leave it (`bench/recovery.py` makes the rows). Then a worker is
started alone, on a group of its own before, to see what a start without state takes. A second one
joins, and both stand by for each other. One of them is told to end, so that the group knows at
once; later one is killed, which the group finds out when its session has run out.

    PYTHONPATH=. python bench/takeover.py --journeys 1000000
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import resource
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer

from bench import document
from bench.brokers import BROKERS, broker, cpu_seconds
from bench.full import customers_of
from bench.recovery import rows
from monitor.shell.access import Access
from monitor.shell.changelog import Position, encode
from monitor.shell.topics import INPUTS, changelog_of, create_topics
from tests.integration.worker import PARTITIONS, Worker

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP = "takeover"
SESSION_SECONDS = 6.0
SECONDS_MAX = 300.0
SETTINGS = {"standbys": 1, "session_timeout_seconds": SESSION_SECONDS}
_HAS = re.compile(r"partition \d+ recovered")
_STANDS_BY = re.compile(r"standing by for partition (\d+)")


async def fill(bootstrap: str, journeys: int) -> None:
    """Write the changelog of so many journeys."""
    await create_topics(Access(bootstrap), PARTITIONS, topics=[*INPUTS, changelog_of(GROUP)])
    position = Position({one.name: 0 for one in INPUTS}, 0)
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=1_000_000) as producer:
        for number in range(PARTITIONS):
            for changes in rows(journeys // PARTITIONS):
                for batch in encode(changes, position, producer.create_batch):
                    topic = changelog_of(GROUP).name
                    await (await producer.send_batch(batch, topic, partition=number))


def until(holds: Callable[[], bool], worker: Worker) -> float:
    """Wait for something, and say how many seconds that took."""
    begun_at = time.monotonic()
    while not holds():
        worker.check()
        if time.monotonic() > begun_at + SECONDS_MAX:
            raise TimeoutError(worker.log.read_text()[-2000:])
        time.sleep(0.02)
    return time.monotonic() - begun_at


def started(worker: Worker) -> dict[str, float]:
    """Start a worker until it has its partitions, and say what that took."""
    begun_at = time.monotonic()
    worker.start()
    return {
        "seconds": time.monotonic() - begun_at,
        "cpu_seconds": cpu_seconds(worker.pid),
        "rss_mb": resident_mb(worker.pid),
    }


def resident_mb(pid: int | None) -> float:
    """The megabytes of memory that a process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def taken_over(heir: Worker, owner: Worker, end: Callable[[], object]) -> dict[str, float]:
    """End the owner, and wait until the heir has all partitions."""
    until(lambda: stands_by(heir) and stands_by(owner), heir)
    before = len(_HAS.findall(heir.log.read_text()))
    begun_at = time.time()
    end()
    until(lambda: len(_HAS.findall(heir.log.read_text())) == before + PARTITIONS // 2, heir)
    until(lambda: heir.get("/readyz")[0] == HTTPStatus.OK, heir)
    log = heir.log.read_text()
    done_at = at_last(log, " recovered: ")
    return {
        "seconds": done_at - begun_at,
        "seconds_of_rebalance": done_at - at_last(log, "rebalance: "),
    }


def at_last(log: str, words: str) -> float:
    """When a log said something last."""
    (line,) = [line for line in log.splitlines() if words in line][-1:]
    return datetime.fromisoformat(line.split()[0]).timestamp()


def stands_by(worker: Worker) -> bool:
    """Whether it has read the changelogs of what the other one has, since the other one joined."""
    log = worker.log.read_text()
    since = log[log.rfind("partition", 0, log.rfind(" recovered: ")) :]
    return len(set(_STANDS_BY.findall(since))) >= PARTITIONS // 2


def measured(bootstrap: str, home: Path, journeys: int, engine: str) -> dict[str, object]:
    """Everything, one after the other."""
    settings = SETTINGS | {"state_engine": engine}
    told: dict[str, object] = {"journeys": journeys, "engine": engine}
    with ExitStack() as ending:
        # With the first group a broker makes topics of its own.
        for name in ("first_start", "start_without_state"):
            empty = Worker(bootstrap, name, home / name, **settings)
            ending.callback(empty.kill)
            told[name] = started(empty)
            empty.stop()
        one, two = (Worker(bootstrap, GROUP, home / name, **settings) for name in ("one", "two"))
        for worker in (one, two):
            ending.callback(worker.kill)
        told["recovery"] = started(one)
        told["customers"] = customers_of(one)
        told["second_joins"] = started(two)
        told["takeover_of_one_that_ends"] = taken_over(two, one, one.stop)
        told["rejoins"] = started(one)
        told["takeover_of_one_that_is_killed"] = taken_over(two, one, one.kill)
        told["session_s"] = SESSION_SECONDS
    return told


def main() -> None:
    """Fill a changelog and measure."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--journeys", type=int, default=1_000_000)
    words.add_argument("--engine", choices=("memory", "disk"), default="memory")
    words.add_argument("--broker", choices=BROKERS, default="apache-kafka")
    words.add_argument("--document", action="store_true", help="into docs/performance.md, too")
    words.add_argument("--keep", type=Path, help="leave the workers' logs here")
    chosen = words.parse_args()
    with broker(chosen.broker) as running, tempfile.TemporaryDirectory() as directory:
        home = chosen.keep or Path(directory)
        home.mkdir(exist_ok=True)
        asyncio.run(fill(running.bootstrap, chosen.journeys))
        told = measured(running.bootstrap, home, chosen.journeys, chosen.engine)
    sys.stdout.write(json.dumps(told, indent=1) + "\n")
    if chosen.document:
        document.write_takeover(told, chosen.broker)


if __name__ == "__main__":
    main()
