"""What a partition sees of its sources: when each producer was heard, and how much there was.

By this the monitor knows when it is blind (SF-20), and whether a silent ledger says anything.
Counts are kept by hour for a week, and for the last hour by the windows in which it is looked at.

Heartbeats wait for their moment like events do. Each is a record of its own, and so is each hour,
so that a flush writes what has changed and not all there is.

Rule: a partition's own row is one of no customer, with the reserved key ``""``. It bears the
findings on the partition and the deadline of the next look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from monitor.core.moments import DAY, HOUR, Moment
from monitor.core.state import Customer
from schemas.decode import TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterable

NOBODY = ""
"""The key of the partition's own row. No customer's is empty."""

MEMORY = 7 * DAY
"""How long a producer is missed, and how far back an hour is compared with those before."""

STARTED, IDENTIFIED, INVOLVED, HANDED_OVER = "started", "identified", "involved", "handed_over"
SERIES = (*TOPICS, STARTED, IDENTIFIED, INVOLVED, HANDED_OVER)
SERIES_OF = {
    "cx_conversations_total": STARTED,
    "cx_identified_conversations_total": IDENTIFIED,
    "cx_ai_involved_total": INVOLVED,
    "cx_handoffs_total": HANDED_OVER,
}
"""The series that each of these metrics counts, to show how well the sources tell."""

_PLACE = {series: place for place, series in enumerate(SERIES)}

PREFIX = b"sight:"
_NOW, _HOUR, _BEAT = PREFIX + b"now", PREFIX + b"hour:", PREFIX + b"beat:"

Counts = list[int]


class Beat(msgspec.Struct, array_like=True):
    """A producer's word: it was alive at a moment, and had sent everything up to another."""

    topic: str
    producer: str
    at: Moment
    vouched: Moment


class _Now(msgspec.Struct, array_like=True):
    row: Customer
    beats: dict[str, Beat]
    windows: dict[Moment, Counts]
    late_until: Moment


_encode = msgspec.msgpack.Encoder().encode
_now = msgspec.msgpack.Decoder(_Now)
_counts = msgspec.msgpack.Decoder(Counts)
_beat = msgspec.msgpack.Decoder(Beat)


class Sight:
    """What one partition has seen of late."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.row = Customer(NOBODY)
        self.waiting: dict[int, Beat] = {}
        self.beats: dict[str, Beat] = {}
        self.hours: dict[int, Counts] = {}
        self.windows: dict[Moment, Counts] = {}
        self.late_until: Moment = 0
        self.changed = False
        """Whether something new was seen, after which it may be time to look around sooner."""
        self._touched: set[bytes] = set()
        self._hours_touched: set[int] = set()

    def expect(self, key: int, beat: Beat) -> bool:
        """Let a heartbeat wait for its moment. Returns whether it does not wait already."""
        if key in self.waiting:
            return False
        self.waiting[key] = beat
        self._touched.add(_key(_BEAT, key))
        return True

    def hear(self, key: int, window: Moment, most: int) -> bool:
        """The moment of a heartbeat has come.

        Returns whether a producer had to be forgotten, for no more than ``most`` are known.
        """
        beat = self.waiting.pop(key)
        self._touched |= {_key(_BEAT, key), _NOW}
        name = f"{beat.topic}/{beat.producer}"
        known = self.beats.get(name)
        if known is None:
            self.beats[name] = beat
            self.changed = True
            return self._make_room(most)
        # Who was away for so long may be missed, and is seen again at the next look.
        self.changed |= beat.at - known.at > window
        known.at = max(known.at, beat.at)
        known.vouched = max(known.vouched, beat.vouched)
        return False

    def note(self, series: str, at: Moment, window: Moment) -> None:
        """Something happened, and was told."""
        hour, begin, place = at // HOUR, at // window * window, _PLACE[series]
        try:
            self.hours[hour][place] += 1
        except KeyError:
            self.forget_before(at, window)
            self.hours[hour] = _one_at(place)
            self.changed = True
        try:
            self.windows[begin][place] += 1
        except KeyError:
            self.windows[begin] = _one_at(place)
        self._touched.add(_NOW)
        self._hours_touched.add(hour)

    def in_hours(self, hours: Iterable[int], series: str) -> list[int]:
        """How much there was in each of these hours in which anything was seen."""
        place = _PLACE[series]
        return [self.hours[hour][place] for hour in hours if hour in self.hours]

    def since(self, begin: Moment, series: str) -> int:
        """How much there was in the windows that begin at a moment or later."""
        place = _PLACE[series]
        return sum(counts[place] for start, counts in self.windows.items() if start >= begin)

    def vouched(self, producers: Iterable[str]) -> Moment | None:
        """Up to when these have sent everything; None if none of them was heard of late."""
        named = frozenset(producers)
        heard = [beat.vouched for beat in self.beats.values() if beat.producer in named]
        return max(heard, default=None)

    def ledger_is_late(self, until: Moment) -> None:
        """A verdict waits for the ledger, at least until a moment."""
        self.late_until = max(self.late_until, until)
        self.changed = True
        self._touched.add(_NOW)

    def forget_before(self, moment: Moment, window: Moment) -> None:
        """Forget what is too old to be compared with anything."""
        oldest = (moment - window - MEMORY) // HOUR
        for hour in [hour for hour in self.hours if hour < oldest]:
            del self.hours[hour]
            self._hours_touched.add(hour)
        recent = moment - max(window, HOUR) - window
        self.windows = {at: counts for at, counts in self.windows.items() if at >= recent}
        self.beats = {name: beat for name, beat in self.beats.items() if beat.at + MEMORY > moment}
        self._touched.add(_NOW)

    def records(self) -> dict[bytes, bytes | None]:
        """What has changed since the last call."""
        keys = self._touched.union(_key(_HOUR, hour) for hour in self._hours_touched)
        changed = {key: self._encode(key) for key in keys}
        self._touched.clear()
        self._hours_touched.clear()
        return changed

    def restore(self, key: bytes, value: bytes) -> None:
        """Take back one of the records."""
        if key == _NOW:
            now = _now.decode(value)
            self.row, self.beats, self.windows = now.row, now.beats, now.windows
            self.late_until = now.late_until
        elif key.startswith(_HOUR):
            counts = self.hours[_number(key)] = _counts.decode(value)
            if len(counts) != len(SERIES):
                raise ValueError("an hour of other series")
        else:
            self.waiting[_number(key)] = _beat.decode(value)

    def _make_room(self, most: int) -> bool:
        if len(self.beats) <= most:
            return False
        del self.beats[min(self.beats, key=lambda name: (self.beats[name].at, name))]
        return True

    def _encode(self, key: bytes) -> bytes | None:
        if key == _NOW:
            return _encode(_Now(self.row, self.beats, self.windows, self.late_until))
        kept: Counts | Beat | None
        if key.startswith(_HOUR):
            kept = self.hours.get(_number(key))
        else:
            kept = self.waiting.get(_number(key))
        return None if kept is None else _encode(kept)


def _one_at(place: int) -> Counts:
    counts = [0] * len(SERIES)
    counts[place] = 1
    return counts


def _key(prefix: bytes, number: int) -> bytes:
    return b"%b%d" % (prefix, number)


def _number(key: bytes) -> int:
    return int(key.rpartition(b":")[2])
