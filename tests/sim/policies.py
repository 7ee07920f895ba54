"""The policies that stories are judged by: mostly the default, now and then another."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from monitor.core.calendars import Calendar, Week
from monitor.core.policy import Policy
from tests.sim.oracle_policy import DEFAULTS
from tests.sim.pen import HOUR

if TYPE_CHECKING:
    from typing import Any

_DAY, _SHORT = ((9 * HOUR, 12 * HOUR), (13 * HOUR, 17 * HOUR)), ((10 * HOUR, 14 * HOUR),)
_WEEKS = {
    "office": ("Europe/Berlin", (_DAY, _DAY, _DAY, _DAY, _SHORT, (), ()), (date(2026, 4, 3),)),
    "night": ("UTC", (((0, 6 * HOUR), (22 * HOUR, 24 * HOUR)),) * 7, ()),
}
_CHOSEN: dict[str, Any] = {
    "calendar": "office",
    "calendar_by_channel": {"voice": "night", "email": ""},
    "calendar_by_queue": {"first": "night"},
}
_CALENDARS = {
    name: {"zone": zone, "hours": hours, "holidays": holidays}
    for name, (zone, hours, holidays) in _WEEKS.items()
}
_MONITORS_CALENDARS = {
    name: Calendar(zone, Week(*hours), holidays) for name, (zone, hours, holidays) in _WEEKS.items()
}

BUSY = 5
"""Which of the policies is made for much traffic, and blind to it sooner."""
CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {},
    {
        "escalate_intents": frozenset({"login/reset", "billing"}),
        "compatible_groups": frozenset({frozenset({"billing", "shipping"})}),
    },
    {},
    _CHOSEN,
    {"blind_min": 2},
)


def change_of(seed: int) -> int:
    """Which of the policies a seed is judged by."""
    return seed % len(CHANGES)


def policy_of(seed: int) -> dict[str, Any]:
    """The oracle's policy for a seed."""
    return DEFAULTS | {"calendars": _CALENDARS} | CHANGES[change_of(seed)]


def monitors_policy(seed: int) -> Policy:
    """The monitor's policy for a seed."""
    return replace(Policy(), calendars=_MONITORS_CALENDARS, **CHANGES[change_of(seed)])
