"""Eviction: of a customer with very many conversations the oldest are let go.

Rule: what is let go is counted, and its claims leave the trial as censored, not as durable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import episodes, journeys

if TYPE_CHECKING:
    from monitor.core.state import Conversation
    from monitor.core.step import Step


def make_room(step: Step, newcomer: Conversation) -> None:
    """Let the journeys longest silent go until the newcomer has room.

    The newcomer's own journey stays, though two that became one may be more than the bound.
    """
    customer = step.customer
    if len(customer.conversations) <= step.policy.conversations_max:
        return
    others = [one for one in customer.journeys.values() if one.id != newcomer.journey]
    for oldest in sorted(others, key=lambda one: (one.last_at, one.id)):
        if len(customer.conversations) <= step.policy.conversations_max:
            return
        for conversation_id in oldest.conversations:
            episodes.censor(step, customer.conversations[conversation_id], "eviction")
        journeys.forget(step, oldest)
        step.count("cx_state_bounds_total", "conversations_max")
