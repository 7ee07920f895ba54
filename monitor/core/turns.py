"""Turns: who has a conversation, who spoke in it, and whether the customer waits for an answer.

Rule: whoever has the conversation owes the answer. It is nobody's until the AI speaks; a request
for a human puts it into a queue, an acceptance gives it to a human, and a handoff that is given
back or lost leaves it where silence is worst, for each side thinks that the other one answers.

The first message that is not answered starts the clock of SF-12 or SF-13. What is dated before
the last change of owner, and comes late, neither changes the owner nor starts a clock.

In a contact that we began, and that the customer has not answered, only the owner is followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import effort, missed
from monitor.core.messages import AI, HUMAN, asks_nothing, is_answer, is_request
from monitor.core.silent import sf03, sf11, sf12, sf13, sf14, sf19
from monitor.core.state import Owner
from monitor.core.step import version_of
from schemas.vocabulary import Actor, Basis, HandoffKind, Origin, Requester

if TYPE_CHECKING:
    from monitor.core.state import Conversation
    from monitor.core.step import Step
    from schemas.conversations import ClaimData, MessageData, StateData
    from schemas.followups import ActionData
    from schemas.handoffs import HandoffRequestedData, HandoffStepData

_TO_AI = (HandoffKind.AI_AI, HandoffKind.HUMAN_AI)
_FROM_HUMAN = (HandoffKind.HUMAN_HUMAN, HandoffKind.HUMAN_AI)
_NOBODY, _LOST, _AI, _BY_US = Owner.NOBODY, Owner.LOST, Owner.AI, Origin.PROACTIVE
_PASSED_OVER = (Actor.SYSTEM, Actor.UNKNOWN)
_NO_CLAIM = (Basis.BULK, Basis.MERGE)


def hear(step: Step, conversation: Conversation, data: MessageData) -> None:
    """Somebody said something. What a system says is passed over."""
    if data.actor in _PASSED_OVER:
        return
    answers = is_answer(data)
    if data.actor is AI:
        _hear_ai(step, conversation, answers=answers)
    elif data.actor is HUMAN:
        _hear_human(step, conversation)
    if conversation.origin is not _BY_US:
        _follow(step, conversation, data, answers=answers)
    conversation.turns.last_at = max(conversation.turns.last_at, step.at)


def hear_again(step: Step, conversation: Conversation, data: MessageData) -> None:
    """More is said of a customer's message: it wants no answer perhaps, or it wants a human."""
    turns = conversation.turns
    if turns.waiting is not None and turns.waits_for == data.message_id and asks_nothing(data):
        sf12.unasked(step, conversation)
        sf13.unasked(step, conversation)
        _wait_no_longer(step, conversation)
    if conversation.origin is not Origin.PROACTIVE:
        sf11.asked(step, conversation, data)


def request(step: Step, conversation: Conversation, data: HandoffRequestedData) -> None:
    """Somebody is asked to take over, for the first time under this id."""
    turns = conversation.turns
    if data.kind in _TO_AI:
        turns.to_ai[data.handoff_id] = data.kind
        _own(step, conversation, Owner.AI)
    elif data.kind is not HandoffKind.HUMAN_HUMAN:
        if data.requested_by is Requester.POLICY:
            _take_over(step, conversation, "policy")
        _own(step, conversation, Owner.QUEUE)
    _settle(step, conversation)
    sf11.requested(step, conversation)
    sf14.interrupt(conversation)


