"""Hold the monitor to the oracle: the same deliveries, metric by metric and cell by cell."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from monitor.core.catalogue import METRICS
from monitor.core.reading import reading_of
from monitor.core.tracker import Tracker
from monitor.shell.store import MemoryStore
from schemas.decode import read
from tests.sim.delivery import delivered
from tests.sim.journeys import story
from tests.sim.oracle import count
from tests.sim.policies import monitors_policy, policy_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.sim.delivery import Delivery

    Counted = dict[str, dict[tuple[str, ...], float]]

NOT_YET: frozenset[str] = frozenset()
"""Metrics that are not compared yet."""

CLOSE = 1e-6
"""Sums of seconds are read as binary fractions."""


class Difference(NamedTuple):
    """A cell of which the two think differently."""

    metric: str
    labels: tuple[str, ...]
    want: float
    got: float

    def alike(self, other: Difference) -> bool:
        """Is it the same cell, and does the monitor err to the same side?"""
        same = (self.metric, self.labels) == (other.metric, other.labels)
        return same and (self.want > self.got) == (other.want > other.got)

    def __str__(self) -> str:
        metric = METRICS.get(self.metric) or METRICS[self.metric.rpartition("_")[0]]
        named = zip((*metric.labels, "le"), self.labels, strict=False)
        cell = ", ".join(f"{label}={value}" for label, value in named)
        return f"{self.metric}{{{cell}}}: want {self.want:g}, got {self.got:g}"


def of_seed(seed: int) -> list[Delivery]:
    """What a seed delivers."""
    return delivered(story(seed), seed)


def monitored(deliveries: Sequence[Delivery], seed: int, hot_max: int = sys.maxsize) -> Counted:
    """What the monitor has counted when the log ends."""
    tracker = Tracker(monitors_policy(seed), rows=MemoryStore(), hot_max=hot_max)
    for one in deliveries:
        tracker.receive(one.topic, read(one.topic, one.record), one.received_at)
    tracker.finish()
    return dict(reading_of(tracker.totals, tracker.watermark))


def expected(deliveries: Sequence[Delivery], seed: int) -> Counted:
    """What the oracle counts."""
    told = [(one.topic, one.record, one.received_at) for one in deliveries]
    return count(told, policy_of(seed))


def differences(deliveries: Sequence[Delivery], seed: int) -> list[Difference]:
    """Where monitor and oracle differ."""
    got, want = monitored(deliveries, seed), expected(deliveries, seed)
    found = []
    for metric in sorted({*got, *want} - NOT_YET):
        ours, theirs = want.get(metric, {}), got.get(metric, {})
        for cell in sorted({*ours, *theirs}):
            one = Difference(metric, cell, ours.get(cell, 0), theirs.get(cell, 0))
            if abs(one.want - one.got) > CLOSE:
                found.append(one)
    return found


def smallest(deliveries: list[Delivery], difference: Difference, seed: int) -> list[Delivery]:
    """Leave out what the difference does not need, first by halves, then one by one."""

    def differs(some: list[Delivery]) -> bool:
        return any(one.alike(difference) for one in differences(some, seed))

    size = len(deliveries) // 2
    while size:
        start = 0
        while start < len(deliveries):
            fewer = deliveries[:start] + deliveries[start + size :]
            if differs(fewer):
                deliveries = fewer
            else:
                start += size
        size //= 2
    return deliveries


def told(seed: int) -> str:
    """How monitor and oracle differ for a seed, with the smallest story for the first cell."""
    deliveries = of_seed(seed)
    found = differences(deliveries, seed)
    if not found:
        return ""
    story_ = smallest(deliveries, found[0], seed)
    return "\n".join(
        [
            f"Seed {seed}: {len(found)} cells differ.",
            *(f"  {one}" for one in found[:10]),
            f"The smallest story for {found[0]}:",
            *(f"  {one}" for one in story_),
        ]
    )
