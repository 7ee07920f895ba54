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
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, field_validator
from pydantic.dataclasses import dataclass

from monitor.core.lengths import read_length, spell, write_length
from monitor.core.moments import DAY, HOUR, MINUTE, SECOND, Moment
from schemas.vocabulary import Channel

if TYPE_CHECKING:
    from pydantic import ValidationInfo
    from pydantic.fields import FieldInfo

Length = Annotated[Moment, BeforeValidator(read_length), PlainSerializer(write_length)]

FROM_FILE = {"lengths": "with a unit"}
"""The validation context of a file, where a bare number is no length."""


def _length(default: Moment, low: Moment, high: Moment, reason: str) -> Any:  # noqa: ANN401
    return Field(default=default, description=reason, json_schema_extra={"range": [low, high]})


def _lengths(default: dict[Any, Moment], reason: str) -> Any:  # noqa: ANN401
    return Field(
        default_factory=default.copy,
        description=reason,
        json_schema_extra={"range": [0, 366 * DAY]},
    )


@dataclass(frozen=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class Policy:
    """The rules of judgement."""

    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")] = Field(
        default="default",
        description="Your name for this policy; records carry it with a digest of the numbers.",
    )

    # Order
    lateness: Length = _length(
        MINUTE,
        0,
        DAY,
        "Events this late are still put in order. Covers the delay between topics of one system; "
        "every verdict waits for it.",
    )
    late_max: Length = _length(
        7 * DAY, 0, 60 * DAY, "Events later than this are dropped and counted."
    )
    future_skew_max: Length = _length(
        5 * MINUTE,
        0,
        DAY,
        "An event dated further ahead takes the time its record was written, for it would make "
        "all others late.",
    )
    dedupe_window: Length = _length(
        7 * DAY,
        0,
        60 * DAY,
        "How long a repeat is known. As long as late events are applied, repeats of them can come.",
    )
    seen_max: Annotated[int, Field(ge=100, le=10_000_000)] = Field(
        default=20_000,
        description="Event ids remembered of one customer, so that none can fill the memory.",
    )

    # Durability
    age_edges: tuple[Length, ...] = Field(
        default=(0, HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY),
        description="Edges of the age buckets; fine where the hazard of a return falls fast.",
        json_schema_extra={"range": [0, 366 * DAY]},
    )
    horizons: tuple[Length, ...] = Field(
        default=(DAY, 3 * DAY, 7 * DAY, 30 * DAY),
        description="Ages at which durability is judged. Each is one of age_edges.",
        json_schema_extra={"range": [MINUTE, 366 * DAY]},
    )
    mistaken_reopen_max: Length = _length(
        5 * MINUTE, 0, DAY, "Staff who reopen and close again this soon clicked wrongly."
    )

    # Journeys
    gap: Length = _length(
        7 * DAY, HOUR, 366 * DAY, "After a longer silence a new contact is a new matter."
    )
    gap_by_intent_group: dict[str, Length] = _lengths(
        {"shipping": 14 * DAY, "billing": 35 * DAY},
        "The same where things take longer: parcels are slow, bills come monthly.",
    )
    gap_unknown_intent: Length = _length(
        DAY, 0, 60 * DAY, "A contact of unknown intent joins a journey only if it is this close."
    )
    proactive_reply_window: Length = _length(
        3 * DAY,
        0,
        60 * DAY,
        "Who answers a contact that we began later than this has another matter.",
    )
    compatible_groups: frozenset[frozenset[str]] = Field(
        default=frozenset(), description="Pairs of intent groups that count as one matter."
    )
    hop_window: Length = _length(
        7 * DAY, 0, 60 * DAY, "A return by another channel is a silent failure for so long (SF-02)."
    )
    hop_window_by_intent_group: dict[str, Length] = _lengths(
        {"shipping": 30 * DAY, "billing": 30 * DAY}, "The same where money or parcels take longer."
    )

    # Handoffs
    notice_window: Length = _length(
        MINUTE, 0, DAY, "An announced handoff must be requested this soon (SF-04)."
    )
    handoff_sla: Length = _length(
        30 * MINUTE, SECOND, 30 * DAY, "By then somebody should have taken it (SF-05)."
    )
    handoff_sla_by_channel: dict[Channel, Length] = _lengths(
        {Channel.EMAIL: DAY, Channel.WEB_FORM: DAY},
        "The same where nobody waits at the screen.",
    )
    handoff_wall_max: Length = _length(
        DAY,
        MINUTE,
        30 * DAY,
        "On duty or not, a handoff that nobody took by then is orphaned; also the agreed time "
        "between human desks.",
    )
    verdict_wait: Length = _length(
        7 * DAY, MINUTE, 60 * DAY, "How long the record of what the human did is waited for."
    )
    bounce_window: Length = _length(
        15 * MINUTE, 0, DAY, "Passed on this soon after it was taken, a handoff was misrouted."
    )
    unnecessary_messages_max: Annotated[int, Field(ge=0, le=100)] = Field(
        default=1, description="An unnecessary handoff took at most so many human messages"
    )
    unnecessary_handle_seconds_max: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=120.0, description="and fewer seconds than these, without request and without act."
    )

    # Promises
    grace_share: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.1, description="A promise may be late by this share of the time promised,"
    )
    grace_min: Length = _length(15 * MINUTE, 0, 30 * DAY, "and by this in any case.")

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
        if self.dedupe_window < self.late_max:
            raise ValueError("dedupe_window: must be at least late_max")
        if self.verdict_wait < self.handoff_wall_max:
            raise ValueError("verdict_wait: must be at least handoff_wall_max")

    @field_validator("*", mode="after")
    @classmethod
    def _within_its_range(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401
        low, high = ranges().get(info.field_name or "", (0, 0))
        if high and any(not low <= length <= high for length in _every(value)):
            raise ValueError(f"must be from {write_length(low)} to {write_length(high)}")
        return value

    @cached_property
    def ages(self) -> tuple[str, ...]:
        """The names of the age buckets: each is called by its upper edge."""
        return tuple(spell(edge) for edge in self.age_edges[1:])

    @cached_property
    def label(self) -> str:
        """What every published record calls this policy: its name and a digest of its numbers."""
        numbers = {name: repr(getattr(self, name)) for name in NAMES if name != "version"}
        numbers["compatible_groups"] = repr(sorted(map(sorted, self.compatible_groups)))
        digest = hashlib.blake2b(json.dumps(numbers).encode(), digest_size=4).hexdigest()
        return f"{self.version}-{digest}"

    def horizon_at(self, edge: int) -> str | None:
        """The name of the horizon that the edge of this index is, if it is one."""
        length = self.age_edges[edge]
        return spell(length) if length in self.horizons else None

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
