"""What a worker process measures of itself: the time, the processor time and the memory it took.

It begins with the first record in hand and ends with the last durable write. Processor time is
that of the whole process, user and system, with all of its threads.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.minimal.join import Counts


def arguments(*more: str) -> argparse.Namespace:
    """Read what every engine is told: where the broker is, how much there is to read."""
    words = argparse.ArgumentParser()
    words.add_argument("--bootstrap", required=True)
    words.add_argument("--total", type=int, required=True)
    words.add_argument("--state-dir", required=True)
    for name in more:
        words.add_argument(name, required=True)
    return words.parse_args()


def cpu_seconds() -> float:
    """Return the processor time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """Return the most memory that this program has held.

    The kernel's other answer, ``ru_maxrss``, begins with what the process held that started it.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


class Meter:
    """Counts what an engine has seen, and prints one JSON line at the end."""

    def __init__(self) -> None:
        self.seen = 0
        self.counts: Counts = {}
        self._begun_at = time.perf_counter()
        self._first_at: float | None = None
        self._first_cpu = 0.0

    def first(self) -> None:
        """Say that a record is in hand; only the first time counts."""
        if self._first_at is None:
            self._first_at = time.perf_counter()
            self._first_cpu = cpu_seconds()

    def done(self) -> None:
        """Say that everything is processed and, where the engine can, durable."""
        cpu, now = cpu_seconds() - self._first_cpu, time.perf_counter()
        first_at = self._first_at or now
        told = {
            "events": self.seen,
            "cpu_seconds": cpu,
            "seconds": now - first_at,
            "seconds_to_first": first_at - self._begun_at,
            "rss_peak_mb": peak_mb(),
            "counts": sorted([*key, count] for key, count in self.counts.items()),
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
