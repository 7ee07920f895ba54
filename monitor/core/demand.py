"""Demand: the contacts there were, and in which of them the AI took part.

Both are published side by side, for a share of resolutions can be raised by letting the AI try
only what is easy. Contacts that we began ourselves are no demand until the customer answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.step import NO_AI, group_of, is_identified
from schemas.vocabulary import Origin

if TYPE_CHECKING:
    from monitor.core.state import Conversation
    from monitor.core.step import Step


def demand_labels(conversation: Conversation) -> tuple[str, str, str, str]:
    """Channel, intent group, origin, and the AI version that the contact entered by."""
    version = conversation.ai_version or NO_AI
    return (str(conversation.channel), group_of(conversation), str(conversation.origin), version)


def demand(step: Step, conversation: Conversation) -> None:
    """A contact is demand, and known by whom it is, or not."""
    conversation.counted_as = demand_labels(conversation)
    step.count("cx_conversations_total", *conversation.counted_as)
    if is_identified(conversation):
        conversation.counted_identified = True
        step.count("cx_identified_conversations_total", conversation.counted_as[0])


def retract_demand(step: Step, conversation: Conversation) -> None:
    """A contact was none: whatever it was counted as, it is counted as taken back."""
    if conversation.counted_as:
        step.count("cx_conversations_retractions_total", *conversation.counted_as)
    if conversation.involved_as:
        step.count("cx_ai_involved_retractions_total", *conversation.involved_as)
    if conversation.counted_identified:
        channel = conversation.counted_as[0]
        step.count("cx_identified_conversations_retractions_total", channel)
    conversation.counted_as, conversation.involved_as = (), ()
    conversation.counted_identified = False


def involve(step: Step, conversation: Conversation) -> None:
    """The AI took part: it answered, or asked for a handoff."""
    if conversation.involved_as or conversation.spam or conversation.origin is Origin.PROACTIVE:
        return
    conversation.involved_as = demand_labels(conversation)
    step.count("cx_ai_involved_total", *conversation.involved_as)
