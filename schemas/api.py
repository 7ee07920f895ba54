"""What the live page's API answers. Everything in it is counted, estimated or published elsewhere.

Rule: customers are keyed hashes here as in everything that leaves the process, and there is no
text of any message. What is not known is left out; it is never 0.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from schemas.envelope import Frozen
from schemas.published import Confidence, Evidence

_OF_CLAIMS = "Of claims that they are the same issue, the reading `same_issue` of the rules."


class Estimate(Frozen):
    """A share, and the range that it lies in with 95 % confidence."""

    value: float
    lower95: float
    upper95: float


class Held(Frozen):
    """How much of what was claimed still stands at an age."""

    age: str = Field(description="Such as 24h or 7d.")
    seconds: float = Field(description="The same age in seconds.")
    is_horizon: bool = Field(description="Whether it is one of the horizons that are judged.")
    durable: Estimate | None = Field(
        default=None, description="Left out while nothing is that old."
    )
    matured_durable: int | None = Field(
        default=None, description="Claims that have reached this horizon, and held."
    )
    matured_failed: int | None = Field(
        default=None, description="Claims that would have reached this horizon, and had failed."
    )


class Version(Frozen):
    """One version of the AI, or the people, by what they claimed and what held."""

    ai_version: str = Field(description="`none` are the people.")
    on_trial: int = Field(description="Claims that are on trial now.")
    claimed: int = Field(description="Claims of resolution, by whomever.")
    failed: int = Field(
        description="Claims that did not hold. Where none ever failed, a practice without loss is "
        "untested, unless customers who come back would be seen."
    )
    involved: int | None = Field(
        default=None, description="Conversations in which the AI took part."
    )
    paper: Estimate | None = Field(
        default=None, description="Claims of the AI, of the conversations in which it took part."
    )
    practice: Estimate | None = Field(
        default=None,
        description="The same without what customers had left, times how much of it holds for "
        "the horizon at which a claim is called durable.",
    )
    curve: tuple[Held, ...] = Field(description=_OF_CLAIMS)


class Escalation(Frozen):
    """The handoffs of one kind."""

    kind: str
    requested: int
    ended: dict[str, int] = Field(description="By how they ended, those that have.")
    needed: dict[str, int] = Field(description="By whether they were needed, those judged.")


class Effort(Frozen):
    """What journeys cost their customers on average, at a checkpoint and by what became of them.

    What was recorded of none of these journeys is left out.
    """

    at: str
    outcome: str
    journeys: int
    contacts: float | None = None
    channels: float | None = None
    transfers: float | None = None
    customer_messages: float | None = None
    repeated_requests: float | None = None
    wait_seconds: float | None = None


class SilentFailures(Frozen):
    """Silent failures of one kind and certainty."""

    sf: str
    name: str
    because: str = Field(description="The rule behind it, in one sentence.")
    confidence: Confidence
    found: int
    taken_back: int = Field(description="Those that later evidence overturned.")
    standing: int
    per_100: float | None = Field(default=None, description="Standing, per 100 conversations.")


class Board(Frozen):
    """Everything at one look, since counting began."""

    event_time: datetime | None = Field(
        default=None, description="How far customers' time has come, where it has come least far."
    )
    lag_seconds: float = Field(description="How long records have waited to be read; 0: none do.")
    policy_version: str
    durable_horizon: str = Field(description="The age at which a claim is called durable.")
    partitions: int
    without_answer: tuple[int, ...] = Field(
        description="Partitions whose owner gave no answer; what is counted there is missing."
    )
    events: int | None = Field(default=None, description="Events received, heartbeats left out.")
    conversations: int | None = None
    journeys: int | None = None
    claimed: int | None = Field(default=None, description="Claims of resolution, by whomever.")
    dead_letters: int | None = Field(default=None, description="Records that could not be read.")
    blind: tuple[str, ...] = Field(description="Signals that cannot be trusted now.")
    versions: tuple[Version, ...]
    escalations: tuple[Escalation, ...]
    missed_escalations: dict[str, int] = Field(
        description="Escalations that were called for and not made, by why."
    )
    effort: tuple[Effort, ...]
    silent_failures: tuple[SilentFailures, ...]


class Found(Frozen):
    """A finding in the feed. It is there once it is durable."""

    cursor: str = Field(description="Its place in the feed.")
    id: str
    sf: str
    name: str
    because: str = Field(description="The rule behind it, in one sentence.")
    confidence: Confidence
    journey: str
    conversation_id: str | None = None
    decided_at: datetime = Field(description="The moment, in customers' time, that decided it.")
    ai_version: str
    intent_group: str
    channel: str
    value_band: str
    retracted: bool = Field(description="It says that an earlier one was wrong.")
    stands: bool = Field(description="Nothing later has corrected it or taken it back.")
    replaces: str | None = Field(
        default=None, description="The id of the finding that this corrects."
    )
    evidence: tuple[Evidence, ...]


class Findings(Frozen):
    """A piece of the feed, newest first by the customers' time that decided it."""

    findings: tuple[Found, ...]
    next: str | None = Field(default=None, description="The cursor to ask for what is older.")
    remembered: int = Field(description="Findings that the feed goes back; the topic has more.")
    values: dict[str, tuple[str, ...]] = Field(
        description="What can be filtered by: kinds, versions, channels and intents that occur."
    )


class Contact(Frozen):
    """One conversation of a journey."""

    conversation_id: str
    channel: str
    started_at: datetime | None = None
    ai_version: str | None = None
    intent_group: str | None = None


class Entry(Frozen):
    """Something on a journey's timeline."""

    at: datetime
    what: Literal["contact", "event", "due", "verdict", "finding", "pending"]
    told: str = Field(description="What it is, in a few words.")
    channel: str | None = None
    conversation_id: str | None = None
    rule: str | None = Field(
        default=None, description="The id of the rule that fired or will fire."
    )
    because: str | None = Field(default=None, description="That rule in one sentence.")
    confidence: Confidence | None = None
    stands: bool | None = None
    evidence: tuple[Evidence, ...] = ()


class Timeline(Frozen):
    """One journey over its channels, as far as the workers remember it."""

    journey: str
    event_time: datetime | None = Field(
        default=None, description="How far customers' time has come."
    )
    open: bool = Field(description="Whether it is remembered as it stands now.")
    as_of: datetime | None = Field(
        default=None,
        description="Of a journey that is over: how it stood then, when something was found in it "
        "last. Left out where only what was found is known.",
    )
    ended_at: datetime | None = Field(
        default=None, description="When it ended, if its owner knows."
    )
    without_answer: tuple[int, ...] = Field(
        description="Partitions whose owner gave no answer; there may be more."
    )
    contacts: tuple[Contact, ...]
    entries: tuple[Entry, ...] = Field(description="The oldest first.")


class Refusal(Frozen):
    """Why there is no answer."""

    error: str
