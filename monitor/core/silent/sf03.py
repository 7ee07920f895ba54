"""SF-03, abandonment booked as resolution: the AI asked or failed, the customer left, "resolved".

Confirmed: the record says resolved, and the last word was the AI's question or error. What a
system says, such as that it closes now, is no last word. A customer's message from before the
booking that comes late takes the finding back. Found again only after the customer spoke again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.messages import AI, CUSTOMER
from monitor.core.silent.findings import (
    SilentFailure,
    is_raised,
    let_stand,
    overturn,
    raise_finding,
)
from monitor.core.step import group_of, version_of
from schemas.published import Confidence
from schemas.vocabulary import MessageKind

if TYPE_CHECKING:
    from monitor.core.state import Conversation
    from monitor.core.step import Step
    from schemas.conversations import MessageData

KIND = SilentFailure("SF-03", "Abandonment booked as resolution")
_LEFT_OPEN = (MessageKind.QUESTION, MessageKind.ERROR)


def spoke(step: Step, conversation: Conversation, data: MessageData) -> None:
    """Somebody has the last word for now."""
    turns = conversation.turns
    from_customer = data.actor is CUSTOMER
    if from_customer and overturn(step, KIND, conversation.id, conversation):
        step.count("cx_abandoned_as_resolved_retractions_total", *turns.abandoned)
    if step.at < turns.last_at:
        return
    turns.heard_since = turns.heard_since or from_customer
    open_end = data.actor is AI and data.kind in _LEFT_OPEN
    turns.left_open = step.mark if open_end else None


def booked(step: Step, conversation: Conversation) -> None:
    """The conversation is booked as resolved because nobody said anything more."""
    turns = conversation.turns
    if turns.left_open is None or step.at < turns.left_open.at:
        return
    if turns.heard_since:
        let_stand(step, KIND, conversation.id)
    if is_raised(step, KIND, conversation.id):
        return
    turns.heard_since = False
    turns.abandoned = (version_of(conversation), group_of(conversation))
    step.count("cx_abandoned_as_resolved_total", *turns.abandoned)
    raise_finding(
        step,
        KIND,
        conversation.id,
        conversation,
        Confidence.CONFIRMED,
        (turns.left_open, step.mark),
        window=(turns.left_open.at, step.at),
    )
