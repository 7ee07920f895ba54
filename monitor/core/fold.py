"""Which part of the core takes which event, and which deadline.

Rule: this table is the whole routing. An event type that is not in it is counted as applied and
changes nothing; a later version that understands it adds a line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.core import commitments, conversations, episodes, handoffs, journeys
from monitor.core.silent import sf04
from schemas import conversations as said
from schemas import followups as followed
from schemas import handoffs as handed
from schemas.envelope import Context
from schemas.vocabulary import Actor

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.core.state import Conversation
    from monitor.core.step import Step
    from schemas.envelope import Envelope


def fold(step: Step, event: Envelope) -> None:
    """Apply one event to its customer."""
    context: Any = event.data
    if not isinstance(context, Context) or context.test:
        return
    conversation_id = getattr(context, "conversation_id", None)
    conversation = None
    if conversation_id is not None:
        conversation = conversations.hear_of(step, conversation_id, context)
        if type(event) in _ON_CONVERSATION:
            _ON_CONVERSATION[type(event)](step, conversation, context)
    if type(event) in _ON_CUSTOMER:
        _ON_CUSTOMER[type(event)](step, conversation, context)
    # What a machine does by itself, such as closing after a week, is no sign of life.
    told = vars(context)
    if conversation is not None and Actor.SYSTEM not in (told.get("actor"), told.get("by")):
        journeys.touch(step, conversation)


def expire(step: Step, deadline: str) -> None:
    """Let the silence of one deadline, ``kind:subject``, decide."""
    kind, _, subject = deadline.partition(":")
    del step.customer.deadlines[deadline]
    _ON_DEADLINE[kind](step, subject)


_ON_CONVERSATION: dict[type[Envelope], Callable[[Step, Conversation, Any], None]] = {
    said.ConversationStarted: conversations.start,
    said.MessageCreated: conversations.hear,
    said.ResolutionClaimed: conversations.claim,
    said.ConversationClosed: conversations.close,
    said.ConversationReopened: conversations.reopen,
    said.ConversationMerged: conversations.merge,
    said.ConversationSpamMarked: conversations.mark_spam,
    said.ConversationDeleted: conversations.delete,
    handed.HandoffRequested: handoffs.request,
    handed.HandoffAnnounced: handoffs.announce,
    handed.HandoffAccepted: handoffs.accept,
    handed.HandoffFirstReply: handoffs.accept,
    handed.HandoffTransferred: handoffs.transfer,
    handed.HandoffReturned: handoffs.give_back,
    handed.HandoffAbandoned: handoffs.abandon,
    handed.HandoffExpired: handoffs.give_up,
    handed.HandoffFailed: handoffs.fail,
    handed.HandoffCompleted: handoffs.complete,
    followed.ActionExecuted: conversations.act,
}

_ON_CUSTOMER: dict[type[Envelope], Callable[[Step, Conversation | None, Any], None]] = {
    followed.CommitmentMade: commitments.make,
    followed.CommitmentFulfilled: commitments.fulfil,
    followed.CommitmentWithdrawn: commitments.withdraw,
}

_ON_DEADLINE: dict[str, Callable[[Step, str], None]] = {
    "age": episodes.grow_older,
    "journey": journeys.expire,
    "notice": sf04.expire,
    "orphan": handoffs.expire_wall,
    "promise": commitments.expire,
    "reopen": episodes.settle_suspension,
    "sla": handoffs.expire_sla,
    "verdict": handoffs.expire_verdict,
}
