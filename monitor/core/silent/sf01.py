"""SF-01, false resolution: the AI claimed it, and the customer wrote again in the same place.

Probable, for the customer may ask for something else; confirmed when a human then acts and
claims the same conversation resolved. Thanks and acknowledgements never reach this module, nor
does a reopening by staff to which the customer said nothing. A message that turns out to be thanks
takes the finding back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.episodes import on_trial
from monitor.core.silent.findings import SilentFailure, raise_finding, retract
from schemas.published import Confidence
from schemas.vocabulary import Actor

if TYPE_CHECKING:
    from monitor.core.state import Conversation, Episode, Mark
    from monitor.core.step import Step

KIND = SilentFailure("SF-01", "False resolution, same thread")


def returned(step: Step, conversation: Conversation, episode: Episode, proof: Mark | None) -> None:
    """A claim failed by the customer's return to its own conversation."""
    if episode.by is not Actor.AI:
        return
    episode.returned = proof
    conversation.human_actions = 0
    raise_finding(
        step,
        KIND,
        episode.id,
        conversation,
        Confidence.PROBABLE,
        (episode.claim, proof),
        episode.ai_version,
    )


def human_claimed(step: Step, conversation: Conversation, issue: str | None) -> None:
    """A human claims the conversation resolved: after acting, that confirms the finding.

    Of each issue the last claim counts, for what was claimed again since is no longer in doubt.
    """
    if conversation.human_actions == 0:
        return
    latest = {episode.issue: episode for episode in on_trial(step, conversation)}
    for episode in latest.values():
        if episode.returned is not None and (issue is None or episode.issue in ("", issue)):
            raise_finding(
                step,
                KIND,
                episode.id,
                conversation,
                Confidence.CONFIRMED,
                (episode.claim, episode.returned, step.mark),
                episode.ai_version,
            )


def retracted(step: Step, conversation: Conversation, episode: Episode) -> None:
    """What had looked like a return was none."""
    episode.returned = None
    retract(step, KIND, episode.id, conversation)
