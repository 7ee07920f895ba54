"""SF-17, contradicted resolution: the AI claimed it, and the customer says otherwise elsewhere.

A bad rating makes it probable, for it may be about the product or the price. A complaint, a
chargeback or a cancellation confirms it where it names the conversation or the entity, and the
claim has failed then; where it names neither, it is laid to the customer's last claim, as
probable. So is a bad review, which names nothing for certain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import endings, episodes, past_claims
from monitor.core.journeys import EXPLICIT
from monitor.core.silent.findings import SilentFailure, forget_subject, raise_finding
from monitor.core.surveys import band_of
from schemas.published import Confidence
from schemas.vocabulary import Scale, SignalKind

if TYPE_CHECKING:
    from monitor.core.past_claims import Claim
    from monitor.core.state import Conversation
    from monitor.core.step import Step
    from schemas.conversations import FeedbackData
    from schemas.followups import SignalData

KIND = SilentFailure("SF-17", "Contradicted resolution")
_TELLING = (Scale.CSAT5, Scale.THUMB)


def rate(step: Step, conversation: Conversation | None, data: FeedbackData) -> None:
    """The customer rated the service."""
    if conversation is not None and data.scale in _TELLING and band_of(data) == "low":
        window = step.policy.rating_window
        claim = past_claims.latest(step, window, within=conversation)
        _contradict(step, claim, Confidence.PROBABLE)


def signal(step: Step, conversation: Conversation | None, data: SignalData) -> None:
    """The customer went elsewhere with it."""
    if data.kind is SignalKind.UNKNOWN:
        return
    window, entity = step.policy.signal_window, data.entity_ref
    claim = None
    if data.kind is not SignalKind.REVIEW_NEGATIVE and (conversation is not None or entity):
        about = None if conversation is not None else entity
        claim = past_claims.latest(step, window, within=conversation, entity=about)
    if claim is not None:
        _contradict(step, claim, Confidence.CONFIRMED)
    else:
        _contradict(step, past_claims.latest(step, window), Confidence.PROBABLE)


def forget(step: Step, subject: str) -> None:
    """Nothing can contradict a claim any more: what was found of it stands for ever."""
    forget_subject(step, KIND, subject)
    endings.forget_claim(step, subject)


def _contradict(step: Step, claim: Claim | None, confidence: Confidence) -> None:
    if claim is None:
        return
    episode_id, claimed = claim
    conversation = step.customer.conversations.get(claimed.conversation_id)
    raise_finding(
        step,
        KIND,
        episode_id,
        conversation,
        confidence,
        (claimed.claim, step.mark),
        claimed.ai_version,
    )
    if confidence is not Confidence.CONFIRMED:
        return
    episode = step.customer.episodes.get(episode_id)
    if episode is not None:
        episodes.fail(step, episode, EXPLICIT, "contradicted", step.mark)
    else:
        endings.contradict(step, conversation, episode_id)
