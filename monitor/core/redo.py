"""Human redo: after the AI's claim a human had to do it, so the AI should have asked for one.

It is known when SF-01 or SF-18 is confirmed, or when a human acts and claims the contact by which
the customer came back on another channel (SF-02). Each episode of the AI counts once, as a missed
escalation and as a correction; not where a handoff had been requested before the claim, for then
somebody was asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import missed
from monitor.core.silent import sf01, sf18
from schemas.published import Confidence
from schemas.vocabulary import Actor, Basis

if TYPE_CHECKING:
    from monitor.core.state import Conversation, Episode
    from monitor.core.step import Step
    from schemas.conversations import ClaimData

_NO_CLAIM = (Basis.BULK, Basis.MERGE)


def act(step: Step, conversation: Conversation | None, entity_ref: str | None) -> None:
    """A human did something for the customer."""
    for episode in sf18.human_acted(step, conversation, entity_ref):
        _count(step, episode)


def claim(step: Step, conversation: Conversation | None, data: ClaimData) -> None:
    """A human claims a conversation resolved: perhaps not for the first time, or elsewhere."""
    if data.by is not Actor.HUMAN or data.basis in _NO_CLAIM or conversation is None:
        return
    sf18.human_claimed(step, conversation)
    for episode in step.customer.episodes.values():
        returned = episode.conversation_id == conversation.id and _is_confirmed(step, episode)
        hopped = episode.hopped_by == conversation.id and conversation.human_actions > 0
        if episode.by is Actor.AI and (returned or hopped):
            _count(step, episode)


def _count(step: Step, episode: Episode) -> None:
    if episode.escalated:
        return
    conversation = step.customer.conversations[episode.conversation_id]
    if missed.count(step, conversation, "human_redo", episode.claim.at, episode.id):
        step.count("cx_ai_corrections_total", "human_redo", episode.ai_version)


def _is_confirmed(step: Step, episode: Episode) -> bool:
    raised = step.customer.raised.get(f"{sf01.KIND.sf}:{episode.id}")
    return raised is not None and raised.confidence == Confidence.CONFIRMED