def accept(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """Somebody takes the conversation that asked for it."""
    asked = _asked_in(step, conversation, data.handoff_id)
    to_ai = data.handoff_id in asked.turns.to_ai
    asked.turns.accepted = asked.turns.accepted or not to_ai
    _own(step, asked, Owner.AI if to_ai else Owner.HUMAN)
    _settle(step, asked)
    sf11.helped(step, asked)


def give_back(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """Who was asked returns the conversation to where it came from."""
    asked = _asked_in(step, conversation, data.handoff_id)
    if _kind(step, asked, data.handoff_id) in _FROM_HUMAN:
        _own(step, asked, Owner.HUMAN)
    else:
        _own(step, asked, Owner.AI, given_back=True)


def lose(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """A handoff came to nothing: if it was the last that was asked for, nobody is left."""
    asked = _asked_in(step, conversation, data.handoff_id)
    passed_on = data.handoff_id in asked.handoffs[:-1]
    if asked.turns.owner is Owner.QUEUE and not passed_on:
        _own(step, asked, Owner.LOST)


def claim(step: Step, conversation: Conversation, data: ClaimData) -> None:
    """Somebody says it is resolved: no answer is owed, if one was deserved."""
    _settle(step, conversation)
    sf11.decide(step, conversation)
    if conversation.origin is Origin.PROACTIVE or data.basis in _NO_CLAIM:
        return
    if data.by is Actor.SYSTEM or data.basis is Basis.INACTIVITY_TIMEOUT:
        sf03.booked(step, conversation)
    if data.by is Actor.AI and not conversation.handoffs and _must_escalate(step, conversation):
        missed.count(step, conversation, "policy_intent", conversation.started_at)


def close(step: Step, conversation: Conversation, data: StateData) -> None:
    """The conversation is closed."""
    _settle(step, conversation)
    sf11.decide(step, conversation)
    if data.actor is Actor.SYSTEM or data.reason == Basis.WORKFLOW:
        sf03.booked(step, conversation)


def stop(step: Step, conversation: Conversation, data: StateData) -> None:
    """The conversation is merged, erased or no customer's: nothing more is owed in it."""
    del data
    _settle(step, conversation)
    sf11.helped(step, conversation)


def act(step: Step, conversation: Conversation, data: ActionData) -> None:
    """Something is done, or said to be: the conversation does not turn in circles."""
    del step, data
    sf14.interrupt(conversation)


def _hear_ai(step: Step, conversation: Conversation, *, answers: bool) -> None:
    turns = conversation.turns
    turns.ai_spoke = True
    if turns.owner is _NOBODY or (answers and turns.owner is _LOST):
        _own(step, conversation, Owner.AI)
    elif answers and step.at >= turns.owner_at:
        turns.given_back = False


def _hear_human(step: Step, conversation: Conversation) -> None:
    conversation.turns.human_spoke = True
    _take_over(step, conversation, "human")
    _own(step, conversation, Owner.HUMAN)
    sf11.helped(step, conversation)
    sf14.interrupt(conversation)


def _follow(step: Step, conversation: Conversation, data: MessageData, *, answers: bool) -> None:
    asks = is_request(data)
    if answers:
        _settle(step, conversation)
    elif asks or data.actor is AI:
        _wait(step, conversation, data)
    sf03.spoke(step, conversation, data)
    sf11.spoke(step, conversation, data)
    if asks:
        sf14.asked(step, conversation)
    elif data.actor is HUMAN:
        sf19.spoke(step, conversation, data)
    elif answers:
        sf14.replied(step, conversation, data)


def _own(step: Step, conversation: Conversation, owner: Owner, *, given_back: bool = False) -> None:
    turns = conversation.turns
    if step.at >= turns.owner_at:
        turns.owner, turns.owner_at, turns.given_back = owner, step.at, given_back
        effort.owned(step, conversation)


def _take_over(step: Step, conversation: Conversation, initiator: str) -> None:
    turns = conversation.turns
    ours = turns.owner is Owner.AI and step.at >= turns.owner_at
    if ours and conversation.origin is not Origin.PROACTIVE:
        step.count("cx_ai_takeovers_total", initiator, version_of(conversation))


def _wait(step: Step, conversation: Conversation, data: MessageData) -> None:
    turns = conversation.turns
    if turns.waiting is not None or step.at < max(turns.settled_at, turns.owner_at):
        return
    if turns.given_back or turns.owner is _LOST:
        sf13.wait(step, conversation)
    elif turns.owner is _AI or _is_ai_to_begin(conversation):
        sf12.wait(step, conversation)
    else:
        return
    turns.waiting, turns.waits_for = step.mark, data.message_id


def _is_ai_to_begin(conversation: Conversation) -> bool:
    """An AI was named, and nobody has spoken: if it stays so, it was mute from the first word."""
    return conversation.turns.owner is _NOBODY and conversation.ai_version is not None


def _settle(step: Step, conversation: Conversation) -> None:
    turns = conversation.turns
    turns.settled_at = max(turns.settled_at, step.at)
    if step.customer.raised:
        sf12.answered(step, conversation)
        sf13.answered(step, conversation)
    if turns.waiting is not None and turns.waiting.at <= step.at:
        _wait_no_longer(step, conversation)


def _wait_no_longer(step: Step, conversation: Conversation) -> None:
    conversation.turns.waiting, conversation.turns.waits_for = None, ""
    step.forget("mute", conversation.id)
    step.forget("limbo", conversation.id)


def _asked_in(step: Step, conversation: Conversation, handoff_id: str) -> Conversation:
    """The conversation in which a handoff was requested; a step may come by another one."""
    everywhere = step.customer.conversations.values()
    asked = (one for one in (conversation, *everywhere) if handoff_id in one.handoffs)
    return next(asked, conversation)


def _kind(step: Step, asked: Conversation, handoff_id: str) -> HandoffKind | None:
    handoff = step.customer.handoffs.get(handoff_id)
    return handoff.kind if handoff else asked.turns.to_ai.get(handoff_id)


def _must_escalate(step: Step, conversation: Conversation) -> bool:
    known = {conversation.intent, conversation.intent_group}
    return not step.policy.escalate_intents.isdisjoint(known)
