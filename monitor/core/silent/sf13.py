"""SF-13, ownership limbo: a conversation was given back or lost, and the customer waits.

Each side may think that the other one answers.

Confirmed: the message is on record and the answer is not. What would have ended the wait, and is
dated within it but comes late, takes the finding back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.silent.findings import SilentFailure, overturn, raise_finding
from schemas.published import Confidence

if TYPE_CHECKING:
    from monitor.core.state import Conversation
    from monitor.core.step import Step

KIND = SilentFailure("SF-13", "Ownership limbo")


def wait(step: Step, conversation: Conversation) -> None:
    """The customer wrote while it is not clear who has the conversation."""
    step.wait("limbo", conversation.id, step.at + step.policy.limbo_window)


def expire(step: Step, subject: str) -> None:
    """Nobody answered in time."""
    conversation = step.customer.conversations[subject]
    waiting = conversation.turns.waiting
    assert waiting is not None, "a message waits as long as its deadline"
    raise_finding(
        step,
        KIND,
        subject,
        conversation,
        Confidence.CONFIRMED,
        (waiting,),
        window=(waiting.at, step.at),
    )


def answered(step: Step, conversation: Conversation) -> None:
    """Nobody waits any more, or did not even then."""
    overturn(step, KIND, conversation.id, conversation)


def unasked(step: Step, conversation: Conversation) -> None:
    """The message that waits turns out to want no answer."""
    waiting = conversation.turns.waiting
    if waiting is not None:
        overturn(step, KIND, conversation.id, conversation, waiting.at)
