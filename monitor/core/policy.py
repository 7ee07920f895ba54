"""Every number that the fold decides by, with its unit, default and reason.

All lengths of time are in microseconds (see ``moments``). A change of policy touches new
deadlines only: what is already waiting keeps the moment it was given.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

from monitor.core.moments import DAY, HOUR, MINUTE, Moment
from schemas.vocabulary import Channel


def spell(length: Moment) -> str:
    """The name of a horizon or an age: 6h, 72h, 7d."""
    # 24h and 72h are written in hours, as people who watch reopen rates say them.
    if length % DAY == 0 and length > 3 * DAY:
        return f"{length // DAY}d"
    if length % HOUR == 0:
        return f"{length // HOUR}h"
    return f"{length // MINUTE}m"


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of judgement. See docs/policy.md for the table."""

    version: str = "1"

    # Order. One minute covers the delay between topics of one system; what comes later is still
    # applied for a week, but out of order.
    lateness: Moment = MINUTE
    late_max: Moment = 7 * DAY
    future_skew_max: Moment = 5 * MINUTE
    # As long as late events are taken, a repeat of one must be known.
    dedupe_window: Moment = 7 * DAY
    seen_max: int = 20_000

    # Durability. The hazard of a return falls fast, so buckets are fine where it is high.
    age_edges: tuple[Moment, ...] = (
        0,
        HOUR,
        6 * HOUR,
        DAY,
        3 * DAY,
        7 * DAY,
        14 * DAY,
        30 * DAY,
    )
    ages: tuple[str, ...] = field(init=False)  # each bucket is called by its upper edge
    horizons: tuple[Moment, ...] = (DAY, 3 * DAY, 7 * DAY, 30 * DAY)
    # A person who reopens and closes again within five minutes clicked wrongly.
    mistaken_reopen_max: Moment = 5 * MINUTE

    # Journeys: how long a silence may be before a new contact is a new matter.
    gap: Moment = 7 * DAY
    gap_by_intent_group: dict[str, Moment] = field(
        default_factory=lambda: {"shipping": 14 * DAY, "billing": 35 * DAY}
    )
    gap_unknown_intent: Moment = DAY
    # Who answers later than that has another matter.
    proactive_reply_window: Moment = 3 * DAY
    compatible_groups: frozenset[frozenset[str]] = frozenset()
    # A hop to another channel is a silent failure for a week, and where money or parcels take
    # longer, for a month.
    hop_window: Moment = 7 * DAY
    hop_window_by_intent_group: dict[str, Moment] = field(
        default_factory=lambda: {"shipping": 30 * DAY, "billing": 30 * DAY}
    )

    # Handoffs.
    notice_window: Moment = MINUTE
    handoff_sla: Moment = 30 * MINUTE
    handoff_sla_by_channel: dict[Channel, Moment] = field(
        default_factory=lambda: {Channel.EMAIL: DAY, Channel.WEB_FORM: DAY}
    )
    handoff_wall_max: Moment = DAY
    verdict_wait: Moment = 7 * DAY
    bounce_window: Moment = 15 * MINUTE
    unnecessary_messages_max: int = 1
    unnecessary_handle_seconds_max: float = 120.0

    # Promises: a tenth of the time that was promised, and at least a quarter of an hour.
    grace_share: float = 0.1
    grace_min: Moment = 15 * MINUTE

    def __post_init__(self) -> None:
        """Refuse numbers that contradict each other."""
        if self.age_edges[0] != 0 or any(a >= b for a, b in pairwise(self.age_edges)):
            raise ValueError("policy.age_edges: must start at 0 and rise")
        strays = [spell(h) for h in self.horizons if h not in self.age_edges]
        if strays:
            raise ValueError(f"policy.horizons: not among age_edges: {', '.join(strays)}")
        if any(edge % MINUTE for edge in self.age_edges):
            raise ValueError("policy.age_edges: must be whole minutes")
        if self.dedupe_window < self.late_max:
            raise ValueError("policy.dedupe_window: must be at least late_max")
        if self.verdict_wait < self.handoff_wall_max:
            raise ValueError("policy.verdict_wait: must be at least handoff_wall_max")
        names = tuple(spell(edge) for edge in self.age_edges[1:])
        object.__setattr__(self, "ages", names)  # the way a frozen dataclass sets its own fields

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
