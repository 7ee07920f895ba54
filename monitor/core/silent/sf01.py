"""SF-01, false resolution: the AI claimed it, and the customer wrote again in the same place.

Probable, for the customer may ask for something else; confirmed when a human then acts and
claims the same conversation resolved. Thanks and acknowledgements never reach this module, nor
does a reopening by staff to which the customer said nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.silent.findings import SilentFailure, raise_finding
from schemas.published import Confidence
from schemas.vocabulary import Actor

if TYPE_CHECKING:
    from monitor.core.state import Conversation, Episode
    from monitor.core.step import Step

KIND = SilentFailure("SF-01", "False resolution, same thread")


def returned(step: Step, conversation: Conversation, episode: Episode) -> None:
    """A claim failed by the customer's return to its own conversation."""
    if episode.by is not Actor.AI:
        return
    episode.returned = step.mark
    conversation.human_actions = 0
    raise_finding(
        step,
        KIND,
        episode.id,
        conversation,
        Confidence.PROBABLE,
        (episode.claim, step.mark),
        episode.ai_version,
    )


def human_claimed(step: Step, conversation: Conversation) -> None:
    """A human claims the conversation resolved: after acting, that confirms the finding."""
    episode = step.customer.episodes.get(conversation.episode or "")
    if episode is None or episode.returned is None or conversation.human_actions == 0:
        return
    raise_finding(
        step,
        KIND,
        episode.id,
        conversation,
        Confidence.CONFIRMED,
        (episode.claim, episode.returned, step.mark),
        episode.ai_version,
    )
