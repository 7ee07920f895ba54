"""The full job: ``outcome-monitor worker`` on seeded traffic of the full contract.

The backlog is appended while the workers are stopped by a signal. So they have joined their group
and made their tables before the first record, and what starting takes is not measured. A worker
has drained it when the committed offsets say so, which follow the flush.

How well a team divides the work is measured with a share of a core for each worker, so small that
the largest team and its broker fit on two cores.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from bench import traffic
from bench.brokers import broker, cpu_seconds
from bench.cores import can_be_limited, limited
from bench.minimal.load import Entry, append, weigh
from monitor.shell.access import Access
from monitor.shell.topics import INPUTS, create_topics, partition_of
from tests.integration.traffic import (
    Message,
    differences,
    heartbeats,
    replayed,
    without_heartbeats,
)
from tests.integration.worker import PARTITIONS, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.brokers import Broker
    from monitor.core.reading import Reading

GROUP = "bench"
ENGINE = "outcome-monitor"
SEED = 11
EVENTS_OF_A_CUSTOMER = 5
SESSION_SECONDS = 10
SECONDS_MAX = 300
SHARE_OF_A_CORE = 0.3


@dataclass(slots=True)
class Traffic:
    """A backlog of the full contract, and what a replay of it comes to."""

    messages: list[Message]
    reading: Reading

    @classmethod
    @cache
    def of(cls, events: int, of_a_customer: int = EVENTS_OF_A_CUSTOMER) -> Traffic:
        """Make it; the last heartbeats let event time pass the last event by a minute."""
        messages = list(itertools.islice(_sent(events, of_a_customer), events))
        named = (dict(one.headers)["ce_time"] or b"" for one in messages)
        last = max(datetime.fromisoformat(time_.decode()) for time_ in named)
        beat = timedelta(minutes=1, microseconds=1)
        return cls([*messages, *heartbeats(-1, last + beat)], replayed(messages))

    def split(self, last: int) -> tuple[Traffic, Traffic]:
        """The last messages apart; what a replay comes to is told of all."""
        return (
            Traffic(self.messages[:-last], self.reading),
            Traffic(self.messages[-last:], self.reading),
        )

    def entries(self) -> Iterator[Entry]:
        """What is to be appended."""
        now = int(datetime.now(UTC).timestamp() * 1000)
        for one in self.messages:
            partition = one.partition
            if partition is None:
                partition = partition_of((one.key or b"").decode(), PARTITIONS)
            yield one.topic, partition, one.key, one.value, one.headers, now


def following(events: int, of_a_customer: int) -> Iterator[Message]:
    """What is sent after a backlog of so many events, without end."""
    return itertools.islice(_sent(events, of_a_customer), events, None)


def _sent(events: int, of_a_customer: int) -> Iterator[Message]:
    customers = max(1, events // of_a_customer)
    for topic, key, headers, value, _ in traffic.records(customers, SEED):
        yield Message(topic, key, value, tuple(headers))


@dataclass(frozen=True, slots=True)
class Team:
    """Workers of one group, all of them ready."""

    broker: Broker
    workers: list[Worker]
    cpu_to_ready: float

    def signal(self, number: signal.Signals) -> None:
        """Send each of them a signal."""
        for worker in self.workers:
            os.kill(worker.pid or 0, number)

    def cpu_seconds(self) -> float:
        """What they have used so far."""
        return sum(cpu_seconds(worker.pid) for worker in self.workers)

    def peak_mb(self) -> float:
        """The most memory that any of them held."""
        return max(_peak_mb(worker.pid) for worker in self.workers)


@contextmanager
def team(broker_name: str, count: int) -> Iterator[Team]:
    """Start a fresh broker and so many workers on it."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outcome-monitor-")))
        running = broker(broker_name)
        stack.enter_context(running)
        asyncio.run(create_topics(Access(running.bootstrap), PARTITIONS))
        workers = [
            Worker(
                *(running.bootstrap, GROUP, home / str(number)),
                session_timeout_seconds=SESSION_SECONDS,
                flush_interval_seconds=1.0,
            )
            for number in range(count)
        ]
        for worker in workers:
            stack.enter_context(worker)
        yield Team(running, workers, cpu_seconds(workers[0].pid))


