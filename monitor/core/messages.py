"""What a message does in a conversation: whether it is seen, answers, or asks for an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.vocabulary import Actor, MessageKind, TurnOutcome, Visibility

if TYPE_CHECKING:
    from schemas.conversations import MessageData

_ASKS_NOTHING = (MessageKind.ACK, MessageKind.THANKS, MessageKind.AUTO_REPLY)
_SAID_NOTHING = (TurnOutcome.EMPTY, TurnOutcome.FAILED)


def is_public(data: MessageData) -> bool:
    """Whether the customer sees it."""
    return data.visibility is not Visibility.INTERNAL


def is_answer(data: MessageData) -> bool:
    """Whether the AI or a human said something to the customer. Systems answer nothing."""
    speaks = data.actor in (Actor.AI, Actor.HUMAN) and is_public(data)
    return speaks and data.turn_outcome not in _SAID_NOTHING


def is_request(data: MessageData) -> bool:
    """Whether the customer says something that wants an answer."""
    speaks = data.actor is Actor.CUSTOMER and is_public(data)
    return speaks and not asks_nothing(data)


def asks_nothing(data: MessageData) -> bool:
    """Whether it is of a kind that wants no answer, such as thanks."""
    return data.kind in _ASKS_NOTHING
