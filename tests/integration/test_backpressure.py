"""A broker that does not answer makes a worker wait, not grow."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.integration.lab import stop

if TYPE_CHECKING:
    import subprocess

    from tests.integration.apache_kafka import ApacheKafka
    from tests.integration.lab import Lab

MEGABYTE = 1024 * 1024


def memory(worker: subprocess.Popen[bytes]) -> int:
    """The bytes of memory that a worker has."""
    pages = int(Path(f"/proc/{worker.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_a_broker_that_sleeps_under_load_costs_no_memory_and_no_record(
    kafka_lab: Lab, apache_kafka: ApacheKafka
) -> None:
    """200 MB pass through a worker that may hold 1 MB, while the broker sleeps three times."""
    lab = kafka_lab

    async def scenario() -> tuple[int, int]:
        worker = lab.start("--backlog", str(MEGABYTE))
        sending = asyncio.create_task(lab.send(4_000, seed=11, per_second=600, size=50_000))
        await lab.until_more_is_folded_than(100)
        before = memory(worker)
        seen = [before]
        for _ in range(3):
            seen += await asleep(apache_kafka, worker)
        await sending
        await lab.until_all_is_folded()
        seen.append(memory(worker))
        assert stop(worker) == 0
        return before, max(seen)

    before, most = asyncio.run(scenario())
    assert asyncio.run(lab.durable()).totals == lab.sent
    assert most - before < 60 * MEGABYTE


async def asleep(broker: ApacheKafka, worker: subprocess.Popen[bytes]) -> list[int]:
    """Stop a broker for two seconds; the memory of a worker meanwhile."""
    pid = broker.pid
    assert pid is not None
    wakes_at = time.monotonic() + 2
    seen = []
    os.kill(pid, signal.SIGSTOP)
    try:
        while time.monotonic() < wakes_at:
            seen.append(memory(worker))
            await asyncio.sleep(0.1)
    finally:
        os.kill(pid, signal.SIGCONT)
    return seen
