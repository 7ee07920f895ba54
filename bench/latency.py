"""From produce to visible: how long a marked event takes to be counted on ``/metrics``.

First the worker drains more than a month, so that claims come to the end of every horizon as fast
as others are made; what comes later costs more than what came first. Then it is kept at half of the
throughput that it shows with such traffic, by what the same team sends next. The marks
are heartbeats of a moment long past, which change nothing but their own count; one is sent every
twentieth of a second. Now and then, and not more often than a worker can bear beside its work, the
page is looked at. How old the newest mark is that it shows, when it has been answered, is how long
that mark took at most.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import statistics
import time
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer

from bench.brokers import cpu_seconds
from bench.full import ENGINE, Traffic, drain, following, team
from bench.traffic import BEGINS
from tests.integration.traffic import heartbeats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.traffic import Message
    from tests.integration.worker import Worker

LOOKS = 200
# In these traces a customer is good for 24 events in 45 days, so the first two thirds are a month.
EVENTS_OF_A_CUSTOMER = 24
WARMING = 2
SHARE = 0.5
SLICE_SECONDS = 0.05
# Between two looks it is drawn from these, so that no rhythm of the worker's shows in what is told.
PAUSE_SECONDS = (0.2, 0.8)
SENT_SECONDS = 180
_SEEN = re.compile(
    r'^cx_events_total\{[^}]*topic="cx\.conversations",type="cx\.heartbeat\.v1"[^}]*\} (\S+)$',
    re.MULTILINE,
)


def row(broker_name: str, events: int) -> dict[str, Any]:
    """Drain a month, then the events at full speed, then send what follows at half of that."""
    total = WARMING * events + events
    backlog = Traffic.of(total, EVENTS_OF_A_CUSTOMER)
    warming, timed = backlog.split(events)
    with team(broker_name, 1) as those:
        (worker,) = those.workers
        drain(those, warming)
        drained = drain(those, timed, len(warming.messages))
        rate = drained["events_per_s"] * SHARE
        before = cpu_seconds(worker.pid)
        probe = _Probe(worker, those.broker.bootstrap, rate)
        # Made before, for making it takes as much of the machine as a worker does.
        later = itertools.islice(following(total, EVENTS_OF_A_CUSTOMER), int(rate * SENT_SECONDS))
        asyncio.run(probe.run(list(later)))
        milliseconds = sorted(1000 * seconds for seconds in probe.seconds)
        return {
            "engine": ENGINE,
            "job": "latency",
            "broker": broker_name,
            "events": probe.sent,
            "cpu_us_per_event": (cpu_seconds(worker.pid) - before) / probe.sent * 1e6,
            "events_per_s": rate,
            "rss_peak_mb": those.peak_mb(),
            "equal": drained["equal"],
            "broker_cpu_us_per_event": drained["broker_cpu_us_per_event"],
            "round": drained["round"],
            "looks": len(milliseconds),
            "p50_ms": statistics.median(milliseconds),
            "p99_ms": milliseconds[int(len(milliseconds) * 0.99)],
            "page_ms": 1000 * statistics.median(probe.page_seconds),
        }


class _Probe:
    """Sends traffic and marks at the same time, and watches the page."""

    def __init__(self, worker: Worker, bootstrap: str, rate: float) -> None:
        self._worker = worker
        self._bootstrap = bootstrap
        self._rate = rate
        self.sent = 0
        self.seconds: list[float] = []
        self.page_seconds: list[float] = []
        self._marked_at: list[float] = []

    async def run(self, messages: list[Message]) -> None:
        settings = {"bootstrap_servers": self._bootstrap, "linger_ms": 5}
        async with AIOKafkaProducer(**settings) as traffic, AIOKafkaProducer(**settings) as marks:
            before = await self._seen()
            tasks = [
                asyncio.create_task(self._send(traffic, iter(messages))),
                asyncio.create_task(self._mark(marks)),
            ]
            draw = random.Random(LOOKS)  # noqa: S311 - It hides nothing.
            while len(self.seconds) < LOOKS:
                await asyncio.sleep(draw.uniform(*PAUSE_SECONDS))
                seen = int(await self._seen() - before)
                if seen:
                    self.seconds.append(time.perf_counter() - self._marked_at[seen - 1])
            for task in tasks:
                task.cancel()

    async def _mark(self, producer: AIOKafkaProducer) -> None:
        for number in itertools.count(1_000_000):
            mark = next(iter(heartbeats(number, BEGINS)))
            self._marked_at.append(time.perf_counter())
            await producer.send(mark.topic, mark.value, partition=mark.partition)
            await asyncio.sleep(SLICE_SECONDS)

    async def _send(self, producer: AIOKafkaProducer, messages: Iterator[Message]) -> None:
        begun_at = time.perf_counter()
        while True:
            due = (time.perf_counter() - begun_at) * self._rate
            for one in itertools.islice(messages, int(due) - self.sent):
                await producer.send(
                    *(one.topic, one.value, one.key, one.partition), headers=list(one.headers)
                )
                self.sent += 1
            await asyncio.sleep(SLICE_SECONDS)

    async def _seen(self) -> float:
        asked_at = time.perf_counter()
        page = await asyncio.to_thread(self._worker.get, "/metrics")
        self.page_seconds.append(time.perf_counter() - asked_at)
        return sum(map(float, _SEEN.findall(page[2])))
