"""What is remembered of one customer: the row of the session table.

Rule: everything here is plain data for msgspec and refers to others by id alone, so the garbage
collector need not look (``gc=False``). Moments are microseconds. No journey left: no row.

``deadlines`` holds every moment at which silence will decide something, under the name
``kind:subject``. The tracker's heap is only an index over it.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from monitor.core.form import STATE_VERSION
from monitor.core.moments import Moment
from schemas.vocabulary import (
    Actor,
    Basis,
    Channel,
    HandoffKind,
    HandoffReason,
    MessageKind,
    Origin,
    Requester,
    ValueBand,
)


class Mark(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An event as evidence: which, from whom, of what type, when."""

    event_id: str
    source: str
    type: str
    at: Moment

    @property
    def name(self) -> tuple[str, str]:
        """What tells it from every other event."""
        return self.source, self.event_id


class Failure(msgspec.Struct, array_like=True, gc=False):
    """What undid a claim, as it was counted, so that it can be taken back.

    ``by`` is the customer's message (cause ``reopen``) or the contact (a repeat) that did.
    """

    outcome_id: str
    match: str
    cause: str
    age: int
    bounds: list[str]
    proof: Mark | None
    by: str = ""


class Episode(msgspec.Struct, array_like=True, gc=False):
    """One claim of resolution on trial: the unit of durability.

    ``open_bounds`` are the readings of "the same issue" under which it still stands,
    ``failed_bounds`` those under which it does not. It is in neither when it was censored.
    ``told`` has by horizon what was published last: which record, and the widest bound it stood by.
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
    failures: list[Failure] = []
    bucket: int = 0
    entered_at: Moment = 0
    suspended_by: Mark | None = None
    returned: Mark | None = None
    gen_ai_conversation_id: str | None = None
    gen_ai_response_id: str | None = None
    issue: str = ""
    entry_ai_version: str = "none"
    assisted: bool = False
    censored: bool = False
    hopped_by: str | None = None
    escalated: bool = False
    told: dict[str, tuple[str, str]] = {}

    @property
    def failed_bounds(self) -> list[str]:
        """The readings under which it failed."""
        return [bound for failure in self.failures for bound in failure.bounds]


class Owner(StrEnum):
    """Who has a conversation, and so owes the customer an answer."""

    NOBODY = "nobody"
    AI = "ai"
    QUEUE = "queue"
    HUMAN = "human"
    LOST = "lost"


class Loop(msgspec.Struct, array_like=True, gc=False):
    """What is remembered of a conversation to see that it turns in circles (SF-14)."""

    hashes: list[int] = []
    run: int = 0
    intent: str | None = None
    replied: bool = False


class Turns(msgspec.Struct, array_like=True, gc=False):
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
    waits_for: str = ""
    left_open: Mark | None = None
    abandoned: tuple[str, ...] = ()
    heard_since: bool = False
    wants_human: Mark | None = None
    ai_went_on: int = 0
    to_ai: dict[str, HandoffKind] = {}
    loop: Loop | None = None


class Effort(msgspec.Struct, array_like=True, gc=False):
    """What one conversation cost its customer.

    ``waited`` is how long it waited on the AI, a human, the company and the customer; since
    ``since`` it waits on the one of them with the number ``waits_on``, or on nobody (-1).
    """

    began_at: Moment | None = None
    asked_at: Moment | None = None
    transfers: int = 0
    customer_messages: int = 0
    repeated_requests: int = 0
    waits_on: int = -1
    since: Moment = 0
    waited: list[Moment] = []


class Claims(msgspec.Struct, array_like=True, gc=False):
    """The claims of one conversation: how many, how many failed, and the last that is decided.

    ``failed`` counts trials that are over; ``held`` says that one has reached the horizon at
    which it is called durable.
    """

    count: int = 0
    failed: int = 0
    held: bool = False
    last: Episode | None = None


class Conversation(msgspec.Struct, array_like=True, gc=False):
    """One contact on one channel."""

    id: str
    journey: int
    started_at: Moment
    channel: Channel = Channel.UNKNOWN
    origin: Origin = Origin.UNKNOWN
    linked: bool = False
    counted_as: tuple[str, ...] = ()
    named: bool = False
    involved_as: tuple[str, ...] = ()
    counted_identified: bool = False
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
    episodes: list[str] = []
    unfollowed: dict[str, Moment] = {}
    handoffs: list[str] = []
    notice: Mark | None = None
    turns: Turns = msgspec.field(default_factory=Turns)
    missed: dict[str, str] = {}
    effort: Effort = msgspec.field(default_factory=Effort)
    claims: Claims = msgspec.field(default_factory=Claims)
    entry_ai_version: str | None = None
    heard: str | None = None
    closed_at: Moment = 0
    opened_at: Moment = 0
    spam: bool = False
    second: str | None = None
    second_mark: Mark | None = None
    eta_at: Moment = 0
    unsure: bool = False
    answered_at: Moment = 0


class Journey(msgspec.Struct, array_like=True, gc=False):
    """The contacts of one customer that belong together."""

    id: int
    started_at: Moment
    last_at: Moment
    until: Moment
    conversations: list[str] = []
    checkpoints: int = 0
    overdue: bool = False
    ended: bool = False
    outcome: str | None = None


class Verdict(msgspec.Struct, array_like=True, gc=False):
    """Whether a handoff was needed, as it was counted, so that it can be taken back."""

    outcome_id: str
    verdict: str
    basis: str
    ai_version: str


class Bounce(msgspec.Struct, array_like=True, gc=False):
    """A handoff was passed on soon after it was taken: when, and between which roles."""

    at: Moment
    from_role: str
    to_role: str


class Handoff(msgspec.Struct, array_like=True, gc=False):
    """One request that somebody else take over, until how it ended is known.

    By ``due_at`` somebody should take it, on the clock of its ``calendar`` if it has one.
    """

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
    verdict: Verdict | None = None
    bounce: Bounce | None = None
    returned: bool = False
    human_messages: int = 0
    human_actions: int = 0
    due_at: Moment = 0
    calendar: str = ""


class Commitment(msgspec.Struct, array_like=True, gc=False):
    """One promise, until its time has come, and for a while after if it was broken.

    ``broken_at`` is when it was judged so, by the record ``outcome_id``.
    """

    id: str
    conversation_id: str | None
    made: Mark
    kind: str
    made_by: Actor
    due_at: Moment
    fulfilled: Mark | None = None
    withdrawn: Mark | None = None
    value_band: ValueBand = ValueBand.UNKNOWN
    overdue: bool = False
    broken_at: Moment | None = None
    outcome_id: str = ""


class Action(msgspec.Struct, array_like=True, gc=False):
    """Something done for the customer, or said to be done, while it can be confirmed or undone.

    ``ai_version`` is empty until the AI has a part in it. ``due_at`` is when the ledger should
    know of it, and later when it should have posted it; a verdict is still to come while there is
    a deadline ``ledger`` or ``posted`` of it.
    """

    id: str
    kind: str
    last_at: Moment
    conversation_id: str | None = None
    entity_ref: str | None = None
    value_band: ValueBand = ValueBand.UNKNOWN
    ai_version: str = ""
    claimed: Mark | None = None
    executed: Mark | None = None
    failed: Mark | None = None
    told_at: Moment = 0
    confirmed: bool = False
    posted: bool = False
    begun_at: Moment = 0
    due_at: Moment = 0
    undone: bool = False


class PastClaim(msgspec.Struct, array_like=True, gc=False):
    """A claim of the AI whose trial is over, as long as it can still be contradicted."""

    conversation_id: str
    claim: Mark
    ai_version: str


class Suggestion(msgspec.Struct, array_like=True, gc=False):
    """One suggestion to a human agent, until what became of it is known."""

    id: str
    conversation_id: str
    ai_version: str


class Raised(msgspec.Struct, array_like=True, gc=False):
    """A finding; what is dated from ``since`` and before ``until``, and is late, overturns it."""

    finding_id: str
    conversation_id: str | None
    confidence: str
    ai_version: str
    value_band: str = "unknown"
    since: Moment = 0
    until: Moment = 0


class Issue(msgspec.Struct, array_like=True, gc=False):
    """A matter within a conversation, as long as the conversation is known."""

    conversation_id: str
    id: str
    opened: Mark | None = None
    resolved_at: Moment = 0
    intent: str | None = None


class Word(msgspec.Struct, array_like=True, gc=False):
    """A customer's message after a claim that is no return, or of which that is not known yet."""

    conversation_id: str
    message_id: str
    mark: Mark
    kind: MessageKind
    intent: str | None = None


class Alias(msgspec.Struct, array_like=True, gc=False):
    """A reference that is another name of a customer, as long as it is remembered."""

    to: str
    until: Moment


class Customer(msgspec.Struct, array_like=True, gc=False):
    """All that is known of one customer, from the first contact to the last deadline.

    Where ``alias`` is set the key is only another name, and what is known lies elsewhere: here
    are the ids of events that came under it. ``devices`` are references that share a device with
    this customer, each until a moment. ``arriving`` is what others told of this customer, until
    its time has come (see ``monitor.core.notes``). ``version`` is that of the row's beginning.
    """

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
    words: dict[str, Word] = {}
    issues: dict[str, Issue] = {}
    suggestions: dict[str, Suggestion] = {}
    actions: dict[str, Action] = {}
    claims: dict[str, PastClaim] = {}
    alias: Alias | None = None
    devices: dict[str, Moment] = {}
    arriving: dict[str, bytes] = {}
