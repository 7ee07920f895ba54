"""The numbers of the policy on turns, actions, journeys' ends, calendars and the monitor itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from monitor.core.calendars import Calendar
from monitor.core.moments import DAY, HOUR, MINUTE, SECOND
from monitor.core.policy_fields import STRICT, Length, Name, Words, span, spans
from schemas.vocabulary import Channel


@dataclass(frozen=True, config=STRICT)
class Turns:
    """Who answers whom, and how long silence may last."""

    kind_wait: Length = span(
        10 * MINUTE,
        0,
        DAY,
        "A message of unknown kind after a claim is held so long: it may be thanks.",
    )
    reply_window: Length = span(
        5 * MINUTE, SECOND, DAY, "By then the AI must have answered the customer (SF-12)."
    )
    reply_window_by_channel: dict[Channel, Length] = spans(
        {Channel.EMAIL: 30 * MINUTE, Channel.WEB_FORM: 30 * MINUTE},
        "The same where nobody waits at the screen.",
    )
    limbo_window: Length = span(
        10 * MINUTE, SECOND, DAY, "The same after a handoff was given back or lost (SF-13)."
    )
    ignored_window: Length = span(
        30 * MINUTE,
        MINUTE,
        DAY,
        "After so much silence a customer who asked for a human was ignored (SF-11).",
    )
    parallel_window: Length = span(
        DAY,
        MINUTE,
        30 * DAY,
        "A second contact this soon, while the AI has the first, is despair (SF-15).",
    )
    loop_memory: Annotated[int, Field(ge=1, le=64)] = Field(
        default=4, description="Answers of a conversation remembered to see repetition (SF-14)."
    )
    escalate_intents: Words = Field(
        default=frozenset(),
        description="Intents, or groups of them, that the AI must hand over.",
    )
    eta_window: Length = span(
        2 * MINUTE,
        SECOND,
        DAY,
        "Who is handed over out of hours must be told when somebody comes this soon (SF-06).",
    )


@dataclass(frozen=True, config=STRICT)
class Actions:
    """What was done, what the ledger knows of it, and what contradicts a claim later."""

    ledger_window: Length = span(
        HOUR, SECOND, 60 * DAY, "By then the ledger should know of an action (SF-08)."
    )
    ledger_window_by_kind: dict[str, Length] = spans(
        {"refund": 15 * MINUTE, "address_change": 5 * MINUTE, "shipment": DAY},
        "The same for kinds of actions that take less or more.",
    )
    posted_window_by_kind: dict[str, Length] = spans(
        {"refund": 3 * DAY},
        "Kinds that must also be posted, and by when (SF-08).",
    )
    ledger_producers: Words = Field(
        default=frozenset({"ledger"}),
        description="Producers whose heartbeats vouch that the ledger has told everything.",
    )
    ledger_recheck: Length = span(
        15 * MINUTE, MINUTE, DAY, "How often a late ledger is looked at again."
    )
    ledger_patience: Length = span(DAY, MINUTE, 30 * DAY, "How long a late ledger is waited for.")
    undone_window: Length = span(
        30 * DAY, MINUTE, 366 * DAY, "Work of the AI that is undone this soon was wrong (SF-10)."
    )
    rating_window: Length = span(
        7 * DAY, MINUTE, 60 * DAY, "A bad rating this soon contradicts a claim (SF-17)."
    )
    signal_window: Length = span(
        60 * DAY,
        DAY,
        366 * DAY,
        "A complaint or chargeback this soon contradicts a claim (SF-17); claims of the AI are "
        "remembered so long.",
    )
    redo_window: Length = span(
        7 * DAY,
        MINUTE,
        60 * DAY,
        "A human who does this soon what the AI claimed, did it again (SF-18).",
    )
    suggestion_wait: Length = span(
        DAY, MINUTE, 30 * DAY, "A suggestion not used by then was discarded."
    )
    reviewers: Words = Field(
        default=frozenset({"human", "qa"}),
        description="Evaluators whose word on an escalation is record, not opinion.",
    )
    promise_memory: Length = span(
        7 * DAY, 0, 60 * DAY, "How long a broken promise is watched for late news."
    )


@dataclass(frozen=True, config=STRICT)
class Bounds:
    """How much is remembered of one customer, and how the monitor watches itself."""

    conversations_max: Annotated[int, Field(ge=2, le=1_000_000)] = Field(
        default=500, description="Conversations remembered of one customer; older ones are evicted."
    )
    open_max: Annotated[int, Field(ge=2, le=1_000_000)] = Field(
        default=500,
        description="Handoffs, promises, actions, suggestions, issues, claims, findings and "
        "messages after a claim remembered of one customer, of each.",
    )
    waiting_max: Annotated[int, Field(ge=2, le=10_000_000)] = Field(
        default=10_000, description="Events of one customer that may wait for their order."
    )
    blind_window: Length = span(
        15 * MINUTE, MINUTE, DAY, "How often the monitor looks for what it does not see (SF-20)."
    )
    blind_min: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=20, description="Fewer than these in a usual window say nothing about silence."
    )


@dataclass(frozen=True, config=STRICT)
class Duty:
    """When people are on duty."""

    calendar: str = Field(
        default="",
        description="The calendar of queues and channels that have none of their own; "
        "without one nobody knows who is on duty, and the agreed time runs day and night.",
    )
    calendar_by_channel: dict[Channel, str] = Field(
        default_factory=dict, description="The same for what comes by a channel."
    )
    calendar_by_queue: dict[str, str] = Field(
        default_factory=dict, description="The same for what goes to a queue; it comes first."
    )
    calendars: dict[Name, Calendar] = Field(
        default_factory=dict, description="The hours on duty, each calendar under its name."
    )
