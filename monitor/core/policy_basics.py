"""The numbers of the policy on order, durability, journeys, handoffs and promises."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from monitor.core.moments import DAY, HOUR, MINUTE, SECOND
from monitor.core.policy_fields import STRICT, Length, Name, span, spans
from schemas.vocabulary import Channel


@dataclass(frozen=True, config=STRICT)
class Basics:
    """Order, durability, journeys, handoffs and promises."""

    version: Name = Field(
        default="default",
        description="Your name for this policy; records carry it with a digest of the numbers.",
    )

    # Order
    lateness: Length = span(
        MINUTE,
        0,
        DAY,
        "Events this late are still put in order. Covers the delay between topics of one system; "
        "every verdict waits for it.",
    )
    late_max: Length = span(7 * DAY, 0, 60 * DAY, "Events later than this are dropped and counted.")
    future_skew_max: Length = span(
        5 * MINUTE,
        0,
        DAY,
        "An event dated further ahead takes the time its record was written, for it would make "
        "all others late.",
    )
    dedupe_window: Length = span(
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
        default=(
            *(0, HOUR, 6 * HOUR),
            *(DAY, 2 * DAY, 3 * DAY, 5 * DAY, 7 * DAY, 14 * DAY, 30 * DAY),
        ),
        description="Edges of the age buckets; fine where the hazard of a return falls fast.",
        json_schema_extra={"range": [0, 366 * DAY]},
    )
    horizons: tuple[Length, ...] = Field(
        default=(DAY, 3 * DAY, 7 * DAY, 30 * DAY),
        description="Ages at which durability is judged. Each is one of age_edges.",
        json_schema_extra={"range": [MINUTE, 366 * DAY]},
    )
    durable_horizon: Length = span(
        7 * DAY,
        MINUTE,
        366 * DAY,
        "The horizon at which a resolution is called durable in times and journeys.",
    )
    mistaken_reopen_max: Length = span(
        5 * MINUTE, 0, DAY, "Staff who reopen and close again this soon clicked wrongly."
    )

    # Journeys
    gap: Length = span(
        7 * DAY, HOUR, 366 * DAY, "After a longer silence a new contact is a new matter."
    )
    gap_by_intent_group: dict[str, Length] = spans(
        {"shipping": 14 * DAY, "billing": 35 * DAY},
        "The same where things take longer: parcels are slow, bills come monthly.",
    )
    gap_unknown_intent: Length = span(
        DAY, 0, 60 * DAY, "A contact of unknown intent joins a journey only if it is this close."
    )
    proactive_reply_window: Length = span(
        3 * DAY,
        0,
        60 * DAY,
        "Who answers a contact that we began later than this has another matter.",
    )
    link_memory: Length = span(
        90 * DAY,
        DAY,
        366 * DAY,
        "How long a link between references is remembered after it was last used.",
    )
    compatible_groups: frozenset[frozenset[str]] = Field(
        default=frozenset(), description="Pairs of intent groups that count as one matter."
    )
    hop_window: Length = span(
        7 * DAY, 0, 60 * DAY, "A return by another channel is a silent failure for so long (SF-02)."
    )
    hop_window_by_intent_group: dict[str, Length] = spans(
        {"shipping": 30 * DAY, "billing": 30 * DAY}, "The same where money or parcels take longer."
    )

    # Handoffs
    notice_window: Length = span(
        MINUTE, 0, DAY, "An announced handoff must be requested this soon (SF-04)."
    )
    handoff_sla: Length = span(
        30 * MINUTE, SECOND, 30 * DAY, "By then somebody should have taken it (SF-05)."
    )
    handoff_sla_by_channel: dict[Channel, Length] = spans(
        {Channel.EMAIL: DAY, Channel.WEB_FORM: DAY},
        "The same where nobody waits at the screen.",
    )
    handoff_wall_max: Length = span(
        DAY,
        MINUTE,
        30 * DAY,
        "On duty or not, a handoff that nobody took by then is orphaned; also the agreed time "
        "between human desks.",
    )
    verdict_wait: Length = span(
        7 * DAY, MINUTE, 60 * DAY, "How long the record of what the human did is waited for."
    )
    bounce_window: Length = span(
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
    grace_min: Length = span(15 * MINUTE, 0, 30 * DAY, "and by this in any case.")
