"""What a message does in a conversation: whether it is seen, answers, or asks for an answer.

Rule: what the customer cannot see is passed over by the fold, so that nobody else has to ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.vocabulary import Actor, MessageKind, TurnOutcome, Visibility

if TYPE_CHECKING:
    from schemas.conversations import MessageData

# Bound once: to look up a word of a vocabulary takes longer than to compare it, and this is done
# several times for each message.
AI, HUMAN, CUSTOMER = Actor.AI, Actor.HUMAN, Actor.CUSTOMER
SPEAKERS = (AI, HUMAN)
_INTERNAL = Visibility.INTERNAL
_ASKS_NOTHING = (MessageKind.ACK, MessageKind.THANKS, MessageKind.AUTO_REPLY)
_SAID_NOTHING = (TurnOutcome.EMPTY, TurnOutcome.FAILED)


def is_public(data: MessageData) -> bool:
    """Whether the customer sees it."""
    return data.visibility is not _INTERNAL


def is_answer(data: MessageData) -> bool:
    """Whether the AI or a human said something to the customer. Systems answer nothing."""
    return data.actor in SPEAKERS and data.turn_outcome not in _SAID_NOTHING


def is_request(data: MessageData) -> bool:
    """Whether the customer says something that wants an answer."""
    return data.actor is CUSTOMER and data.kind not in _ASKS_NOTHING


def asks_nothing(data: MessageData) -> bool:
    """Whether it is of a kind that wants no answer, such as thanks."""
    return data.kind in _ASKS_NOTHING
