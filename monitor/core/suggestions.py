"""Suggestions of the AI to human agents: used as they were, changed, or left.

Each that was shown is counted once, by what became of it. Silence discards it, so that the share
that was of use is one of all that were shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.memory import make_room
from monitor.core.state import Suggestion
from monitor.core.step import version_of
from schemas.vocabulary import SuggestionState

if TYPE_CHECKING:
    from monitor.core.state import Conversation
    from monitor.core.step import Step
    from schemas.handoffs import SuggestionDisplayedData, SuggestionUsedData


def display(step: Step, conversation: Conversation, data: SuggestionDisplayedData) -> None:
    """A suggestion is shown. The same id again, while it is open, is the same suggestion."""
    if data.suggestion_id in step.customer.suggestions:
        return
    version = data.ai_version or version_of(conversation)
    shown = Suggestion(data.suggestion_id, conversation.id, version)
    make_room(step, "suggestions")
    step.customer.suggestions[shown.id] = shown
    step.wait("suggestion", shown.id, step.at + step.policy.suggestion_wait)


def use(step: Step, conversation: Conversation, data: SuggestionUsedData) -> None:
    """Somebody says what became of it. Of one that was never shown, nothing is counted."""
    del conversation
    if data.suggestion_id in step.customer.suggestions:
        step.forget("suggestion", data.suggestion_id)
        _end(step, data.suggestion_id, data.state)


def expire(step: Step, subject: str) -> None:
    """Nobody used it."""
    _end(step, subject, SuggestionState.DISCARDED)


def _end(step: Step, suggestion_id: str, state: SuggestionState) -> None:
    shown = step.customer.suggestions.pop(suggestion_id)
    step.count("cx_suggestions_total", state, shown.ai_version)
