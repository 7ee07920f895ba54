"""The AI's claims of resolution, as long as something can contradict them.

While a claim is on trial its episode is all there is to remember. A complaint or a chargeback may
come later than that, so when the trial is over as little as can be is kept until it no longer can.
What was censored is no claim any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import memory
from monitor.core.state import PastClaim
from schemas.vocabulary import Actor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.core.moments import Moment
    from monitor.core.state import Conversation, Episode
    from monitor.core.step import Step

Claim = tuple[str, "Episode | PastClaim"]
"""The id of an episode, and what is remembered of its claim."""


def remember(step: Step, episode: Episode) -> None:
    """The trial of an episode is over. Of each conversation the last claim is enough."""
    claims = step.customer.claims
    until = episode.claim.at + step.policy.signal_window
    if episode.by is not Actor.AI or episode.censored or until <= step.at:
        return
    for name, past in list(claims.items()):
        if past.conversation_id == episode.conversation_id:
            if past.claim.at > episode.claim.at:
                return
            memory.forget(step, "claims", name)
    memory.make_room(step, "claims")
    claims[episode.id] = PastClaim(episode.conversation_id, episode.claim, episode.ai_version)
    step.wait("claim", episode.id, until)


def forget(step: Step, subject: str) -> None:
    """Nothing can contradict the claim any more."""
    del step.customer.claims[subject]


def contradictable(step: Step, conversation_id: str) -> bool:
    """Whether a claim of the AI in a conversation can still be contradicted."""
    return any(claim.conversation_id == conversation_id for _, claim in _known(step))


def latest(
    step: Step, window: Moment, *, within: Conversation | None = None, entity: str | None = None
) -> Claim | None:
    """The last claim before now, if it was made within a window of time.

    Args:
        step: what contradicts it.
        window: how old it may be.
        within: if given, only claims in this conversation.
        entity: if given, only claims about this entity.
    """
    conversations = step.customer.conversations
    found: Claim | None = None
    for one in _known(step):
        claim, about = one[1], conversations.get(one[1].conversation_id)
        elsewhere = within is not None and claim.conversation_id != within.id
        other = entity is not None and (about is None or about.entity_ref != entity)
        too_late = claim.claim.at > step.at or elsewhere or other
        if not too_late and (found is None or claim.claim.at >= found[1].claim.at):
            found = one
    recent = found is not None and step.at < found[1].claim.at + window
    return found if recent else None


def _known(step: Step) -> Iterator[Claim]:
    yield from step.customer.claims.items()
    for episode in step.customer.episodes.values():
        if episode.by is Actor.AI and not episode.censored:
            yield episode.id, episode
