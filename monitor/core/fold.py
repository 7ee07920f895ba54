"""Which part of the core takes which event, and which deadline.

Rule: this table is the whole routing. An event type that is not in it is counted as applied and
changes nothing; a later version that understands it adds a line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.core import (
    actions,
    arrivals,
    commitments,
    conversations,
    effort,
    endings,
    episodes,
    handoffs,
    identity,
    issues,
    journeys,
    merging,
    redo,
    returns,
    suggestions,
    surveys,
    trials,
    turns,
    verdicts,
)
from monitor.core.messages import is_public
from monitor.core.silent import sf04, sf06, sf11, sf12, sf13, sf17, sf20
from schemas import conversations as said
from schemas import followups as followed
from schemas import handoffs as handed
from schemas.vocabulary import Actor

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.core.state import Conversation
    from monitor.core.step import Step
    from schemas.envelope import Envelope


def fold(step: Step, event: Envelope) -> None:
    """Apply one event to its customer."""
    context: Any = event.data
    told, kind = vars(context), type(event)
    if told["test"]:
        return
    conversation_id, conversation = told["conversation_id"], None
    if conversation_id is not None:
        if kind in _BEGINNINGS:
            endings.begin_anew(step, conversation_id)
        conversation = conversations.hear_of(step, conversation_id, context)
        parts = _INSIDE.get(kind, ())
        if kind is said.MessageCreated:
            if not is_public(context):
                parts = ()
            elif returns.is_known(step, conversation, context):
                # More is said of a message, perhaps by a classifier: it is none of its own.
                returns.say_again(step, conversation, context)
                turns.hear_again(step, conversation, context)
                endings.settle(step)
                return
        for part in parts:
            part(step, conversation, context)
    part_of_customer = _ON_CUSTOMER.get(kind)
    if part_of_customer is not None:
        part_of_customer(step, conversation, context)
    # What a machine does by itself, such as closing after a week, is no sign of life.
    if conversation is not None and not (
        told.get("actor") is _BY_ITSELF or told.get("by") is _BY_ITSELF
    ):
        journeys.touch(step, conversation)
    endings.settle(step)


def expire(step: Step, deadline: str) -> None:
    """Let the silence of one deadline, ``kind:subject``, decide."""
    kind, _, subject = deadline.partition(":")
    del step.customer.deadlines[deadline]
    ON_DEADLINE[kind](step, subject)
    endings.settle(step)


# What begins something, and so belongs to no journey that has ended.
_BEGINNINGS = {
    said.ConversationStarted,
    said.MessageCreated,
    said.IssueOpened,
    said.ResolutionClaimed,
    said.ConversationReopened,
    handed.HandoffRequested,
    handed.SuggestionDisplayed,
    followed.CommitmentMade,
    followed.ActionRequested,
    followed.ActionClaimed,
    followed.ActionExecuted,
}

_BY_ITSELF = Actor.SYSTEM


_ON_CONVERSATION: dict[type[Envelope], Callable[[Step, Conversation, Any], None]] = {
    said.ConversationStarted: conversations.start,
    said.MessageCreated: conversations.hear,
    said.ResolutionClaimed: conversations.claim,
    said.IssueOpened: issues.open_issue,
    said.IssueResolved: issues.resolve,
    said.ConversationClosed: conversations.close,
    said.ConversationReopened: conversations.reopen,
    said.ConversationMerged: merging.merge,
    said.ConversationSpamMarked: merging.mark_spam,
    said.ConversationDeleted: conversations.delete,
    said.EvaluationResult: verdicts.review,
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

# Whose turn it is, once it is known what the conversation is.
_ON_TURN: dict[type[Envelope], Callable[[Step, Conversation, Any], None]] = {
    said.MessageCreated: turns.hear,
    said.ResolutionClaimed: turns.claim,
    said.ConversationClosed: turns.close,
    said.ConversationMerged: turns.stop,
    said.ConversationSpamMarked: turns.stop,
    said.ConversationDeleted: turns.stop,
    said.FeedbackReceived: surveys.rate,
    handed.HandoffAccepted: turns.accept,
    handed.HandoffFirstReply: turns.accept,
    handed.HandoffReturned: turns.give_back,
    handed.HandoffExpired: turns.lose,
    handed.HandoffFailed: turns.lose,
    handed.SuggestionDisplayed: suggestions.display,
    handed.SuggestionUsed: suggestions.use,
    followed.ActionClaimed: turns.act,
    followed.ActionRequested: turns.act,
    followed.ActionExecuted: turns.act,
    followed.ActionFailed: turns.act,
    followed.ActionReversed: turns.act,
}

# For how long the customer waits, once it is known who has the conversation.
_ON_CLOCK: dict[type[Envelope], Callable[[Step, Conversation, Any], None]] = {
    said.MessageCreated: effort.hear,
    said.ResolutionClaimed: effort.claim,
    said.ConversationClosed: effort.close,
    said.ConversationMerged: effort.close,
    said.ConversationSpamMarked: effort.close,
    said.ConversationDeleted: effort.close,
}

# The parts of the last three tables that take an event, in this order.
_INSIDE = {
    kind: tuple(table[kind] for table in (_ON_CONVERSATION, _ON_TURN, _ON_CLOCK) if kind in table)
    for kind in {*_ON_CONVERSATION, *_ON_TURN, *_ON_CLOCK}
}

_ON_CUSTOMER: dict[type[Envelope], Callable[[Step, Conversation | None, Any], None]] = {
    said.ResolutionClaimed: redo.claim,
    said.FeedbackReceived: sf17.rate,
    followed.ActionClaimed: actions.claim,
    followed.ActionRequested: actions.request,
    followed.ActionExecuted: actions.execute,
    followed.ActionFailed: actions.fail,
    followed.ActionReversed: actions.reverse,
    followed.LedgerConfirmed: actions.confirm,
    followed.ExternalSignal: sf17.signal,
    followed.CommitmentMade: commitments.make,
    followed.CommitmentFulfilled: commitments.fulfil,
    followed.CommitmentWithdrawn: commitments.withdraw,
}

ON_DEADLINE: dict[str, Callable[[Step, str], None]] = {
    "action": actions.forget,
    "age": trials.grow_older,
    "alias": identity.forget_name,
    "arrival": arrivals.expire,
    "claim": sf17.forget,
    "effort": endings.look,
    "due": commitments.fall_due,
    "eta": sf06.expire,
    "hold": returns.expire,
    "ignored": sf11.expire,
    "journey": journeys.expire,
    "ledger": actions.expire_ledger,
    "limbo": sf13.expire,
    "look": sf20.look,
    "mute": sf12.expire,
    "notice": sf04.expire,
    "orphan": handoffs.expire_wall,
    "posted": actions.expire_posted,
    "promise": commitments.expire,
    "remembered": commitments.forget,
    "reopen": episodes.settle_suspension,
    "sla": handoffs.expire_sla,
    "suggestion": suggestions.expire,
    "verdict": verdicts.expire,
}
