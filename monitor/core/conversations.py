"""Conversations: who is in contact, what is said, and what that does to earlier claims.

A conversation may be heard of by any event first. It is linked to a journey when it is known to
be a contact: at its start, or at the customer's first message when nobody told of the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import episodes, handoffs, journeys
from monitor.core.demand import demand_labels, involve
from monitor.core.outputs import Contacted, Reopened
from monitor.core.silent import sf01, sf02, sf04
from monitor.core.state import Conversation
from schemas.vocabulary import (
    Actor,
    Assurance,
    Basis,
    Channel,
    MessageKind,
    Origin,
    Visibility,
)

if TYPE_CHECKING:
    from monitor.core.step import Step
    from schemas.conversations import (
        ClaimData,
        MergeData,
        MessageData,
        StartedData,
        StateData,
    )
    from schemas.envelope import Context
    from schemas.followups import ActionData

_DEMAND = (Origin.INBOUND, Origin.UNKNOWN, Origin.REPLY_TO_PROACTIVE)
_REPEAT = (Origin.INBOUND, Origin.UNKNOWN)
_NO_RETURN = (MessageKind.ACK, MessageKind.THANKS, MessageKind.AUTO_REPLY)
_ANONYMOUS = (Assurance.NONE, Assurance.DEVICE)


def hear_of(step: Step, conversation_id: str, context: Context) -> Conversation:
    """The conversation that an event speaks of, with what the event adds to the picture."""
    conversation = step.customer.conversations.get(conversation_id)
    if conversation is None:
        journey = journeys.begin(step)
        conversation = Conversation(conversation_id, journey.id, step.at)
        journey.conversations.append(conversation_id)
        step.customer.conversations[conversation_id] = conversation
        step.say(Contacted(conversation_id, context.case_id, step.at))
    _learn(conversation, context)
    return conversation


def start(step: Step, conversation: Conversation, data: StartedData) -> None:
    """A conversation began."""
    if not conversation.linked:
        conversation.origin = data.origin
        _link(step, conversation, data.in_reply_to)


def hear(step: Step, conversation: Conversation, data: MessageData) -> None:
    """Somebody said something."""
    if data.visibility is Visibility.INTERNAL:
        return
    match data.actor:
        case Actor.CUSTOMER:
            _hear_customer(step, conversation, data)
        case Actor.AI:
            _hear_ai(step, conversation, data)
        case Actor.HUMAN:
            handoffs.human_spoke(step, conversation)


def claim(step: Step, conversation: Conversation, data: ClaimData) -> None:
    """Somebody says it is resolved."""
    if data.by is Actor.HUMAN and data.basis not in (Basis.BULK, Basis.MERGE):
        handoffs.human_spoke(step, conversation)
        sf01.human_claimed(step, conversation)
    episodes.claim(step, conversation, data)


def reopen(step: Step, conversation: Conversation, data: StateData) -> None:
    """A conversation is open again: by the customer that is a return, by staff perhaps a slip."""
    step.say(Reopened(conversation.id, step.at))
    if data.actor in (Actor.HUMAN, Actor.SYSTEM):
        episodes.suspend(step, conversation)
    else:
        _return(step, conversation)


def close(step: Step, conversation: Conversation, data: StateData) -> None:
    """A conversation is closed, which claims nothing by itself."""
    del data
    episodes.unsuspend(step, conversation)


def merge(step: Step, conversation: Conversation, data: MergeData) -> None:
    """A conversation went into another, where it will be followed."""
    del data
    episodes.censor(step, conversation, "merge")


def mark_spam(step: Step, conversation: Conversation, data: StateData) -> None:
    """A conversation was no customer's: it leaves the trial, and the demand."""
    del data
    episodes.censor(step, conversation, "spam")
    if conversation.linked and conversation.origin in _DEMAND:
        step.count("cx_conversations_retractions_total", *demand_labels(conversation))


def delete(step: Step, conversation: Conversation, data: StateData) -> None:
    """A conversation was erased: what it claimed can no longer be followed."""
    del data
    episodes.censor(step, conversation, "deletion")


def act(step: Step, conversation: Conversation, data: ActionData) -> None:
    """Somebody did something for the customer."""
    del step
    if data.by is Actor.HUMAN:
        conversation.human_actions += 1


def _learn(conversation: Conversation, context: Context) -> None:
    if context.channel is not Channel.UNKNOWN:
        conversation.channel = context.channel
    for name in ("entity_ref", "case_id", "ai_version", "intent", "intent_group"):
        value = getattr(context, name)
        if value is not None:
            setattr(conversation, name, value)
    for name in ("gen_ai_conversation_id", "gen_ai_response_id"):
        value = getattr(context, name)
        if value is not None:
            setattr(conversation, name, value)
    known = context.customer_ref is not None and context.identity_assurance not in _ANONYMOUS
    conversation.identified = conversation.identified or known


def _link(step: Step, conversation: Conversation, in_reply_to: str | None) -> None:
    conversation.linked = True
    if conversation.origin in _DEMAND:
        step.count("cx_conversations_total", *demand_labels(conversation))
    if conversation.identified:
        step.count("cx_identified_conversations_total", conversation.channel)
    found = journeys.matches(step, conversation, in_reply_to)
    if conversation.origin in _REPEAT:
        _fail_earlier(step, conversation, found)
    own = conversation.journey
    journeys.join(step, conversation, found)
    if conversation.journey == own:
        step.count("cx_journeys_total")


def _fail_earlier(step: Step, contact: Conversation, found: dict[int, tuple[str, bool]]) -> None:
    for episode in list(step.customer.episodes.values()):
        claimed_in = step.customer.conversations[episode.conversation_id]
        if claimed_in.journey not in found or not episode.open_bounds:
            continue
        match, _ = found[claimed_in.journey]
        other = contact.channel is not episode.channel
        cause = "repeat_other_channel" if other else "repeat_same_channel"
        if episodes.fail(step, episode, match, cause, step.mark) and other:
            sf02.hopped(step, episode, contact, match)


def _hear_customer(step: Step, conversation: Conversation, data: MessageData) -> None:
    if not conversation.linked:
        _link(step, conversation, None)
    conversation.asked_for_human = conversation.asked_for_human or data.requests_human
    if data.kind not in _NO_RETURN:
        _return(step, conversation)
    elif conversation.episode is not None:
        step.count("cx_post_close_acks_total", data.kind)


def _hear_ai(step: Step, conversation: Conversation, data: MessageData) -> None:
    if data.kind is MessageKind.ANSWER:
        conversation.answered_by_version = data.ai_version or conversation.ai_version
        involve(step, conversation)
    elif data.kind is MessageKind.HANDOFF_NOTICE:
        sf04.noticed(step, conversation)


def _return(step: Step, conversation: Conversation) -> None:
    episode = step.customer.episodes.get(conversation.episode or "")
    if episode is None:
        return
    if episode.suspended_by is not None:
        # The customer speaks up: staff did not reopen it by mistake.
        step.forget("reopen", episode.id)
        episodes.settle_suspension(step, episode.id)
        return
    if episodes.fail(step, episode, journeys.EXPLICIT, "reopen", step.mark):
        sf01.returned(step, conversation, episode, step.mark)
