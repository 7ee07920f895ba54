"""Which of the batches that were fetched are delivered, and what is to be fetched again.

It does no I/O and knows neither Faust nor a broker: the consumer asks it, and so does the
simulation.
Rule: of each partition, batches are delivered without a gap and without a repeat. What was fetched
and not delivered is read again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from faust.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from faust.types import TP

    from monitor.shell.consumer_thread import RecordBatch

log = logging.getLogger(__name__)


class Deliveries:
    """What was delivered of each partition, since partitions were last assigned."""

    def __init__(self) -> None:
        """Nothing was delivered."""
        # The next offset to deliver, by partition.
        self._next: dict[TP, int] = {}
        # Partitions of which something was fetched and not delivered.
        self._dropped: set[TP] = set()
        # Where we already sought because of a hole: seen a second time, it is in the log itself.
        self._sought: dict[TP, int] = {}

    def forget(self) -> None:
        """Partitions are assigned anew."""
        self._next.clear()
        self._dropped.clear()
        self._sought.clear()

    def expect(self, offsets: Mapping[TP, int]) -> None:
        """Somebody seeks, and expects to go on from there."""
        self._next.update(offsets)

    def read_again(self, tp: TP, offset: int) -> None:
        """Deliver a partition from this offset on, whatever was delivered before."""
        self._next[tp] = offset
        self._dropped.add(tp)

    def to_read_again(self) -> dict[TP, int]:
        """Where to seek, because something was dropped; asked once for each time."""
        offsets = {tp: self._next[tp] for tp in self._dropped if tp in self._next}
        self._dropped.clear()
        return offsets

    def admit(self, batch: RecordBatch, *, wanted: bool) -> bool:
        """Whether a batch is to be delivered; what of it was delivered before is left out.

        Raises:
            ImproperlyConfigured: the log ends before what was already read of it.
        """
        tp = batch.tp
        expected = self._next.get(tp, batch.after)
        if batch.highwater < expected:
            raise ImproperlyConfigured(
                f"{tp} ends at {batch.highwater}, but {expected} was already read: it is another "
                "log by the same name; give the worker another group, or bring the old log back"
            )
        if not wanted or self._is_behind_a_hole(batch, expected):
            self._dropped.add(tp)
            return False
        if batch.offset < expected:
            return False
        batch.begin_at(expected)
        return True

    def delivered(self, batch: RecordBatch, *, surely: bool) -> None:
        """A batch was delivered, or perhaps not: then what comes next decides where to read on."""
        if surely:
            self._next[batch.tp] = batch.offset + 1
        else:
            self._dropped.add(batch.tp)

    def _is_behind_a_hole(self, batch: RecordBatch, expected: int) -> bool:
        if batch.after > expected:
            return True
        empty = not batch.records
        if not empty and batch.first_offset > expected and self._sought.get(batch.tp) != expected:
            # Compaction, retention and transactions leave holes; a fault may do so too.
            log.warning(
                "%s: expected offset %s, got %s; reading again once",
                *(batch.tp, expected, batch.first_offset),
            )
            self._sought[batch.tp] = expected
            return True
        return False
