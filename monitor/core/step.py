"""One step of the fold: a customer, a moment, and everything that comes of it.

``at`` is the moment the event or deadline speaks of, ``now`` how far the fold has come. They
differ only for events that arrive later than allowed: ages are measured with ``at``, while
exposure, which cannot run backwards, is settled at ``now``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from monitor.core.moments import Moment, datetime_of
from monitor.core.sight import SERIES_OF, Sight
from monitor.core.state import Conversation, Customer, Mark
from schemas.making import unchecked
from schemas.published import Evidence

if TYPE_CHECKING:
    # A step is never written or read, so its fields' types are not looked up.
    from monitor.core.notes import Arrival  # noqa: TC004
    from monitor.core.outputs import Output  # noqa: TC004
    from monitor.core.policy import Policy  # noqa: TC004
    from monitor.core.totals import Totals  # noqa: TC004
    from schemas.envelope import Envelope

NO_AI = "none"
UNKNOWN = "unknown"

_evidence = unchecked(Evidence)


def content_id(*parts: str) -> str:
    """An id that the same content always gets, so that repeats can be dropped."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


def known(reference: str | None) -> str | None:
    """A reference that says something, for a producer may write that it does not know."""
    return None if reference == UNKNOWN else reference


def mark_of(event: Envelope, at: Moment) -> Mark:
    """An event as evidence."""
    told = vars(event)
    return Mark(told["id"], told["source"], told["type"], at)


def evidence_of(*marks: Mark | None) -> tuple[Evidence, ...]:
    """Evidence in the form that is published."""
    told = [
        _evidence(
            event_id=mark.event_id,
            source=mark.source,
            type=mark.type,
            occurred_at=datetime_of(mark.at),
        )
        for mark in marks
        if mark is not None
    ]
    return tuple(told)


class Counted(NamedTuple):
    """What a total was added, in the unit of the core."""

    metric: str
    labels: tuple[str, ...]
    value: int


class Step(msgspec.Struct, gc=False):
    """The surroundings of one event or deadline.

    Rule: one is made for each of them, so it is of the kind that is made fastest.
    """

    customer: Customer
    policy: Policy
    totals: Totals
    at: Moment
    now: Moment
    mark: Mark | None = None
    outputs: list[Output] = []
    waits: list[tuple[Moment, str]] = []
    #: What others are to hear of it, each by a reference.
    sends: list[tuple[str, Arrival]] = []
    #: What the partition sees of its sources.
    sight: Sight = msgspec.field(default_factory=Sight)
    #: What was counted, where somebody wants to know.
    counted: list[Counted] | None = None

    def wait(self, kind: str, subject: str, until: Moment) -> None:
        """Let silence decide at a moment, unless ``forget`` is called before."""
        deadline = f"{kind}:{subject}"
        self.customer.deadlines[deadline] = until
        self.waits.append((until, deadline))

    def forget(self, kind: str, subject: str) -> None:
        """Wait no longer."""
        self.customer.deadlines.pop(f"{kind}:{subject}", None)

    def count(self, name: str, *labels: str) -> None:
        """Add one to a total."""
        self.totals.add(name, *labels)
        if name in SERIES_OF:
            self.sight.note(SERIES_OF[name], self.at, self.policy.blind_window)
        if self.counted is not None:
            self.counted.append(Counted(name, labels, 1))

    def shift(self, name: str, by: int, *labels: str) -> None:
        """Move a gauge up or down, or a counter of time on."""
        self.totals.shift(name, by, *labels)

    def observe(self, name: str, value: int, *labels: str) -> None:
        """Put a value, a count or a length of time, into a histogram."""
        self.totals.observe(name, value, *labels)
        if self.counted is not None:
            self.counted.append(Counted(name, labels, value))

    def say(self, output: Output) -> None:
        """Put out a value."""
        self.outputs.append(output)

    def published(self, conversation: Conversation | None, *parts: str) -> dict[str, Any]:
        """The fields that everything published has, with an id made from ``parts``."""
        journey = conversation.journey if conversation else 0
        return {
            "id": content_id(self.customer.key, *parts),
            "journey": f"{self.customer.key}\x1f{journey}",
            "conversation_id": conversation.id if conversation else None,
            "decided_at": datetime_of(self.at),
            "ai_version": version_of(conversation),
            "intent_group": group_of(conversation),
            "channel": str(conversation.channel) if conversation else UNKNOWN,
            "policy_version": self.policy.label,
        }


def version_of(conversation: Conversation | None) -> str:
    """The AI version that answers for a conversation: of the last answer, else of entry."""
    if conversation is None:
        return UNKNOWN
    return conversation.answered_by_version or conversation.ai_version or NO_AI


def is_identified(conversation: Conversation) -> bool:
    """Whether it is known who the customer is: named, and not known by the device alone."""
    return conversation.named and not conversation.unsure


def group_of(conversation: Conversation | None) -> str:
    """The intent group of a conversation as a label."""
    return (conversation.intent_group if conversation else None) or UNKNOWN
