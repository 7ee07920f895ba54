"""Business hours: when people are on duty, and how much of a length of time they were.

Rule: people are on duty while the clock on their wall shows one of the hours, on a day that is no
holiday. On the night when clocks are put forward a shift is an hour shorter, and on the night when
they are put back an hour longer.

The zones are those of the package ``tzdata``, never the machine's, so that a log means the same
everywhere. What is open is worked out for each day of UTC once and kept; the rest is sums.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, PlainSerializer, field_validator
from pydantic.dataclasses import dataclass

from monitor.core.moments import DAY, HOUR, MINUTE, SECOND, Moment, datetime_of
from monitor.core.policy_fields import STRICT

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRITTEN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# 1970-01-01 was a Thursday, three days after a Monday.
_FIRST_WEEKDAY = 3
_FIRST_DAY = date(1970, 1, 1).toordinal()

Span = tuple[Moment, Moment]


def _read_hours(value: object) -> object:
    if not isinstance(value, str):
        return value
    written = _WRITTEN.fullmatch(value)
    if written is not None:
        opens, closes = (
            int(hours) * HOUR + int(minutes) * MINUTE
            for hours, minutes in (written.group(1, 2), written.group(3, 4))
        )
        if opens < closes <= DAY:
            return opens, closes
    raise ValueError(
        'must be hours of one day, such as "09:00-17:30"; a night is "22:00-24:00" and, on the '
        'next day, "00:00-06:00"'
    )


def _write_hours(hours: Span) -> str:
    return "-".join(f"{at // HOUR:02}:{at % HOUR // MINUTE:02}" for at in hours)


def _read_date(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DATE.fullmatch(value)):
        return value
    raise ValueError('must be a date such as "2026-12-25"')


Hours = Annotated[Span, BeforeValidator(_read_hours), PlainSerializer(_write_hours)]
Holiday = Annotated[date, BeforeValidator(_read_date)]


@dataclass(frozen=True, config=STRICT)
class Week:
    """The hours of each day of the week. A day that is left out has none."""

    monday: tuple[Hours, ...] = ()
    tuesday: tuple[Hours, ...] = ()
    wednesday: tuple[Hours, ...] = ()
    thursday: tuple[Hours, ...] = ()
    friday: tuple[Hours, ...] = ()
    saturday: tuple[Hours, ...] = ()
    sunday: tuple[Hours, ...] = ()

    @property
    def days(self) -> tuple[tuple[Hours, ...], ...]:
        """The hours by weekday, Monday first."""
        return (
            *(self.monday, self.tuesday, self.wednesday, self.thursday),
            *(self.friday, self.saturday, self.sunday),
        )

    @field_validator("*", mode="after")
    @classmethod
    def _follow_each_other(cls, value: tuple[Hours, ...]) -> tuple[Hours, ...]:
        if any(one[1] > other[0] for one, other in pairwise(value)):
            raise ValueError("hours must follow each other")
        return value


@dataclass(frozen=True, config=STRICT)
class Calendar:
    """When the people of a desk are on duty."""

    time_zone: str
    hours: Week
    holidays: Annotated[tuple[Holiday, ...], Field(max_length=10_000)] = ()

    @field_validator("time_zone", mode="after")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        if value not in zones():
            raise ValueError("must be the IANA name of a time zone, such as Europe/Berlin")
        return value

    @field_validator("hours", mode="after")
    @classmethod
    def _somebody_comes(cls, value: Week) -> Week:
        if not any(value.days):
            raise ValueError("must name the hours of one day at least")
        return value

    @field_validator("holidays", mode="after")
    @classmethod
    def _in_order(cls, value: tuple[date, ...]) -> tuple[date, ...]:
        return tuple(sorted(set(value)))

    def is_open(self, at: Moment) -> bool:
        """Whether somebody is on duty."""
        return any(opens <= at < closes for opens, closes in self._open_on(at // DAY))

    def between(self, start: Moment, end: Moment) -> Moment:
        """How long somebody was on duty from one moment to another; nothing if it came before."""
        return sum(
            max(0, min(closes, end) - max(opens, start))
            for day in range(start // DAY, -(-end // DAY))
            for opens, closes in self._open_on(day)
        )

    def add(self, at: Moment, length: Moment, until: Moment) -> Moment:
        """The first moment by which somebody was on duty for so long, but never after ``until``.

        Few hours and many holidays could put it beyond the end of the calendar of this world.
        """
        if length == 0:
            return at
        for day in range(at // DAY, -(-until // DAY)):
            for opens, closes in self._open_on(day):
                start = max(opens, at)
                if length <= closes - start:
                    return min(start + length, until)
                length -= max(0, closes - start)
        return until

    def _open_on(self, day: int) -> tuple[Span, ...]:
        """When somebody is on duty on a day of UTC, which is its number since 1970."""
        if day not in self._days:
            self._days[day] = tuple(self._work_out(day))
        return self._days[day]

    @cached_property
    def _days(self) -> dict[int, tuple[Span, ...]]:
        return {}

    @cached_property
    def _closed(self) -> frozenset[int]:
        return frozenset(holiday.toordinal() - _FIRST_DAY for holiday in self.holidays)

    def _work_out(self, day: int) -> Iterator[Span]:
        for start, end, offset in _offsets(self.time_zone, day):
            # From here to the conversion back, moments are what the wall clock shows.
            first, last = start + offset, end + offset
            for local in range(first // DAY, -(-last // DAY)):
                if local in self._closed:
                    continue
                for opens, closes in self.hours.days[(local + _FIRST_WEEKDAY) % 7]:
                    begins = max(first, local * DAY + opens)
                    ends = min(last, local * DAY + closes)
                    if begins < ends:
                        yield begins - offset, ends - offset


def _offsets(zone: str, day: int) -> list[tuple[Moment, Moment, Moment]]:
    """The parts of a day of UTC in each of which a zone keeps its distance from UTC."""
    start, end = day * DAY, (day + 1) * DAY
    before, after = _offset(zone, start), _offset(zone, end - SECOND)
    if before == after:
        return [(start, end, before)]
    seconds = range(start, end, SECOND)
    change = seconds[bisect_left(seconds, 1, key=lambda at: int(_offset(zone, at) == after))]
    return [(start, change, before), (change, end, after)]


def _offset(zone: str, at: Moment) -> Moment:
    distance = datetime_of(at).astimezone(zone_of(zone)).utcoffset()
    assert distance is not None, "a zone knows its distance from UTC"
    return int(distance.total_seconds()) * SECOND


@cache
def zones() -> frozenset[str]:
    """Give the names of all time zones that the package tzdata knows, whatever the machine does."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@cache
def zone_of(name: str) -> ZoneInfo:
    """Give one of these time zones."""
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)
