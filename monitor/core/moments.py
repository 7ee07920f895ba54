"""Moments: event time as whole microseconds since 1970, UTC.

Integers, because they compare and add exactly and fast, and mean the same on every machine.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

Moment = int
"""Microseconds since 1970-01-01T00:00:00Z, or a length of time in microseconds."""

SECOND: Moment = 1_000_000
MINUTE: Moment = 60 * SECOND
HOUR: Moment = 60 * MINUTE
DAY: Moment = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def moment_of(at: datetime) -> Moment:
    """The moment of an aware datetime, exact to the microsecond."""
    return (at - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=10_000)
def datetime_of(moment: Moment) -> datetime:
    """The aware datetime of a moment. What is published tells the moment of a claim many times."""
    return _EPOCH + timedelta(0, 0, moment)


def seconds(length: Moment) -> float:
    """A length of time in seconds."""
    return length / SECOND
