"""How long a scrape of 10,000 series holds up the event loop of a worker.

    python bench/exposition.py

Prints, for both formats, the time that the whole page takes and the longest that another task of
the same loop waited meanwhile. Both are the median of repeated scrapes, of lines made before; and
both are processor time, so that nobody else on the machine is measured.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from itertools import product

from monitor.core.policy import Policy
from monitor.core.tracker import Tracker
from monitor.core.trials import BOUNDS
from monitor.shell.metrics import Exposition
from monitor.shell.partition import OwnedPartition
from monitor.shell.web import _AT_ONCE_SECONDS

SCRAPES = 15
POLICY = Policy()


def partition() -> OwnedPartition:
    """Six versions with claims of every age in twenty groups."""
    tracker = Tracker(POLICY)
    for version, group in product(range(6), range(20)):
        labels = (f"v{version}", f"group-{group}")
        tracker.totals.add("cx_conversations_total", "chat", labels[1], "inbound", labels[0])
        for bound, age in product(BOUNDS, POLICY.ages):
            tracker.totals.enter((bound, age, *labels), 0)
    tracker.advance_to(10**15)
    return OwnedPartition(tracker)


async def scrape(exposition: Exposition, accept: str) -> tuple[float, float, int]:
    """Seconds for the page, the longest piece of it, and its lines, as the pages' task does it."""
    begin = before = time.thread_time()
    longest, lines = 0.0, 0
    body = bytearray()
    for text in exposition.pieces(accept):
        body += text.encode()
        lines += text.count("\n")
        now = time.thread_time()
        longest = max(longest, now - before)
        if now - before > _AT_ONCE_SECONDS:
            await asyncio.sleep(0)
            before = time.thread_time()
    return time.thread_time() - begin, longest, lines


async def main() -> None:
    """Measure both formats."""
    owned = {0: partition()}
    exposition = Exposition(POLICY, lambda: owned)
    for accept in ("text/plain", "application/openmetrics-text"):
        first = await scrape(exposition, accept)
        runs = [await scrape(exposition, accept) for _ in range(SCRAPES)]
        whole, longest = (statistics.median(run[index] for run in runs) * 1000 for index in (0, 1))
        print(  # noqa: T201  # its result
            f"{accept}: {first[2]} lines; page {whole:.1f} ms, longest stall {longest:.2f} ms "
            f"(first scrape {first[0] * 1000:.1f} ms, stall {first[1] * 1000:.2f} ms)"
        )


if __name__ == "__main__":
    asyncio.run(main())
