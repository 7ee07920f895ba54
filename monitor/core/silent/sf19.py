"""SF-19, unannounced context loss: a human took over and asks what the customer has said before.

Probable: some things have to be asked again, such as proof of who somebody is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.silent.findings import SilentFailure, raise_finding
from schemas.published import Confidence
from schemas.vocabulary import MessageKind

if TYPE_CHECKING:
    from monitor.core.state import Conversation
    from monitor.core.step import Step
    from schemas.conversations import MessageData

KIND = SilentFailure("SF-19", "Unannounced context loss")


def spoke(step: Step, conversation: Conversation, data: MessageData) -> None:
    """A human said something, after one accepted a handoff perhaps."""
    if data.kind is MessageKind.ASKS_KNOWN_INFO and conversation.turns.accepted:
        proof = (step.mark,)
        raise_finding(step, KIND, conversation.id, conversation, Confidence.PROBABLE, proof)
