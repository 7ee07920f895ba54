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
from monitor.core.step import UNKNOWN
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
_LEARNED = (
    "entity_ref",
    "case_id",
    "ai_version",
    "intent",
    "intent_group",
    "gen_ai_conversation_id",
    "gen_ai_response_id",
)


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
    """Somebody says it is resolved. Of a contact that we began, nobody had asked for anything."""
    if data.by is Actor.HUMAN and data.basis not in (Basis.BULK, Basis.MERGE):
        handoffs.human_decided(step, conversation)
        sf01.human_claimed(step, conversation)
    if conversation.origin is not Origin.PROACTIVE:
        episodes.claim(step, conversation, data)


def reopen(step: Step, conversation: Conversation, data: StateData) -> None:
    """A conversation is open again: by the customer that is a return, by staff perhaps a slip."""
    step.say(Reopened(conversation.id, step.at))
    if data.actor in (Actor.CUSTOMER, Actor.UNKNOWN):
        _return(step, conversation)
    else:
        conversation.claimed_unfollowed = False
        episodes.suspend(step, conversation)


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
    if conversation.counted_as:
        step.count("cx_conversations_retractions_total", *conversation.counted_as)
        conversation.counted_as = ()


def delete(step: Step, conversation: Conversation, data: StateData) -> None:
    """A conversation was erased: what it claimed can no longer be followed."""
    del data
    episodes.censor(step, conversation, "deletion")


def act(step: Step, conversation: Conversation, data: ActionData) -> None:
    """Somebody did something for the customer."""
    if data.by is Actor.HUMAN:
        conversation.human_actions += 1
        handoffs.human_acted(step, conversation)


def _learn(conversation: Conversation, context: Context) -> None:
    if context.channel is not Channel.UNKNOWN:
        conversation.channel = context.channel
    for name in _LEARNED:
        value = getattr(context, name)
        # Two contacts of which a producer writes that it does not know are not thereby alike.
        if value is not None and value != UNKNOWN:
            setattr(conversation, name, value)
    known = context.customer_ref is not None and context.identity_assurance not in _ANONYMOUS
    conversation.identified = conversation.identified or known


def _link(step: Step, conversation: Conversation, in_reply_to: str | None) -> None:
    conversation.linked = True
    found = journeys.matches(step, conversation, in_reply_to)
    _demand(step, conversation, found)
    own = conversation.journey
    journeys.join(step, conversation, found)
    if conversation.journey == own:
        step.count("cx_journeys_total")


def _demand(step: Step, conversation: Conversation, found: dict[int, tuple[str, bool]]) -> None:
    if conversation.origin in _DEMAND:
        conversation.counted_as = demand_labels(conversation)
        step.count("cx_conversations_total", *conversation.counted_as)
        if conversation.identified:
            step.count("cx_identified_conversations_total", conversation.channel)
    if conversation.origin in _REPEAT:
        _fail_earlier(step, conversation, found)


def _answer_proactive(step: Step, conversation: Conversation) -> None:
    """The customer answers a contact that we began: soon, it is about that; later, anything."""
    soon = step.at - conversation.started_at <= step.policy.proactive_reply_window
    conversation.origin = Origin.REPLY_TO_PROACTIVE if soon else Origin.INBOUND
    _demand(step, conversation, journeys.matches(step, conversation, None))


def _fail_earlier(step: Step, contact: Conversation, found: dict[int, tuple[str, bool]]) -> None:
    for episode in list(step.customer.episodes.values()):
        claimed_in = step.customer.conversations[episode.conversation_id]
        if claimed_in.journey not in found or not episode.open_bounds:
            continue
        match, _ = found[claimed_in.journey]
        other = _is_other(contact.channel, episode.channel)
        cause = "repeat_other_channel" if other else "repeat_same_channel"
        episodes.fail(step, episode, match, cause, step.mark)
        if other:
            sf02.hopped(step, episode, contact, match)


def _is_other(channel: Channel, before: Channel) -> bool:
    return channel is not before and Channel.UNKNOWN not in (channel, before)


def _hear_customer(step: Step, conversation: Conversation, data: MessageData) -> None:
    if not conversation.linked:
        _link(step, conversation, None)
    elif conversation.origin is Origin.PROACTIVE and data.kind is not MessageKind.AUTO_REPLY:
        _answer_proactive(step, conversation)
    conversation.asked_for_human = conversation.asked_for_human or data.requests_human
    if data.kind not in _NO_RETURN:
        _return(step, conversation)
    elif episodes.stands(step, conversation):
        step.count("cx_post_close_acks_total", data.kind)


def _hear_ai(step: Step, conversation: Conversation, data: MessageData) -> None:
    if data.kind is MessageKind.ANSWER:
        conversation.answered_by_version = data.ai_version or conversation.ai_version
        involve(step, conversation)
    elif data.kind is MessageKind.HANDOFF_NOTICE:
        sf04.noticed(step, conversation)


def _return(step: Step, conversation: Conversation) -> None:
    conversation.claimed_unfollowed = False
    episode = step.customer.episodes.get(conversation.episode or "")
    if episode is not None and episodes.fail_by_return(step, episode):
        sf01.returned(step, conversation, episode)
