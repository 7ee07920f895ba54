"""Demand: the contacts there were, and in which of them the AI took part.

Both are published side by side, for a share of resolutions can be raised by letting the AI try
only what is easy. Contacts that we began ourselves are no demand until the customer answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.step import NO_AI, group_of
from schemas.vocabulary import Origin

if TYPE_CHECKING:
    from monitor.core.state import Conversation
    from monitor.core.step import Step


def demand_labels(conversation: Conversation) -> tuple[str, str, str, str]:
    """Channel, intent group, origin, and the AI version that the contact entered by."""
    version = conversation.ai_version or NO_AI
    return (str(conversation.channel), group_of(conversation), str(conversation.origin), version)


def involve(step: Step, conversation: Conversation) -> None:
    """The AI took part: it answered, or asked for a handoff."""
    if not conversation.involved and conversation.origin is not Origin.PROACTIVE:
        conversation.involved = True
        step.count("cx_ai_involved_total", *demand_labels(conversation))
