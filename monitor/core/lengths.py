"""Lengths of time as people write them: ``90s``, ``15m``, ``24h``, ``7d``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from monitor.core.moments import DAY, HOUR, MINUTE, SECOND, Moment

if TYPE_CHECKING:
    from pydantic import ValidationInfo

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_WRITTEN = re.compile(r"([0-9]{1,9})([smhd])")


def read_length(value: object, info: ValidationInfo) -> object:
    """A length from its text. A bare number is one of microseconds, and only within the code."""
    if isinstance(value, str) or info.context:
        return parse_length(str(value))
    return value


def parse_length(text: str) -> Moment:
    """A length from its text.

    Raises:
        ValueError: it is none.
    """
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise ValueError("must be a length of time with its unit, such as 90s, 15m, 36h or 7d")
    return int(written[1]) * _UNITS[written[2]]


def write_length(length: Moment) -> str:
    """The text of a length, in the largest unit that it is a whole number of."""
    for unit in ("d", "h", "m"):
        if length and length % _UNITS[unit] == 0:
            return f"{length // _UNITS[unit]}{unit}"
    return f"{length // SECOND}s"


def spell(length: Moment) -> str:
    """The name of a horizon or an age: 6h, 72h, 7d."""
    # 24h and 72h are written in hours, as people who watch reopen rates say them.
    if length % DAY == 0 and length > 3 * DAY:
        return f"{length // DAY}d"
    if length % HOUR == 0:
        return f"{length // HOUR}h"
    return f"{length // MINUTE}m"
