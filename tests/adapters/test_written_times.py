"""Times as other systems write them become RFC 3339, or nothing."""

from __future__ import annotations

from time import process_time

import pytest

from monitor.adapters.written_times import require_format, rfc3339

DAY = "%d.%m.%Y %H:%M:%S"


@pytest.mark.parametrize(
    ("written", "format_", "zone", "wanted"),
    [
        ("05.01.2026 09:00:30", DAY, "UTC", "2026-01-05T09:00:30+00:00"),
        ("05.01.2026 09:00:30", DAY, "Europe/Berlin", "2026-01-05T09:00:30+01:00"),
        ("05.07.2026 09:00:30", DAY, "Europe/Berlin", "2026-07-05T09:00:30+02:00"),
        # The hour that comes twice: the first time.
        ("25.10.2026 02:30:00", DAY, "Europe/Berlin", "2026-10-25T02:30:00+02:00"),
        # What names its zone needs no other.
        ("2026-01-05 09:00 -0500", "%Y-%m-%d %H:%M %z", "UTC", "2026-01-05T09:00:00-05:00"),
        (1767603630, "unix_s", "UTC", "2026-01-05T09:00:30+00:00"),
        (1767603630.25, "unix_s", "UTC", "2026-01-05T09:00:30.250000+00:00"),
        ("1767603630", "unix_s", "UTC", "2026-01-05T09:00:30+00:00"),
        (1767603630123, "unix_ms", "UTC", "2026-01-05T09:00:30.123000+00:00"),
        ("1767603630123456789", "unix_ns", "UTC", "2026-01-05T09:00:30.123456+00:00"),
    ],
)
def test_a_time_is_read(written: object, format_: str, zone: str, wanted: str) -> None:
    assert rfc3339(written, format_, zone) == wanted


@pytest.mark.parametrize(
    "written",
    [
        *(None, "", "soon", "NaN", "sNaN", "Infinity", float("inf"), float("nan"), True, [1], {}),
        *("1e999", "-1e999", "1e999999", "-1e999990", "1e999999999999", 10**40, -(10**40)),
    ],
)
@pytest.mark.parametrize("format_", [DAY, "unix_s", "unix_ms", "unix_ns"])
def test_what_is_written_otherwise_is_no_time(written: object, format_: str) -> None:
    began = process_time()

    assert rfc3339(written, format_, "UTC") is None
    # Written out, a million digits take half a minute.
    assert process_time() - began < 1


@pytest.mark.parametrize("format_", ["", "%H:%M", "%Y-%m-%d", "%d.%m.%y %H", "%Q", "unix"])
def test_a_format_that_tells_no_moment_is_refused(format_: str) -> None:
    with pytest.raises(ValueError, match="does not tell a day with its time"):
        require_format(format_)
