"""Business hours, held against a clock that is looked at every minute."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime, timedelta, timezone
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from monitor.core.calendars import Calendar, Week
from monitor.core.moments import DAY, HOUR, MINUTE, Moment, moment_of

if TYPE_CHECKING:
    from pathlib import Path

FOREVER = 400 * DAY
WORK = ((9 * HOUR, 17 * HOUR),)
OFFICE = Calendar(
    time_zone="Europe/Berlin",
    hours=Week(monday=WORK, tuesday=WORK, wednesday=WORK, thursday=WORK, friday=WORK),
    holidays=(date(2026, 4, 6),),
)
NIGHT = ((0, 6 * HOUR), (22 * HOUR, DAY))
NIGHTS = Calendar(
    time_zone="Europe/Berlin",
    hours=Week(NIGHT, NIGHT, NIGHT, NIGHT, NIGHT, NIGHT, NIGHT),
)
_CALENDAR = TypeAdapter(Calendar)


def berlin(text: str) -> Moment:
    """The moment at which a clock in Berlin shows this."""
    return moment_of(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")))


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-03-02 09:00", True),
        ("2026-03-02 08:59:59", False),
        ("2026-03-02 16:59:59", True),
        ("2026-03-02 17:00", False),
        ("2026-03-01 12:00", False),  # a Sunday
        ("2026-04-06 12:00", False),  # a holiday, and a Monday
        ("2026-04-07 12:00", True),
        ("2026-07-06 09:00", True),  # in summer
        ("2026-07-06 17:00", False),
    ],
)
def test_people_are_on_duty_by_the_clock_on_their_wall(at: str, *, is_open: bool) -> None:
    assert OFFICE.is_open(berlin(at)) == is_open


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-03-02 09:00", "2026-03-02 17:00", 8),
        ("2026-03-02 10:00", "2026-03-02 11:30", 1.5),
        ("2026-03-02 18:00", "2026-03-03 08:00", 0),
        ("2026-03-06 16:00", "2026-03-09 10:00", 2),  # over a weekend
        ("2026-04-03 16:00", "2026-04-07 10:00", 2),  # and a holiday
        ("2026-03-02 12:00", "2026-03-02 12:00", 0),
        ("2026-03-03 12:00", "2026-03-02 12:00", 0),
    ],
)
def test_only_hours_on_duty_count(start: str, end: str, hours: float) -> None:
    assert OFFICE.between(berlin(start), berlin(end)) == hours * HOUR


@pytest.mark.parametrize(
    ("at", "minutes", "due"),
    [
        ("2026-03-02 10:00", 30, "2026-03-02 10:30"),
        ("2026-03-02 07:00", 30, "2026-03-02 09:30"),
        ("2026-03-02 16:30", 30, "2026-03-02 17:00"),  # on the stroke of closing
        ("2026-03-02 16:50", 30, "2026-03-03 09:20"),
        ("2026-03-06 18:00", 30, "2026-03-09 09:30"),
        ("2026-04-03 16:50", 30, "2026-04-07 09:20"),
        ("2026-03-02 10:00", 16 * 60, "2026-03-04 10:00"),
        ("2026-03-01 12:00", 0, "2026-03-01 12:00"),
    ],
)
def test_what_is_agreed_is_due_on_duty(at: str, minutes: int, due: str) -> None:
    got = OFFICE.add(berlin(at), minutes * MINUTE, berlin(at) + FOREVER)

    assert got == berlin(due)


def test_nothing_is_due_later_than_it_may_be() -> None:
    start = berlin("2026-03-06 16:50")

    assert OFFICE.add(start, 30 * MINUTE, start + DAY) == start + DAY
    assert OFFICE.add(start, 10 * MINUTE, start + 5 * MINUTE) == start + 5 * MINUTE
    assert OFFICE.add(start, 366 * DAY, start + DAY) == start + DAY


def test_a_night_is_shorter_in_spring_and_longer_in_autumn() -> None:
    nights = {
        "2026-03-28": 7,  # the clocks are put forward on the 29th
        "2026-03-29": 8,
        "2026-10-24": 9,  # and back on the 25th
    }
    for evening, hours in nights.items():
        start = berlin(f"{evening} 20:00")
        assert NIGHTS.between(start, start + 12 * HOUR) == hours * HOUR


def test_a_holiday_is_a_day_by_the_clock_on_the_wall() -> None:
    tokyo = Calendar("Asia/Tokyo", Week(monday=((0, DAY),)), (date(2026, 3, 2),))
    monday = moment_of(datetime(2026, 3, 2, tzinfo=timezone(timedelta(hours=9))))

    assert tokyo.between(monday - DAY, monday + 2 * DAY) == 0
    assert tokyo.between(monday, monday + 8 * DAY) == DAY


def test_what_opens_in_the_hour_that_is_left_out_opens_when_the_clock_jumps() -> None:
    early = Calendar("Europe/Berlin", Week(sunday=((2 * HOUR + 30 * MINUTE, 4 * HOUR),)))
    jump = berlin("2026-03-29 03:00")

    assert not early.is_open(jump - 1)
    assert early.is_open(jump)
    assert early.between(jump - DAY, jump + DAY) == HOUR


WEEKS = st.builds(
    Week,
    *[
        st.lists(st.integers(0, 96).map(lambda quarter: quarter * 15 * MINUTE), max_size=6).map(
            lambda edges: tuple(list(pairwise(sorted(set(edges))))[::2])
        )
        for _ in range(7)
    ],
).filter(lambda week: any(week.days))
CALENDARS = st.builds(
    Calendar,
    # Clocks that change by an hour, by half an hour, and on the other side of the earth.
    st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "UTC"]),
    WEEKS,
    st.lists(st.dates(date(2026, 3, 25), date(2026, 4, 7)), max_size=3).map(tuple),
)
# Around the days on which the clocks change: in March, April, October, November.
MOMENTS = st.builds(
    lambda day, minutes: moment_of(datetime.fromisoformat(f"{day}T00:00Z")) + minutes * MINUTE,
    st.sampled_from(["2026-03-07", "2026-03-28", "2026-04-04", "2026-10-24", "2026-10-31"]),
    st.integers(0, 3 * 24 * 60),
)
LENGTHS = st.integers(0, 3 * 24 * 60).map(lambda minutes: minutes * MINUTE)


def is_on_duty(calendar: Calendar, at: Moment) -> bool:
    """Look at the clock on the wall."""
    local = datetime.fromtimestamp(at / 1_000_000, ZoneInfo(calendar.time_zone))
    since_midnight = timedelta(hours=local.hour, minutes=local.minute) // timedelta(microseconds=1)
    return local.date() not in calendar.holidays and any(
        opens <= since_midnight < closes for opens, closes in calendar.hours.days[local.weekday()]
    )


@settings(max_examples=50)
@given(CALENDARS, MOMENTS, st.integers(0, 24 * 60))
def test_what_is_counted_is_what_a_look_at_every_minute_counts(
    calendar: Calendar, start: Moment, minutes: int
) -> None:
    looks = [is_on_duty(calendar, start + minute * MINUTE) for minute in range(minutes)]

    assert calendar.between(start, start + minutes * MINUTE) == sum(looks) * MINUTE
    assert [calendar.is_open(start + minute * MINUTE) for minute in range(minutes)] == looks


@given(CALENDARS, MOMENTS, LENGTHS)
def test_the_time_until_something_is_due_is_what_was_agreed(
    calendar: Calendar, start: Moment, length: Moment
) -> None:
    due = calendar.add(start, length, start + FOREVER)

    assert calendar.between(start, due) == length or due == start + FOREVER
    # There is no moment before by which the time had passed.
    assert length == 0 or calendar.between(start, due - 1) < length


@given(CALENDARS, MOMENTS, LENGTHS)
def test_what_has_passed_is_due_at_once(calendar: Calendar, start: Moment, length: Moment) -> None:
    end = start + length
    due = calendar.add(start, calendar.between(start, end), start + FOREVER)

    assert due <= end
    assert calendar.between(due, end) == 0


@given(CALENDARS, MOMENTS, LENGTHS, LENGTHS)
def test_more_is_due_later(calendar: Calendar, start: Moment, one: Moment, other: Moment) -> None:
    until = start + FOREVER

    assert calendar.add(start, min(one, other), until) <= calendar.add(
        start, max(one, other), until
    )
    assert calendar.add(start, one, until) <= calendar.add(start + other, one, until + other)
    assert calendar.between(start, start + one) <= calendar.between(start, start + one + other)


def test_a_calendar_reads_back_as_it_is_written() -> None:
    written = _CALENDAR.dump_python(NIGHTS, mode="json")

    assert written["hours"]["sunday"] == ["00:00-06:00", "22:00-24:00"]
    assert _CALENDAR.validate_python(written) == NIGHTS


@pytest.mark.parametrize(
    ("given_", "complaint"),
    [
        ({"time_zone": "Europe/Nowhere"}, "IANA name"),
        ({"time_zone": "../etc/passwd"}, "IANA name"),
        ({"time_zone": "europe/berlin"}, "IANA name"),
        ({"hours": {}}, "the hours of one day at least"),
        ({"hours": {"monday": ["22:00-06:00"]}}, "hours of one day"),
        ({"hours": {"monday": ["9-17"]}}, "hours of one day"),
        ({"hours": {"monday": ["09:00-24:01"]}}, "hours of one day"),
        ({"hours": {"monday": ["09:00-09:00"]}}, "hours of one day"),
        ({"hours": {"monday": ["09:00-12:00", "11:00-17:00"]}}, "follow each other"),
        ({"hours": {"funday": ["09:00-17:00"]}}, "Unexpected keyword"),
        ({"holidays": ["25.12.2026"]}, "must be a date"),
        ({"holidays": [20261225]}, "must be a date"),
        ({"holidays": ["2026-02-30"]}, "valid date"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(given_: dict[str, Any], complaint: str) -> None:
    sound = {"time_zone": "Europe/Berlin", "hours": {"monday": ["09:00-17:00"]}, "holidays": []}
    with pytest.raises(ValidationError, match=complaint):
        _CALENDAR.validate_python(sound | given_)


def test_zones_do_not_come_from_the_machine(tmp_path: Path) -> None:
    (tmp_path / "Asia").mkdir()
    (tmp_path / "Asia" / "Tokyo").write_bytes(files("tzdata").joinpath("zoneinfo/UTC").read_bytes())
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([tmp_path])
    try:
        calendar = Calendar("Asia/Tokyo", Week(monday=WORK))
        nine = datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=9)))
        assert calendar.is_open(moment_of(nine))
    finally:
        zoneinfo.reset_tzpath(before)
