"""SF-02, channel hop: the AI claimed it, and the customer came back by another channel.

Probable, for the need may be another; confirmed when both speak of the same entity, such as an
order. The window is a week, and a month where money or parcels move slowly. A contact that turns
out to be spam, or the same ticket twice, takes the finding back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.journeys import ANY_INTENT
from monitor.core.silent.findings import SilentFailure, raise_finding, retract
from schemas.published import Confidence
from schemas.vocabulary import Actor

if TYPE_CHECKING:
    from monitor.core.state import Conversation, Episode
    from monitor.core.step import Step

KIND = SilentFailure("SF-02", "False resolution, channel hop")


def hopped(step: Step, episode: Episode, contact: Conversation, match: str) -> None:
    """A claim that stood, by one reading at least, met a contact on another channel."""
    age = step.at - episode.claim.at
    within = 0 <= age <= step.policy.hop_window_for(episode.intent_group)
    if episode.by is not Actor.AI or match == ANY_INTENT or not within:
        return
    claimed = step.customer.conversations[episode.conversation_id]
    same = contact.entity_ref is not None and contact.entity_ref == claimed.entity_ref
    raised = raise_finding(
        step,
        KIND,
        episode.id,
        claimed,
        Confidence.CONFIRMED if same else Confidence.PROBABLE,
        (episode.claim, step.mark),
        episode.ai_version,
    )
    if raised:
        episode.hopped_by = contact.id


def retracted(step: Step, episode: Episode, contact_id: str) -> None:
    """The contact was none, or the same one in another place."""
    if episode.hopped_by == contact_id:
        episode.hopped_by = None
        retract(step, KIND, episode.id, step.customer.conversations[episode.conversation_id])