def drain(those: Team, backlog: Traffic, drained: int = 0) -> dict[str, Any]:
    """Let them drain a backlog after so many events, and say what it took."""
    those.signal(signal.SIGSTOP)
    asyncio.run(append(those.broker.bootstrap, backlog.entries()))
    before, broker_before = those.cpu_seconds(), cpu_seconds(those.broker.pid)
    begun_at = time.monotonic()
    those.signal(signal.SIGCONT)
    asyncio.run(_drained(those.broker.bootstrap, drained + len(backlog.messages)))
    taken = time.monotonic() - begun_at
    cpu, broker_cpu = (
        those.cpu_seconds() - before,
        cpu_seconds(those.broker.pid) - broker_before,
    )
    events = len(backlog.messages)
    return {
        "engine": ENGINE,
        "events": events,
        "workers": len(those.workers),
        "cpu_us_per_event": cpu / events * 1e6,
        "events_per_s": events / taken,
        "rss_peak_mb": those.peak_mb(),
        "broker_cpu_us_per_event": broker_cpu / events * 1e6,
        "cores_of_workers": cpu / taken,
        "cores_of_broker": broker_cpu / taken,
        "equal": not differences(without_heartbeats(_reading(those)), backlog.reading),
        "round": int(time.time()),
        "load": os.getloadavg()[0],
    }


def changelog_bytes_per_event(those: Team, events: int) -> float:
    """What the workers wrote to the changelog, keys and values."""
    written = asyncio.run(weigh(those.broker.bootstrap, f"{GROUP}-journeys-changelog"))
    return written.size / events


def recovery(those: Team) -> dict[str, Any]:
    """Kill the first worker, start it once the group has missed it, and say what that took.

    Most of the time until it is ready goes to joining the group, so the measure is processor time
    beyond that of a start without state: one thread reads the changelog and makes the state of it.
    """
    worker = those.workers[0]
    customers = customers_of(worker)
    worker.kill()
    time.sleep(SESSION_SECONDS + 2)
    begun_at = time.monotonic()
    worker.start()
    spent = cpu_seconds(worker.pid) - those.cpu_to_ready
    return {
        "customers": customers,
        "seconds_to_ready": time.monotonic() - begun_at,
        "recovery_s_per_million": max(0.0, spent) / customers * 1e6,
    }


def customers_of(worker: Worker) -> int:
    """How many customers a worker holds, by its page."""
    lines = worker.get("/metrics")[2].splitlines()
    held = [line for line in lines if line.startswith("cx_monitor_state_entries")]
    return round(sum(float(line.rpartition(" ")[2]) for line in held)) or 1


def rows(broker_name: str, events: int, teams: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield what teams of these sizes take for the same backlog, and how one recovers."""
    backlog = Traffic.of(events)
    for size in teams:
        with team(broker_name, size) as those:
            row = drain(those, backlog) | {"broker": broker_name}
            row["job"] = "full" if size == 1 else f"full, {size} workers"
            if size == 1:
                row["changelog_bytes_per_event"] = changelog_bytes_per_event(those, events)
                row |= recovery(those)
            yield row


def scaling(broker_name: str, events: int, teams: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield what teams of these sizes take, if each worker has the same share of a core."""
    if not can_be_limited():
        sys.stderr.write("scaling is left out: only root may give workers a share of a core\n")
        return
    backlog = Traffic.of(events)
    begun, alone = int(time.time()), 0.0
    for size in teams:
        with team(broker_name, size) as those, ExitStack() as limits:
            limits.enter_context(limited(those.broker.pid or 0, None))
            for worker in those.workers:
                limits.enter_context(limited(worker.pid or 0, SHARE_OF_A_CORE))
            row = drain(those, backlog) | {"broker": broker_name, "round": begun}
            per_worker = row["events_per_s"] / size
            alone = alone or per_worker
            yield row | {
                "job": f"scaling, {size} worker{'s' if size > 1 else ''}",
                "share_used": row["cores_of_workers"] / (size * SHARE_OF_A_CORE),
                "times_one_worker": row["events_per_s"] / alone,
            }


def _reading(those: Team) -> Reading:
    total: Reading = {}
    for worker in those.workers:
        for name, cells in worker.reading().items():
            sums = total.setdefault(name, {})
            for labels, value in cells.items():
                sums[labels] = sums.get(labels, 0) + value
    return total


async def _drained(bootstrap: str, events: int) -> None:
    sources = [TopicPartition(one.name, n) for one in INPUTS for n in range(PARTITIONS)]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        async with asyncio.timeout(SECONDS_MAX):
            while True:
                # The embedded broker does not answer who asks for all partitions.
                offsets = await admin.list_consumer_group_offsets(GROUP, partitions=sources)
                if sum(at.offset for at in offsets.values()) >= events:
                    return
                await asyncio.sleep(0.1)
    finally:
        await admin.close()


def _peak_mb(pid: int | None) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
