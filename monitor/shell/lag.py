"""How late records are read: what the worker says of its own distance from the topics' ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Lag:
    """Remembers when each source last held nothing unread, and when its last record was written.

    A source that is not read to its end lags at most as long as it was last seen read, and at
    most as the record that was read last is old; the lesser is told. So a producer that dates
    records wrongly cannot make a reader look late that is not, and a stream that never pauses
    cannot either.
    """

    def __init__(
        self,
        caught_up_at: Callable[[str, int], float | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``caught_up_at`` says when a topic's partition was read to its end, if it is now."""
        self._caught_up_at = caught_up_at
        self._clock = clock
        self._last: dict[tuple[str, int], float] = {}
        self._written: dict[tuple[str, int], float] = {}

    def read(self, topic: str, partition: int, written_at: float) -> None:
        """The record that was read last was written at this moment, in seconds since 1970."""
        self._written[topic, partition] = written_at

    def seconds(
        self, topics: Iterable[str], partitions: Iterable[int]
    ) -> Mapping[tuple[str, int], float]:
        """The lag of each source that is owned. What is owned no more is forgotten."""
        now = self._clock()
        sources = {(topic, number) for number in partitions for topic in topics}
        self._written = {one: at for one, at in self._written.items() if one in sources}
        self._last = {one: self._last.get(one, now) for one in sources}
        return {one: self._of(one, now) for one in sorted(sources)}

    def _of(self, source: tuple[str, int], now: float) -> float:
        caught_up = self._caught_up_at(*source)
        if caught_up is not None:
            self._last[source] = max(caught_up, self._last[source])
            return 0.0
        since = max(self._last[source], self._written.get(source, 0.0))
        return max(0.0, now - since)
