"""Times as other systems write them, turned into RFC 3339."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from monitor.core.calendars import zone_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS_MAX = Decimal(10) ** 18  # Thirty thousand years.
_MICROSECONDS_EACH = {
    "unix_s": Decimal(1_000_000),
    "unix_ms": Decimal(1_000),
    "unix_ns": Decimal("0.001"),
}


def require_format(format_: str) -> None:
    """Refuse a format by which no time could be read.

    Raises:
        ValueError: it is none.
    """
    if format_ in _MICROSECONDS_EACH:
        return
    day = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)
    written = day.strftime(format_)
    try:
        read = datetime.strptime(written, format_)  # noqa: DTZ007  # the zone is told apart
    except ValueError:
        read = _EPOCH
    if read.replace(tzinfo=UTC) != day:
        units = ", ".join(_MICROSECONDS_EACH)
        raise ValueError(f"{format_!r} is none of {units} and does not tell a day with its time")


def rfc3339(written: object, format_: str, zone: str) -> str | None:
    """Read a time; what is not written in this format is none."""
    try:
        if format_ in _MICROSECONDS_EACH:
            return _since_1970(written, _MICROSECONDS_EACH[format_]).isoformat()
        if not isinstance(written, str):
            return None
        at = datetime.strptime(written, format_)  # noqa: DTZ007  # as above
        return (at if at.tzinfo else at.replace(tzinfo=zone_of(zone))).isoformat()
    except (ValueError, ArithmeticError):  # of datetime, and of Decimal
        return None


def _since_1970(number: object, microseconds_each: Decimal) -> datetime:
    if isinstance(number, bool) or not isinstance(number, int | float | str):
        raise ValueError("a number is wanted")  # noqa: TRY004  # any refusal is one
    microseconds = Decimal(str(number)) * microseconds_each
    if not abs(microseconds) < _MICROSECONDS_MAX:
        raise ValueError("no such time")  # A power of ten would take a while to be written out.
    return _EPOCH + timedelta(microseconds=int(microseconds))
