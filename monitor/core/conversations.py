"""Conversations: who is in contact, what is said, and what that does to earlier claims.

A conversation may be heard of by any event first. It is linked to a journey when it is known to
be a contact: at its start, or at the customer's first message when nobody told of the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import devices, effort, episodes, eviction, handoffs, journeys, returns
from monitor.core.demand import demand, involve
from monitor.core.messages import AI, CUSTOMER, HUMAN
from monitor.core.outputs import Contacted, Reopened
from monitor.core.silent import sf01, sf02, sf04, sf06, sf15, sf16
from monitor.core.state import Conversation
from monitor.core.step import UNKNOWN, known
from schemas.conversations import MessageData
from schemas.vocabulary import (
    Actor,
    Assurance,
    Basis,
    Channel,
    MessageKind,
    Origin,
)

if TYPE_CHECKING:
    from monitor.core.step import Step
    from schemas.conversations import (
        ClaimData,
        StartedData,
        StateData,
    )
    from schemas.envelope import Context
    from schemas.followups import ActionData

_DEMAND = (Origin.INBOUND, Origin.UNKNOWN, Origin.REPLY_TO_PROACTIVE)
_REPEAT = (Origin.INBOUND, Origin.UNKNOWN)
_OURS = (Actor.AI, Actor.HUMAN, Actor.SYSTEM)
_ANONYMOUS = (Assurance.NONE, Assurance.DEVICE)
_UNKNOWN_CHANNEL, _UNKNOWN_ASSURANCE = Channel.UNKNOWN, Assurance.UNKNOWN
_LEARNED = (
    "entity_ref",
    "case_id",
    "ai_version",
    "intent",
    "intent_group",
    "gen_ai_conversation_id",
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
        eviction.make_room(step, conversation)
    _learn(conversation, context)
    return conversation


def start(step: Step, conversation: Conversation, data: StartedData) -> None:
    """A conversation began."""
    if not conversation.linked:
        conversation.origin = data.origin
        _link(step, conversation, data.in_reply_to)


def hear(step: Step, conversation: Conversation, data: MessageData) -> None:
    """Somebody said something."""
    if data.actor in _OURS and data.kind is MessageKind.COMMITMENT:
        sf06.told(step, conversation)
    if data.actor is CUSTOMER:
        _hear_customer(step, conversation, data)
    elif data.actor is AI:
        _hear_ai(step, conversation, data)
    elif data.actor is HUMAN:
        handoffs.human_spoke(step, conversation)


def claim(step: Step, conversation: Conversation, data: ClaimData) -> None:
    """Somebody says it is resolved. Of a contact that we began, nobody had asked for anything."""
    if data.basis not in (Basis.BULK, Basis.MERGE):
        returns.decide(step, conversation)
        if data.by is Actor.HUMAN:
            handoffs.human_decided(step, conversation)
            sf01.human_claimed(step, conversation, data.issue_id)
        if data.issue_id is None:
            sf16.closed(step, conversation)
    if conversation.origin is not Origin.PROACTIVE and not conversation.spam:
        episodes.claim(step, conversation, data)


def reopen(step: Step, conversation: Conversation, data: StateData) -> None:
    """A conversation is open again: by the customer that is a return, by staff perhaps a slip."""
    step.say(Reopened(conversation.id, step.at))
    sf16.reopened(step, conversation)
    _open(step, conversation)
    if data.actor in (Actor.CUSTOMER, Actor.UNKNOWN):
        returns.come_back(step, conversation, step.mark)
    else:
        returns.end_unfollowed(step, conversation)
        episodes.suspend(step, conversation)


def close(step: Step, conversation: Conversation, data: StateData) -> None:
    """A conversation is closed, which claims nothing by itself."""
    del data
    if step.at >= conversation.opened_at:
        conversation.closed_at = max(conversation.closed_at, step.at)
    episodes.unsuspend(step, conversation)
    sf16.closed(step, conversation)


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
    told = vars(context)
    if told["channel"] is not _UNKNOWN_CHANNEL:
        conversation.channel = told["channel"]
    for name in _LEARNED:
        value = told[name]
        # Two contacts of which a producer writes that it does not know are not thereby alike.
        if value is not None and value != UNKNOWN:
            setattr(conversation, name, value)
    if type(context) is not MessageData:
        # Of messages the AI's answers say it; see `_hear_ai`.
        told_id = known(context.gen_ai_response_id)
        conversation.gen_ai_response_id = told_id or conversation.gen_ai_response_id
    if conversation.entry_ai_version is None:
        conversation.entry_ai_version = conversation.ai_version
    conversation.named = conversation.named or told["customer_ref"] is not None
    if told["identity_assurance"] is not _UNKNOWN_ASSURANCE:
        conversation.unsure = told["identity_assurance"] in _ANONYMOUS


def _link(step: Step, conversation: Conversation, in_reply_to: str | None) -> None:
    conversation.linked = True
    effort.begin(step, conversation)
    found = journeys.matches(step, conversation, in_reply_to)
    _demand(step, conversation, found)
    own = conversation.journey
    journeys.join(step, conversation, found)
    if conversation.journey == own:
        step.count("cx_journeys_total")


def _demand(step: Step, conversation: Conversation, found: dict[int, tuple[str, bool]]) -> None:
    if conversation.spam:
        return
    if conversation.origin in _DEMAND:
        demand(step, conversation)
    if conversation.origin in _REPEAT:
        sf15.contacted(step, conversation, found)
        _fail_earlier(step, conversation, found)
        devices.contacted(step, conversation)


def _answer_proactive(step: Step, conversation: Conversation) -> None:
    """The customer answers a contact that we began: soon, it is about that; later, anything."""
    soon = step.at - conversation.started_at <= step.policy.proactive_reply_window
    conversation.origin = Origin.REPLY_TO_PROACTIVE if soon else Origin.INBOUND
    _demand(step, conversation, journeys.matches(step, conversation, None))


def _fail_earlier(step: Step, contact: Conversation, found: dict[int, tuple[str, bool]]) -> None:
    for episode in list(step.customer.episodes.values()):
        claimed_in = step.customer.conversations[episode.conversation_id]
        related = claimed_in is not contact and claimed_in.journey in found
        if not related or not episode.open_bounds:
            continue
        match, _ = found[claimed_in.journey]
        other = _is_other(contact.channel, episode.channel)
        cause = "repeat_other_channel" if other else "repeat_same_channel"
        episodes.fail(step, episode, match, cause, step.mark, contact.id)
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
    if data.kind not in returns.NO_RETURN:
        _open(step, conversation)
    returns.hear(step, conversation, data)


def _hear_ai(step: Step, conversation: Conversation, data: MessageData) -> None:
    answers, response_id = data.kind is MessageKind.ANSWER, known(data.gen_ai_response_id)
    if conversation.answered_by_version is None:
        conversation.gen_ai_response_id = response_id or conversation.gen_ai_response_id
    if answers:
        involve(step, conversation)
        # An older answer that comes late does not take over.
        if step.at >= conversation.answered_at:
            conversation.answered_at = step.at
            conversation.gen_ai_response_id = response_id
            # Empty where nobody knows it: it was answered all the same.
            conversation.answered_by_version = data.ai_version or conversation.ai_version or ""
    elif data.kind is MessageKind.HANDOFF_NOTICE:
        sf04.noticed(step, conversation)


def _open(step: Step, conversation: Conversation) -> None:
    conversation.opened_at = max(conversation.opened_at, step.at)
    if step.at >= conversation.closed_at:
        conversation.closed_at = 0
