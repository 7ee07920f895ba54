"""What the fold says. Outcomes and findings are published; the rest is for reports and tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemas.published import (
    CommitmentOutcome,
    EpisodeOutcome,
    Finding,
    HandoffOutcome,
    JourneyOutcome,
)

if TYPE_CHECKING:
    from monitor.core.moments import Moment
    from schemas.vocabulary import Actor, Basis


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An event that was seen before. It is counted, and changes nothing."""

    event_id: str


@dataclass(frozen=True, slots=True)
class Late:
    """An event whose moment had passed; too late to be applied if ``dropped``."""

    event_id: str
    late_by: Moment
    dropped: bool


@dataclass(frozen=True, slots=True)
class Contacted:
    """A conversation was seen for the first time."""

    conversation_id: str
    case_id: str | None
    at: Moment


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim of resolution was put on trial, or would be if its customer were known."""

    conversation_id: str
    at: Moment
    by: Actor
    basis: Basis


@dataclass(frozen=True, slots=True)
class Reopened:
    """A conversation was reopened, for whatever reason."""

    conversation_id: str
    at: Moment


@dataclass(frozen=True, slots=True)
class HandoffOpened:
    """A handoff was requested."""

    conversation_id: str
    handoff_id: str


@dataclass(frozen=True, slots=True)
class Misrouted:
    """A handoff reached a queue that passed it on unhelped, or so it had seemed."""

    conversation_id: str
    handoff_id: str
    retracted: bool = False


Published = EpisodeOutcome | HandoffOutcome | CommitmentOutcome | JourneyOutcome | Finding
Output = Published | Duplicate | Late | Contacted | Claimed | Reopened | HandoffOpened | Misrouted
