"""SF-14, loop: the AI says the same again, or the customer does and gets nothing new.

Probable: a form that is filled in step by step looks alike. What gets a conversation out of its
circle ends the run: an answer that is new, another intent, an action, a human.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from monitor.core.silent.findings import SilentFailure, raise_finding
from monitor.core.state import Loop
from schemas.published import Confidence
from schemas.vocabulary import MessageKind

if TYPE_CHECKING:
    from monitor.core.state import Conversation
    from monitor.core.step import Step
    from schemas.conversations import MessageData

KIND = SilentFailure("SF-14", "Loop")
_COMPARED = (
    MessageKind.ANSWER,
    MessageKind.QUESTION,
    MessageKind.ERROR,
    MessageKind.OTHER,
    MessageKind.UNKNOWN,
)
_TURNS_ALIKE = 3


def asked(step: Step, conversation: Conversation) -> None:
    """The customer says something that wants an answer."""
    loop, intent = _loop(conversation), conversation.intent
    if intent is None or intent != loop.intent:
        loop.run = 1
    elif loop.replied or loop.run == 0:
        # Several messages without a reply between them are one turn.
        loop.run += 1
    loop.intent, loop.replied = intent, False
    if loop.run >= _TURNS_ALIKE:
        _found(step, conversation)


def replied(step: Step, conversation: Conversation, data: MessageData) -> None:
    """The AI answers."""
    loop = _loop(conversation)
    told = None if data.content_simhash is None else _digest(data.content_simhash)
    again = told is not None and told in loop.hashes
    loop.replied = True
    if data.kind is MessageKind.ANSWER and not again:
        loop.run = 0
    if told is None or data.kind not in _COMPARED:
        return
    loop.hashes = [*loop.hashes, told][-step.policy.loop_memory :]
    if again:
        _found(step, conversation)


def interrupt(conversation: Conversation) -> None:
    """Something happens that may help: the run is over."""
    if conversation.turns.loop is not None:
        conversation.turns.loop.run = 0


def _found(step: Step, conversation: Conversation) -> None:
    proof = (step.mark,)
    raise_finding(step, KIND, conversation.id, conversation, Confidence.PROBABLE, proof)


def _loop(conversation: Conversation) -> Loop:
    if conversation.turns.loop is None:
        conversation.turns.loop = Loop()
    return conversation.turns.loop


def _digest(text: str) -> int:
    # A hash may be as long as its producer likes; its memory may not.
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
