"""Where the CPU time of an event goes: from the bytes of a record to the bytes of what comes of it.

Folds seeded traffic through everything that a worker does with an event apart from Kafka, and
prints the microseconds of each stage per event. Stages take turns over the records of one flush.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import resource
import sys
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from bench.traffic import records
from monitor.core.outputs import Published
from monitor.core.policy import Policy
from monitor.core.snapshot import records as rows
from monitor.core.tracker import Tracker
from monitor.shell.garbage import collect_seldom
from monitor.shell.publish import hide, records_of
from schemas.decode import decode

if TYPE_CHECKING:
    from bench.traffic import Record
    from monitor.core.outputs import Output

HASH_KEY = b"a key of thirty-two bytes or more"


class Stages:
    """One partition, and the CPU seconds that each stage of its work took."""

    def __init__(self) -> None:
        """Start with an empty state."""
        self.tracker = Tracker(Policy())
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.did: Counter[str] = Counter()

    def take(self, batch: list[Record]) -> None:
        """Do everything that comes of the records of one flush."""
        began = time.process_time()
        events = [
            (topic, decode(topic, headers, value), at * 1000)
            for topic, _, headers, value, at in batch
        ]
        began = self._stage("decode", began)
        receive = self.tracker.receive
        outputs: list[Output] = []
        for topic, event, at in events:
            outputs += receive(topic, event, at)
        began = self._stage("fold", began)
        published = [hide(HASH_KEY, one) for one in outputs if isinstance(one, Published)]
        sent = [value for one in published for _, value in records_of(one)]
        began = self._stage("outputs", began)
        changed = rows(self.tracker)
        self._stage("rows", began)
        sizes = sum(len(key) + len(value or b"") for key, value in changed.items())
        self.did.update(
            events=len(batch), outcomes=len(sent), rows=len(changed), changelog_bytes=sizes
        )

    def _stage(self, name: str, began: float) -> float:
        ended = time.process_time()
        self.spent[name] += ended - began
        return ended


def main() -> None:
    """Fold, and print."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--events", type=int, default=200_000)
    words.add_argument("--customers", type=int, default=50_000)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--flush-every", type=int, default=10_000, help="events between two flushes")
    chosen = words.parse_args()
    collect_seldom()
    stages = Stages()
    sent = itertools.islice(records(chosen.customers, chosen.seed), chosen.events)
    while batch := list(itertools.islice(sent, chosen.flush_every)):
        stages.take(batch)
    events = stages.did["events"]
    for name, spent in stages.spent.items():
        sys.stdout.write(f"{name:>8} {spent / events * 1e6:7.2f} us per event\n")
    sys.stdout.write(f"{'all':>8} {sum(stages.spent.values()) / events * 1e6:7.2f}\n")
    for name, number in stages.did.items():
        sys.stdout.write(f"{name} {number / events:.3f} per event\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    collected = [one["collections"] for one in gc.get_stats()]
    sys.stdout.write(
        f"{len(stages.tracker.customers)} customers kept; peak {peak} MiB; gc {collected}\n"
    )


if __name__ == "__main__":
    main()
