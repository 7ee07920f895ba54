"""SF-04, phantom handoff: the customer was told of a handoff that nobody requested.

Confirmed: the notice is on record and the request is not. A request that comes late takes the
finding back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.silent.findings import SilentFailure, raise_finding, retract
from schemas.published import Confidence

if TYPE_CHECKING:
    from monitor.core.state import Conversation
    from monitor.core.step import Step

KIND = SilentFailure("SF-04", "Phantom handoff")


def noticed(step: Step, conversation: Conversation) -> None:
    """The customer was told that somebody will take over."""
    if conversation.handoffs or conversation.notice is not None:
        return
    conversation.notice = step.mark
    step.wait("notice", conversation.id, step.at + step.policy.notice_window)


def expire(step: Step, subject: str) -> None:
    """Nobody was asked to take over in time."""
    conversation = step.customer.conversations[subject]
    raise_finding(step, KIND, subject, conversation, Confidence.CONFIRMED, (conversation.notice,))


def requested(step: Step, conversation: Conversation) -> None:
    """A handoff was requested after all."""
    conversation.notice = None
    step.forget("notice", conversation.id)
    retract(step, KIND, conversation.id, conversation)
