"""SF-06, handoff dead end out of hours: handed over when nobody is on duty, and not told so.

Confirmed: the request is on record, and no word to the customer of when somebody comes. Such a
word is a promise, or a message that makes one. Between human desks the customer has a human
already. Somebody who takes it at once says more than any promise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.silent.findings import SilentFailure, overturn, raise_finding
from schemas.published import Confidence
from schemas.vocabulary import HandoffKind

if TYPE_CHECKING:
    from monitor.core.state import Conversation, Handoff
    from monitor.core.step import Step

KIND = SilentFailure("SF-06", "Handoff dead end out of hours")


def requested(step: Step, conversation: Conversation, handoff: Handoff) -> None:
    """Somebody is asked to take over."""
    window = step.policy.eta_window
    off_duty = handoff.within_hours == "false" and handoff.kind is not HandoffKind.HUMAN_HUMAN
    if off_duty and abs(conversation.eta_at - step.at) >= window:
        step.wait("eta", handoff.id, step.at + window)


def told(step: Step, conversation: Conversation) -> None:
    """The customer is told when something will happen."""
    conversation.eta_at = max(conversation.eta_at, step.at)
    for handoff_id in conversation.handoffs:
        handoff = step.customer.handoffs.get(handoff_id)
        if handoff is not None and step.at > handoff.request.at - step.policy.eta_window:
            step.forget("eta", handoff_id)
        overturn(step, KIND, handoff_id, conversation)


def served(step: Step, conversation: Conversation, handoff: Handoff) -> None:
    """Somebody takes it, or speaks to the customer."""
    step.forget("eta", handoff.id)
    overturn(step, KIND, handoff.id, conversation)


def expire(step: Step, subject: str) -> None:
    """The customer was not told in time."""
    handoff = step.customer.handoffs[subject]
    conversation = step.customer.conversations[handoff.conversation_id]
    asked_at = handoff.request.at
    window = (2 * asked_at - step.at + 1, step.at)
    raise_finding(
        step,
        KIND,
        subject,
        conversation,
        Confidence.CONFIRMED,
        (handoff.request,),
        window=window,
    )
