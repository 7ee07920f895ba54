"""When people are on duty: rule 9.2, day by day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.sim.oracle_order import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

Calendar = dict[str, Any]
"""Its ``zone``, the ``hours`` of each weekday from Monday on, and the ``holidays``."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def spans(calendar: Calendar, begun: int, over: int) -> Iterator[tuple[int, int]]:
    """The times on duty in a time, in order."""
    zone = ZoneInfo(calendar["zone"])
    first = (_EPOCH + timedelta(microseconds=begun - DAY)).astimezone(zone).date()
    for number in range((over - begun) // DAY + 4):
        day = first + timedelta(days=number)
        if day in calendar["holidays"]:
            continue
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # a wall shows no zone
        for opens, closes in calendar["hours"][day.weekday()]:
            here = [
                (midnight + timedelta(microseconds=at)).replace(tzinfo=zone).astimezone(UTC)
                for at in (opens, closes)
            ]
            one, other = ((at - _EPOCH) // timedelta(microseconds=1) for at in here)
            if max(one, begun) < min(other, over):
                yield max(one, begun), min(other, over)


def on_duty(calendar: Calendar, at: int) -> bool:
    """Is anybody there?"""
    return any(spans(calendar, at, at + 1))


def worked(calendar: Calendar, begun: int, over: int) -> int:
    """How much of a time somebody was there."""
    return sum(closes - opens for opens, closes in spans(calendar, begun, over))


def reached(calendar: Calendar, begun: int, length: int, latest: int) -> int:
    """When somebody has been there for so long, if that is before the latest moment."""
    left = length
    for opens, closes in spans(calendar, begun, latest):
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    return latest
