"""Writes what a log would have shown over its time, for Prometheus to take as history.

The file is OpenMetrics with a time on every line: the whole page once a step, by event time.
`promtool tsdb create-blocks-from openmetrics` makes blocks of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.catalogue import METRICS
from monitor.core.lengths import spell
from monitor.core.moments import SECOND, seconds
from monitor.shell.labels import Shown
from monitor.shell.page import PARTITION, WATERMARK, PartitionPage, head_of, sample
from monitor.shell.settings import LABEL_VALUES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from monitor.core.moments import Moment
    from monitor.core.policy import Policy
    from monitor.core.tracker import Tracker

INSTANCE = "replay"


class History:
    """The samples of one replay, written as its event time passes."""

    def __init__(self, file: TextIO, step: Moment, job: str) -> None:
        """``job`` is what Prometheus calls the live workers, so that the rules see both as one."""
        self._file = file
        self._step = step
        self._more = (("instance", INSTANCE), ("job", job))
        self._next: Moment | None = None
        self._page: PartitionPage | None = None

    def see(self, tracker: Tracker, at: Moment) -> Iterator[Moment]:
        """Give each moment to which time must pass before ``at``; it is written when it has."""
        if self._next is None:
            self._next = at - at % self._step + self._step
            shown = Shown({}, LABEL_VALUES_MAX)
            self._page = PartitionPage(0, tracker, tracker.policy, shown, self._more)
            for metric in METRICS.values():
                self._file.write(head_of(metric, openmetrics=True))
        while self._next <= at:
            yield self._next
            self._write(tracker)
            self._next += self._step

    def end(self) -> None:
        """Write the mark without which nobody believes that a file is whole."""
        self._file.write("# EOF\n")

    def _write(self, tracker: Tracker) -> None:
        assert self._page is not None
        assert self._next is not None
        for _ in self._page.foresee():
            pass
        end = f" {self._next // SECOND}\n"
        for metric in METRICS.values():
            for piece in self._page.lines(metric, {}):
                self._file.write(piece.replace("\n", end))
        for line, value in self._health(tracker.policy):
            self._file.write(f"{line}{value}{end}")

    def _health(self, policy: Policy) -> Iterator[tuple[str, float]]:
        """What the rules ask of the monitor itself."""
        yield sample("cx_monitor_partitions", self._more), 1
        yield sample(WATERMARK, ((PARTITION, "0"), *self._more)), seconds(self._next or 0)
        edges = policy.age_edges
        for horizon in policy.horizons:
            for index, age in enumerate(policy.ages):
                if edges[index + 1] <= horizon:
                    labels = (("age", age), ("horizon", spell(horizon)), *self._more)
                    yield (
                        sample("cx_age_bucket_seconds", labels),
                        seconds(edges[index + 1] - edges[index]),
                    )
