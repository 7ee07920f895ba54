"""SF-18, silent human redo: the AI's claim stands, and a human does the same thing again.

Nobody was asked to take over, so no number of handoffs shows it. Confirmed when a human acts in
the conversation or on its entity, for then there was something left to do, and the claim has
failed. Probable when a human merely claims the conversation resolved, which may be courtesy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import episodes, trials
from monitor.core.journeys import EXPLICIT
from monitor.core.silent.findings import SilentFailure, raise_finding
from schemas.published import Confidence
from schemas.vocabulary import Actor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.core.state import Conversation, Episode
    from monitor.core.step import Step

KIND = SilentFailure("SF-18", "Silent human redo")


def human_acted(
    step: Step, conversation: Conversation | None, entity_ref: str | None
) -> list[Episode]:
    """A human did something for the customer. Returns what the AI had claimed of the same."""
    redone = []
    for episode, claimed in _unasked(step):
        same = entity_ref is not None and entity_ref == claimed.entity_ref
        if same or claimed is conversation:
            redone.append(episode)
            _raise(step, episode, claimed, Confidence.CONFIRMED)
            episodes.fail(step, episode, EXPLICIT, "human_redo", step.mark)
    return redone


def human_claimed(step: Step, conversation: Conversation) -> None:
    """A human claims the conversation resolved, in which the AI had claimed the same."""
    for episode, claimed in _unasked(step):
        if claimed is conversation:
            _raise(step, episode, claimed, Confidence.PROBABLE)


def _unasked(step: Step) -> Iterator[tuple[Episode, Conversation]]:
    """The claims of the AI that stand, of late, where nobody was asked to take over."""
    for episode in step.customer.episodes.values():
        claimed = step.customer.conversations[episode.conversation_id]
        recent = 0 <= step.at - episode.claim.at < step.policy.redo_window
        if episode.by is Actor.AI and recent and trials.stands(episode) and not claimed.handoffs:
            yield episode, claimed


def _raise(step: Step, episode: Episode, claimed: Conversation, confidence: Confidence) -> None:
    proof = (episode.claim, step.mark)
    raise_finding(step, KIND, episode.id, claimed, confidence, proof, episode.ai_version)
