"""Every number that the fold decides by, with its range, default and reason.

All lengths of time are in microseconds here (see ``moments``) and carry their unit in a policy
file: ``90s``, ``15m``, ``24h``, ``7d``. A change of policy touches new deadlines only: what is
already waiting keeps the moment it was given.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from pydantic import field_validator
from pydantic.dataclasses import dataclass

from monitor.core.lengths import spell, write_length
from monitor.core.moments import MINUTE, Moment
from monitor.core.policy_basics import Basics
from monitor.core.policy_fields import STRICT
from monitor.core.policy_parts import Actions, Bounds, Duty, Turns

if TYPE_CHECKING:
    from pydantic import ValidationInfo
    from pydantic.fields import FieldInfo

    from schemas.vocabulary import Channel

_PAIR = 2

FROM_FILE = {"lengths": "with a unit"}
"""The validation context of a file, where a bare number is no length."""


@dataclass(frozen=True, config=STRICT)
class Policy(Duty, Bounds, Actions, Turns, Basics):
    """The rules of judgement."""

    def __post_init__(self) -> None:
        """Refuse numbers that contradict each other."""
        edges = self.age_edges
        if edges[:1] != (0,) or any(a >= b for a, b in pairwise(edges)):
            raise ValueError("age_edges: must start at 0 and rise")
        if any(edge % MINUTE for edge in edges):
            raise ValueError("age_edges: must be whole minutes")
        strays = [spell(h) for h in self.horizons if h not in edges]
        if strays:
            raise ValueError(f"horizons: not among age_edges: {', '.join(strays)}")
        if self.durable_horizon not in self.horizons:
            raise ValueError("durable_horizon: must be one of horizons")
        if self.dedupe_window < self.late_max:
            raise ValueError("dedupe_window: must be at least late_max")
        if self.verdict_wait < self.handoff_wall_max:
            raise ValueError("verdict_wait: must be at least handoff_wall_max")
        if any(len(pair) != _PAIR for pair in self.compatible_groups):
            raise ValueError("compatible_groups: must be pairs of two different intent groups")
        named = {
            self.calendar,
            *self.calendar_by_channel.values(),
            *self.calendar_by_queue.values(),
        }
        unknown = sorted(named - {"", *self.calendars})
        if unknown:
            raise ValueError(f"calendars: there is none named {', '.join(unknown)}")

    @field_validator("*", mode="after")
    @classmethod
    def _within_its_range(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401
        name = info.field_name or ""
        low, high = ranges().get(name, (0, 0))
        if high and any(not low <= length <= high for length in _every(value)):
            raise ValueError(f"must be {range_of(name)}")
        return value

    @cached_property
    def ages(self) -> tuple[str, ...]:
        """The names of the age buckets: each is called by its upper edge."""
        return tuple(spell(edge) for edge in self.age_edges[1:])

    @cached_property
    def label(self) -> str:
        """What every published record calls this policy: its name and a digest of its numbers."""
        numbers = {name: repr(getattr(self, name)) for name in NAMES if name != "version"}
        for name in ("escalate_intents", "ledger_producers", "reviewers"):
            numbers[name] = repr(sorted(getattr(self, name)))
        numbers["calendars"] = repr(sorted(self.calendars.items()))
        numbers["compatible_groups"] = repr(sorted(map(sorted, self.compatible_groups)))
        digest = hashlib.blake2b(json.dumps(numbers).encode(), digest_size=4).hexdigest()
        return f"{self.version}-{digest}"

    def horizon_at(self, edge: int) -> str | None:
        """The name of the horizon that the edge of this index is, if it is one."""
        return self.ages[edge - 1] if self.age_edges[edge] in self.horizons else None

    def bucket_of(self, age: Moment) -> int | None:
        """The index of the bucket that holds an age; none when it is past the last edge."""
        for index, edge in enumerate(self.age_edges[1:]):
            if age < edge:
                return index
        return None

    def gap_for(self, intent_group: str | None) -> Moment:
        """How long a silence on this kind of matter may be."""
        return self.gap_by_intent_group.get(intent_group or "", self.gap)

    def hop_window_for(self, intent_group: str | None) -> Moment:
        """How long a return by another channel counts as a hop."""
        return self.hop_window_by_intent_group.get(intent_group or "", self.hop_window)

    def reply_window_for(self, channel: Channel) -> Moment:
        """How long the AI may take to answer."""
        return self.reply_window_by_channel.get(channel, self.reply_window)

    def ledger_window_for(self, kind: str) -> Moment:
        """By when the ledger should know of an action of this kind."""
        return self.ledger_window_by_kind.get(kind, self.ledger_window)

    def calendar_for(self, queue: str | None, channel: Channel) -> str:
        """The name of the calendar by which somebody should come; empty where there is none."""
        of_channel = self.calendar_by_channel.get(channel, self.calendar)
        return self.calendar_by_queue.get(queue or "", of_channel)

    def grace_for(self, promised: Moment) -> Moment:
        """How much later than promised is still no breach."""
        return max(self.grace_min, int(promised * self.grace_share))

    def with_horizons(self, extra: tuple[Moment, ...]) -> Policy:
        """The same policy, judged at further horizons, which become edges as well."""
        return replace(
            self,
            age_edges=tuple(sorted({*self.age_edges, *extra})),
            horizons=tuple(sorted({*self.horizons, *extra})),
        )


NAMES = tuple(field.name for field in fields(Policy))
"""The names of all numbers, in the order in which they are documented."""


def ranges() -> dict[str, tuple[Moment, Moment]]:
    """The lengths that each length may have."""
    return {
        name: (low, high)
        for name, field in _declared().items()
        if isinstance(field.json_schema_extra, dict)
        for low, high in [cast("list[Moment]", field.json_schema_extra["range"])]
    }


def range_of(name: str) -> str:
    """What a number or a length may be, in words; empty for what is neither."""
    if name in ranges():
        low, high = ranges()[name]
        return f"from {write_length(low)} to {write_length(high)}"
    told = _declared()[name].metadata
    limits = [getattr(one, side) for side in ("ge", "le") for one in told if hasattr(one, side)]
    return f"from {limits[0]} to {limits[1]}" if limits else ""


def reason_of(name: str) -> str:
    """Why a number is what it is."""
    return str(_declared()[name].description)


def _declared() -> dict[str, FieldInfo]:
    declared: dict[str, FieldInfo] = vars(Policy)["__pydantic_fields__"]
    return declared


def _every(value: object) -> list[Moment]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, tuple) else [value]  # type: ignore[list-item]
