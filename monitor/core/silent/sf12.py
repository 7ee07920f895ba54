"""SF-12, mute AI: the AI has the conversation, the customer waits, and nothing comes.

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

KIND = SilentFailure("SF-12", "Mute AI")


def wait(step: Step, conversation: Conversation) -> None:
    """The customer wrote, or the AI said nothing where it should have said something."""
    window = step.policy.reply_window_for(conversation.channel)
    step.wait("mute", conversation.id, step.at + window)


def expire(step: Step, subject: str) -> None:
    """The AI did not answer in time."""
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
