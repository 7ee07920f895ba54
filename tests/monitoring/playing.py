"""A live worker that plays recorded journeys, scraped by a real Prometheus with our rules."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tests.integration.traffic import sample, send
from tests.integration.worker import Worker
from tests.monitoring.stack import Stack, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAYS = 40
PORTIONS = 12
# One worker has all partitions here, and answers slowly where other tests run beside it.
EVERY = "5s"


@contextmanager
def playing(bootstrap: str, directory: Path) -> Iterator[Stack]:
    """Play the journeys in portions, each when the one before was scraped, and then hold still."""
    with ExitStack() as running:
        worker = running.enter_context(Worker(bootstrap, directory.name, directory / "worker"))
        stack = running.enter_context(Stack(directory / "stack", [worker.port], every=EVERY))
        wait_until(lambda: stack.query("cx_monitor_series"))
        messages = sample(DAYS, seed=1)
        size = len(messages) // PORTIONS + 1
        for start in range(0, len(messages), size):
            asyncio.run(send(bootstrap, messages[start : start + size]))
            since = time.time()
            wait_until(lambda since=since: _evaluated(stack) > since)
        wait_until(lambda: stack.query("cx:journey_contacts:p90_7d"), within_seconds=90)
        yield stack


def _evaluated(stack: Stack) -> float:
    """When the counts were last recorded."""
    answer = stack.query("timestamp(cx:conversations:known)")
    return max((float(one["value"][1]) for one in answer), default=0)
