"""What turns out to be no contact: spam, and the same ticket opened twice.

Rule: whatever the contact had caused is taken back, and counted as taken back. Nothing that has
matured is rewritten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import episodes, journeys
from monitor.core.demand import retract_demand
from monitor.core.silent import sf02, sf15

if TYPE_CHECKING:
    from monitor.core.state import Conversation
    from monitor.core.step import Step
    from schemas.conversations import MergeData, StateData

_CAUSES = ("repeat_same_channel", "repeat_other_channel")


def merge(step: Step, conversation: Conversation, data: MergeData) -> None:
    """A conversation went into another, where it will be followed."""
    episodes.censor(step, conversation, "merge")
    into = step.customer.conversations.get(data.into)
    if into is None or into is conversation or step.customer.journeys[into.journey].ended:
        return
    _take_back(step, conversation, "merged_duplicate")
    sf15.merged(step, conversation, into)
    journeys.unite(step, conversation.journey, into.journey)


def mark_spam(step: Step, conversation: Conversation, data: StateData) -> None:
    """A conversation was no customer's: it leaves the trial, and the demand."""
    del data
    conversation.spam = True
    episodes.censor(step, conversation, "spam")
    retract_demand(step, conversation)
    _take_back(step, conversation, "spam")


def _take_back(step: Step, contact: Conversation, reason: str) -> None:
    """Take back what was held against earlier claims because of this contact."""
    for episode in list(step.customer.episodes.values()):
        for failure in list(episode.failures):
            if failure.by == contact.id and failure.cause in _CAUSES:
                episodes.retract(step, episode, failure, reason)
        sf02.retracted(step, episode, contact.id)
