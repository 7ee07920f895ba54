"""From produce to visible: how long a marked event takes to be counted on ``/metrics``.

The worker is kept at half of the throughput that it has just shown, by what the same team sends
after the backlog. The marks are heartbeats of a moment long past, which change nothing but their
own count. One mark is under way at a time, and the page is asked for again a fifth of a second
after it was answered, because making it is work for the worker too. When it is asked first is
drawn from that fifth, so that the pauses between questions do not show in what is told, which is
half a pause and one page too long on average. The page's own time is told beside it.
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

PROBES = 200
SHARE = 0.5
SLICE_SECONDS = 0.05
PAUSE_SECONDS = 0.2
SECONDS_MAX = 30
SENT_SECONDS = 120
_SEEN = re.compile(
    r'^cx_events_total\{[^}]*topic="cx\.conversations",type="cx\.heartbeat\.v1"[^}]*\} (\S+)$',
    re.MULTILINE,
)


def row(broker_name: str, events: int) -> dict[str, Any]:
    """Drain a backlog at full speed, then send what follows it at half of that speed."""
    backlog = Traffic.of(events)
    with team(broker_name, 1) as those:
        (worker,) = those.workers
        drained = drain(those, backlog)
        rate = drained["events_per_s"] * SHARE
        before = cpu_seconds(worker.pid)
        probe = _Probe(worker, those.broker.bootstrap, rate)
        # Made before, for making it takes as much of the machine as a worker does.
        asyncio.run(probe.run(list(itertools.islice(following(events), int(rate * SENT_SECONDS)))))
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
            "probes": len(milliseconds),
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

    async def run(self, messages: list[Message]) -> None:
        settings = {"bootstrap_servers": self._bootstrap, "linger_ms": 5}
        async with AIOKafkaProducer(**settings) as traffic, AIOKafkaProducer(**settings) as marks:
            sending = asyncio.create_task(self._send(traffic, iter(messages)))
            seen = await self._seen()
            draw = random.Random(PROBES)  # noqa: S311 - It hides nothing.
            for number in range(PROBES):
                mark = next(iter(heartbeats(1_000_000 + number, BEGINS)))
                begun_at = time.perf_counter()
                await marks.send(mark.topic, mark.value, partition=mark.partition)
                await asyncio.sleep(draw.uniform(0, PAUSE_SECONDS))
                async with asyncio.timeout(SECONDS_MAX):
                    await self._until_seen(seen + number + 1)
                self.seconds.append(time.perf_counter() - begun_at)
            sending.cancel()

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

    async def _until_seen(self, count: float) -> None:
        while True:
            if await self._seen() >= count:
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _seen(self) -> float:
        asked_at = time.perf_counter()
        page = await asyncio.to_thread(self._worker.get, "/metrics")
        self.page_seconds.append(time.perf_counter() - asked_at)
        return sum(map(float, _SEEN.findall(page[2])))
