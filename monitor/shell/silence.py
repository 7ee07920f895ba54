"""Lets event time pass where there is no traffic that would carry it.

Much may fall due in one moment, as when a worker comes back after days. So time passes in steps,
between which heartbeats are sent, pages served and flushes written, and waits while a flush's worth
is not written. What is decided does not depend on the steps.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from faust.types import TP

from monitor.core.moments import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from monitor.core.moments import Moment
    from monitor.shell.partition import OwnedPartition
    from monitor.shell.table import SessionTable

STEP_SECONDS = 0.05
"""About how long one step takes."""

AT_ONCE = 500
"""So much is decided between two looks at the clock; it takes less than a step."""

UNWRITTEN_MAX = 5_000
"""With so many outputs and changed rows, time waits for the next flush."""


class Silence:
    """For how long each source was silent, and what time has passed by that."""

    def __init__(self, table: SessionTable, sources: tuple[str, ...], idle: float) -> None:
        """A source holds event time up until it was silent for ``idle`` seconds; with 0 always."""
        self._table = table
        self._sources = sources
        self._idle = idle
        self._since: dict[TP, float] = {}

    def broken(self, tp: TP) -> None:
        """Something came."""
        self._since[tp] = time.monotonic()

    def pass_time(self, owned: Mapping[int, OwnedPartition]) -> bool:
        """Take one step; says whether there is more to do.

        The partition whose time is furthest behind comes first.
        """
        ends = time.monotonic() + STEP_SECONDS
        for number in sorted(owned, key=lambda number: owned[number].tracker.watermark):
            for _ in self._steps(number, owned[number]):
                self._table.touch(number)
                if time.monotonic() >= ends or _unwritten(owned) >= UNWRITTEN_MAX:
                    return True
        return False

    def _steps(self, number: int, partition: OwnedPartition) -> Iterator[None]:
        while partition.is_behind:
            # Whoever took the record whose leap this is may have crashed in the middle of it.
            partition.catch_up()
            yield
        for topic in self._sources:
            until = self._nothing_unread_until(TP(topic, number))
            while until is not None and partition.pass_time(topic, until):
                yield

    def _nothing_unread_until(self, tp: TP) -> Moment | None:
        """The moment up to which a silent topic has told everything, by the last fetch's word.

        While no fetch is answered, because the broker is away or we were stopped, it stands still.
        """
        silent = time.monotonic() - self._since.setdefault(tp, time.monotonic())
        if self._idle <= 0 or silent < self._idle:
            return None
        told_at = self._table.caught_up_at(tp.topic, tp.partition)
        return None if told_at is None else int((told_at - self._idle) * SECOND)


def _unwritten(owned: Mapping[int, OwnedPartition]) -> int:
    return sum(partition.unwritten for partition in owned.values())
