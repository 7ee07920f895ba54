"""What is remembered of one customer: the row of the session table.

Rule: everything here is plain data that msgspec can write and read back, with no reference to
anything but ids. Moments are microseconds. A row with no journey left is deleted.

``deadlines`` holds every moment at which silence will decide something, under the name
``kind:subject``. The tracker's heap is only an index over it.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from monitor.core.moments import Moment
from schemas.vocabulary import (
    Actor,
    Basis,
    Channel,
    HandoffKind,
    HandoffReason,
    Origin,
    Requester,
)

STATE_VERSION = 2


class Mark(msgspec.Struct, array_like=True, frozen=True):
    """An event as evidence: which, from whom, of what type, when."""

    event_id: str
    source: str
    type: str
    at: Moment

    @property
    def name(self) -> tuple[str, str]:
        """What tells it from every other event."""
        return self.source, self.event_id


class Episode(msgspec.Struct, array_like=True):
    """One claim of resolution on trial: the unit of durability.

    ``open_bounds`` are the readings of "the same issue" under which it still stands,
    ``failed_bounds`` those under which it does not. It is in neither when it was censored.
    """

    id: str
    conversation_id: str
    claim: Mark
    by: Actor
    basis: Basis
    ai_version: str
    intent_group: str
    channel: Channel
    open_bounds: list[str]
    failed_bounds: list[str] = []
    bucket: int = 0
    entered_at: Moment = 0
    suspended_by: Mark | None = None
    returned: Mark | None = None
    gen_ai_conversation_id: str | None = None
    gen_ai_response_id: str | None = None


class Owner(StrEnum):
    """Who has a conversation, and so owes the customer an answer."""

    NOBODY = "nobody"
    AI = "ai"
    QUEUE = "queue"
    HUMAN = "human"
    LOST = "lost"


class Loop(msgspec.Struct, array_like=True):
    """What is remembered of a conversation to see that it turns in circles (SF-14)."""

    hashes: list[int] = []
    run: int = 0
    intent: str | None = None
    replied: bool = False


class Turns(msgspec.Struct, array_like=True):
    """Who has a conversation, who spoke in it, and what waits for an answer."""

    owner: Owner = Owner.NOBODY
    owner_at: Moment = 0
    given_back: bool = False
    ai_spoke: bool = False
    human_spoke: bool = False
    accepted: bool = False
    last_at: Moment = 0
    settled_at: Moment = 0
    waiting: Mark | None = None
    left_open: Mark | None = None
    abandoned: tuple[str, ...] = ()
    heard_since: bool = False
    wants_human: Mark | None = None
    ai_went_on: int = 0
    to_ai: dict[str, HandoffKind] = {}
    loop: Loop | None = None


class Conversation(msgspec.Struct, array_like=True):
    """One contact on one channel."""

    id: str
    journey: int
    started_at: Moment
    channel: Channel = Channel.UNKNOWN
    origin: Origin = Origin.UNKNOWN
    linked: bool = False
    counted_as: tuple[str, ...] = ()
    identified: bool = False
    involved: bool = False
    intent: str | None = None
    intent_group: str | None = None
    entity_ref: str | None = None
    case_id: str | None = None
    ai_version: str | None = None
    answered_by_version: str | None = None
    gen_ai_conversation_id: str | None = None
    gen_ai_response_id: str | None = None
    asked_for_human: bool = False
    human_actions: int = 0
    episode: str | None = None
    claimed_unfollowed: bool = False
    handoffs: list[str] = []
    notice: Mark | None = None
    turns: Turns = msgspec.field(default_factory=Turns)
    missed: dict[str, str] = {}


class Journey(msgspec.Struct, array_like=True):
    """The contacts of one customer that belong together."""

    id: int
    started_at: Moment
    last_at: Moment
    until: Moment
    conversations: list[str] = []


class Handoff(msgspec.Struct, array_like=True):
    """One request that somebody else take over, until how it ended is known."""

    id: str
    conversation_id: str
    request: Mark
    kind: HandoffKind
    requested_by: Requester
    reason_code: HandoffReason
    within_hours: str
    customer_asked: bool
    queue: str | None = None
    queue_role: str | None = None
    accepted_at: Moment | None = None
    terminal: str | None = None
    verdict: str | None = None
    misrouted: bool = False
    returned: bool = False
    human_messages: int = 0
    human_actions: int = 0


class Commitment(msgspec.Struct, array_like=True):
    """One promise, until its time has come."""

    id: str
    conversation_id: str | None
    made: Mark
    kind: str
    made_by: Actor
    due_at: Moment
    fulfilled: Mark | None = None
    withdrawn: Mark | None = None


class Suggestion(msgspec.Struct, array_like=True):
    """One suggestion to a human agent, until what became of it is known."""

    id: str
    conversation_id: str
    ai_version: str


class Raised(msgspec.Struct, array_like=True):
    """A finding that later evidence may still overturn.

    What is dated from ``since`` and before ``until``, and comes late, overturns it.
    """

    finding_id: str
    conversation_id: str | None
    confidence: str
    ai_version: str
    value_band: str = "unknown"
    since: Moment = 0
    until: Moment = 0


class Customer(msgspec.Struct, array_like=True):
    """All that is known of one customer, from the first contact to the last deadline."""

    key: str
    journeys: dict[int, Journey] = {}
    conversations: dict[str, Conversation] = {}
    episodes: dict[str, Episode] = {}
    handoffs: dict[str, Handoff] = {}
    commitments: dict[str, Commitment] = {}
    raised: dict[str, Raised] = {}
    deadlines: dict[str, Moment] = {}
    seen: dict[int, Moment] = {}
    journeys_begun: int = 0
    version: int = STATE_VERSION
    suggestions: dict[str, Suggestion] = {}
