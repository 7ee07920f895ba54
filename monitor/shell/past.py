"""Journeys in which something was found lately, as they stood then, for when they are over.

The state forgets a journey that is over. Whoever follows up a finding may come later, so of each
partition its owner keeps the rows of some customers as the changelog got them after a finding. It
costs a flush next to nothing, for nothing is decoded before somebody asks.

Rule: this is memory only, bounded in number and bytes. A worker that is started anew, or takes a
partition over, has none of it; then what was found tells a journey that is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitor.core.moments import datetime_of
from monitor.core.rows import decode_row, key_of
from monitor.core.standing import standing
from schemas.published import Finding, JourneyOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from monitor.core.moments import Moment
    from monitor.core.outputs import Published
    from monitor.core.policy import Policy
    from monitor.core.tracker import Tracker

JOURNEYS_MAX = 1000
BYTES_MAX = 8 * 1024 * 1024


@dataclass(slots=True)
class _Kept:
    row: bytes
    at: Moment
    conversations: frozenset[str]
    outcome: JourneyOutcome | None


class Past:
    """Of one partition, what is kept for when it is over."""

    def __init__(self, journeys_max: int = JOURNEYS_MAX, bytes_max: int = BYTES_MAX) -> None:
        """Keep so much, the newest."""
        self._journeys_max = journeys_max
        self._bytes_max = bytes_max
        self._bytes = 0
        # By the journeys' names, which name the customer; that found in last comes last.
        self._kept: dict[str, _Kept] = {}
        # An ordered set.
        self._found: dict[str, None] = {}

    def note(self, output: Published) -> None:
        """Something was put out."""
        if isinstance(output, Finding):
            self._found[output.journey] = None
        elif isinstance(output, JourneyOutcome):
            kept = self._kept.get(output.journey)
            # Who was forgotten begins anew, with journeys of the same names.
            if kept is not None and not kept.conversations.isdisjoint(output.conversations):
                kept.outcome = output

    def keep(self, changes: Mapping[bytes, bytes | None], tracker: Tracker) -> None:
        """Keep of a flush's changes the rows in which something was found since the last one."""
        for name in self._found:
            key, number = _parts(name)
            row = changes.get(key_of(key))
            if row is not None:
                customer = tracker.customers.hot.get(key) or decode_row(row)[0]
                journey = customer.journeys.get(number)
                # It may be over already, and its customer has another one.
                if journey is not None:
                    self._put(name, row, tracker.watermark, frozenset(journey.conversations))
        self._found.clear()

    def of(self, case: str, hide: Callable[[str], str], policy: Policy) -> Iterator[dict[str, Any]]:
        """How the journeys of a case stood that are kept here.

        Args:
            case: a conversation, or a journey as it is published.
            hide: the keyed hash under which records are published.
            policy: which names the ages.
        """
        for name, kept in tuple(self._kept.items()):
            if case in kept.conversations or case == hide(name):
                customer, _ = decode_row(kept.row)
                told = standing(customer, _parts(name)[1], kept.at, policy, hide)
                # What silence would have decided then is decided.
                yield told | {"pending": []} | _over(kept)

    def _put(self, name: str, row: bytes, at: Moment, conversations: frozenset[str]) -> None:
        before = self._drop(name)
        same = before is not None and not conversations.isdisjoint(before.conversations)
        outcome = before.outcome if before is not None and same else None
        self._kept[name] = _Kept(row, at, conversations, outcome)
        self._bytes += len(row)
        while len(self._kept) > self._journeys_max or self._bytes > self._bytes_max:
            self._drop(next(iter(self._kept)))

    def _drop(self, name: str) -> _Kept | None:
        gone = self._kept.pop(name, None)
        if gone is not None:
            self._bytes -= len(gone.row)
        return gone


def _parts(name: str) -> tuple[str, int]:
    key, _, number = name.rpartition("\x1f")
    return key, int(number)


def _over(kept: _Kept) -> dict[str, str]:
    told = {"as_of": datetime_of(kept.at).isoformat()}
    if kept.outcome is not None:
        told["ended_at"] = kept.outcome.decided_at.isoformat()
        told["verdict"] = kept.outcome.verdict
    return told
