"""A tracker with its three topics, driven by hand: events in, outputs out, time as told."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

from monitor.core.catalogue import METRICS
from monitor.core.moments import seconds
from monitor.core.policy import Policy
from monitor.core.reading import names_of, reading_of
from monitor.core.rows import PREFIX
from monitor.core.snapshot import records, restore
from monitor.core.tracker import Tracker, owns_all
from monitor.shell.changelog import Known
from monitor.shell.store import MemoryStore
from schemas.decode import TOPICS
from tests.build import moment, topic_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.core.moments import Moment
    from monitor.core.outputs import Output
    from monitor.core.reading import Reading
    from monitor.shell.store import Store
    from schemas.envelope import Envelope

Kind = TypeVar("Kind")
_LABELS = {name: labels for metric in METRICS.values() for name, labels in names_of(metric).items()}


class Driver:
    """One partition and everything that it has put out."""

    def __init__(
        self,
        policy: Policy | None = None,
        owns: Callable[[str], bool] = owns_all,
        sender: str = "",
        hot_max: int = sys.maxsize,
        store: Store | None = None,
    ) -> None:
        """Start with no customer; only so many are in use between two steps."""
        self.policy = policy or Policy()
        self.owns = owns
        self.hot_max = hot_max
        self._kept = MemoryStore() if store is None else store
        self.tracker = Tracker(self.policy, owns, sender, self._kept, hot_max)
        self.outputs: list[Output] = []

    def tell(self, *events: Envelope, between: Callable[[], object] = lambda: None) -> Driver:
        """Let events arrive, each on its topic, in this order; a leap takes several steps."""
        for event in events:
            self.outputs += self.tracker.receive(topic_of(event), event)
            while self.tracker.is_behind:
                between()
                self.outputs += self.tracker.catch_up()
        return self

    def until(self, at: str) -> Driver:
        """Let time pass in silence, until everything that is dated ``at`` has been applied."""
        for topic in TOPICS:
            self.pass_time(topic, moment(at) + self.policy.lateness + 1)
        return self

    def pass_time(
        self, topic: str, until: Moment, between: Callable[[], object] = lambda: None
    ) -> None:
        """Let time pass on a silent topic, in as many steps as it takes."""
        while self.tracker.newest.get(topic, 0) < until:
            self.outputs += self.tracker.pass_time(topic, until)
            between()

    def restart(self) -> Driver:
        """Write everything down, forget it, and go on from what was written."""
        self.save()
        at_once = self.tracker.at_once
        self.tracker = restore(self.policy, self._kept, self.owns, hot_max=self.hot_max)
        self.tracker.at_once = at_once
        return self

    def save(self) -> dict[bytes, bytes | None]:
        """Write down what has changed, as the table does between two batches."""
        changed = records(self.tracker)
        self._kept.put(changed)
        self._kept.apply(changed, Known(first=0, last=0, position=b"", at=0))
        return changed

    def kept(self) -> dict[bytes, bytes]:
        """Everything that was written down."""
        return {key: value for prefix in (b"", PREFIX) for key, value in self._kept.items(prefix)}

    def said(self, kind: type[Kind]) -> list[Kind]:
        """Every output of a kind so far."""
        return [output for output in self.outputs if isinstance(output, kind)]

    def reading(self) -> Reading:
        """The totals as a scrape would see them now."""
        return reading_of(self.tracker.totals, self.tracker.watermark)

    def count(self, name: str, **labels: str) -> float:
        """The sum of a metric's cells that have these labels."""
        names = _LABELS[name]
        wanted = [(names.index(label), value) for label, value in labels.items()]
        return sum(
            value
            for cell, value in self.reading().get(name, {}).items()
            if all(cell[position] == word for position, word in wanted)
        )

    def counts(self, name: str, *labels: str) -> dict[str, float]:
        """A metric by one or more of its labels, joined with ``/``; cells of zero left out."""
        names = _LABELS[name]
        sums: dict[str, float] = {}
        for cell, value in self.reading().get(name, {}).items():
            key = "/".join(cell[names.index(label)] for label in labels)
            sums[key] = sums.get(key, 0) + value
        return {key: value for key, value in sorted(sums.items()) if value}

    def hours_exposed(self, bound: str = "explicit") -> dict[str, float]:
        """How many hours claims were on trial, by age."""
        exposed = {cell[1]: 0.0 for cell in self.tracker.totals.risk if cell[0] == bound}
        for cell, exposure, _ in self.tracker.totals.exposure(self.tracker.watermark):
            if cell[0] == bound:
                exposed[cell[1]] += seconds(exposure) / 3600
        return {age: round(hours, 6) for age, hours in exposed.items()}
