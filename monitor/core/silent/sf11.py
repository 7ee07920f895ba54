"""SF-11, ignored request for a human: the customer asked for one, and the AI just went on.

Confirmed: after the request the AI spoke at least twice, nobody was asked to take over, and then
the conversation was claimed, closed or silent. It is a missed escalation as well. A handoff that
is requested after all takes both back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import missed
from monitor.core.messages import AI, CUSTOMER
from monitor.core.silent.findings import SilentFailure, raise_finding, retract
from monitor.core.state import Owner
from schemas.published import Confidence

if TYPE_CHECKING:
    from monitor.core.state import Conversation
    from monitor.core.step import Step
    from schemas.conversations import MessageData

KIND = SilentFailure("SF-11", "Ignored request for a human")
_WHY = "asked_for_human"
# One message may be the question whom to ask for.
_AI_WENT_ON = 2
_SOMEBODY_ELSE = (Owner.QUEUE, Owner.HUMAN)


def spoke(step: Step, conversation: Conversation, data: MessageData) -> None:
    """The customer may ask for a human, the AI may go on, and silence starts anew."""
    turns = conversation.turns
    if turns.wants_human is None:
        if data.requests_human:
            asked(step, conversation, data)
        return
    if data.actor is AI and step.at >= turns.wants_human.at:
        turns.ai_went_on += 1
    if turns.ai_went_on >= _AI_WENT_ON:
        since = max(turns.last_at, step.at)
        step.wait("ignored", conversation.id, since + step.policy.ignored_window)


def asked(step: Step, conversation: Conversation, data: MessageData) -> None:
    """The customer asks for a human, while none has the conversation and none was asked."""
    turns = conversation.turns
    asks = data.actor is CUSTOMER and data.requests_human and turns.wants_human is None
    if asks and turns.owner not in _SOMEBODY_ELSE and step.at >= turns.owner_at:
        turns.wants_human, turns.ai_went_on = step.mark, 0


def decide(step: Step, conversation: Conversation) -> None:
    """The conversation is over, as far as anybody knows."""
    turns = conversation.turns
    asked = turns.wants_human
    if asked is None or step.at < asked.at or turns.ai_went_on < _AI_WENT_ON:
        return
    proof = (asked, step.mark)
    raise_finding(step, KIND, conversation.id, conversation, Confidence.CONFIRMED, proof)
    missed.count(step, conversation, _WHY, asked.at)
    _forget(step, conversation)


def expire(step: Step, subject: str) -> None:
    """Nobody has said anything for long."""
    decide(step, step.customer.conversations[subject])


def helped(step: Step, conversation: Conversation) -> None:
    """A human is there, or none is needed any more."""
    asked = conversation.turns.wants_human
    if asked is not None and step.at >= asked.at:
        _forget(step, conversation)


def requested(step: Step, conversation: Conversation) -> None:
    """Somebody is asked to take over, late perhaps."""
    helped(step, conversation)
    if retract(step, KIND, conversation.id, conversation):
        missed.retract(step, conversation, _WHY)


def _forget(step: Step, conversation: Conversation) -> None:
    conversation.turns.wants_human = None
    step.forget("ignored", conversation.id)
