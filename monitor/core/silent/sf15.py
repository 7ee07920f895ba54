"""SF-15, parallel desperation: a second contact while the AI still has the first.

Probable, for the need may be another; confirmed when the second is merged into the first. Only a
contact that matches by more than time counts, and only while the first is young and open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import episodes
from monitor.core.journeys import ANY_INTENT
from monitor.core.silent.findings import SilentFailure, is_raised, raise_finding
from monitor.core.state import Owner
from schemas.published import Confidence

if TYPE_CHECKING:
    from monitor.core.state import Conversation
    from monitor.core.step import Step

KIND = SilentFailure("SF-15", "Parallel desperation")


def contacted(step: Step, contact: Conversation, found: dict[int, tuple[str, bool]]) -> None:
    """The customer begins another conversation, which relates to journeys as ``found`` says."""
    for first in step.customer.conversations.values():
        match, _ = found.get(first.journey, (ANY_INTENT, False))
        if first is contact or match == ANY_INTENT or not _is_with_the_ai(step, first):
            continue
        if raise_finding(step, KIND, first.id, first, Confidence.PROBABLE, (step.mark,)):
            first.second, first.second_mark = contact.id, step.mark


def merged(step: Step, conversation: Conversation, into: Conversation) -> None:
    """The second contact was the same ticket as the first."""
    if into.second == conversation.id and is_raised(step, KIND, into.id):
        proof = (into.second_mark, step.mark)
        raise_finding(step, KIND, into.id, into, Confidence.CONFIRMED, proof)


def _is_with_the_ai(step: Step, first: Conversation) -> bool:
    # Where only the AI has spoken, so far as we were told, the customer has tried nothing yet.
    if first.turns.owner is not Owner.AI or not first.linked or first.closed_at or first.spam:
        return False
    last_at = max(first.turns.last_at, first.started_at)
    recent = step.at - last_at < step.policy.parallel_window
    return recent and not episodes.stands(step, first)
