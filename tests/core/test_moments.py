from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from monitor.core.moments import DAY, HOUR, datetime_of, moment_of, seconds


def test_a_moment_is_the_same_whatever_the_offset() -> None:
    east = datetime(2026, 3, 2, 14, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))

    assert moment_of(east) == moment_of(datetime(2026, 3, 2, 9, tzinfo=UTC))


def test_a_moment_is_exact_to_the_microsecond_over_the_whole_span() -> None:
    for at in (
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(2026, 3, 2, 9, 0, 0, 1, tzinfo=UTC),
        datetime(2099, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ):
        assert datetime_of(moment_of(at)) == at


def test_a_length_is_told_in_seconds() -> None:
    assert seconds(DAY + HOUR // 2) == 88_200
