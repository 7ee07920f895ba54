"""Surveys: what customers say of the service, beside who had served them.

A rating is an opinion of those who answer, so it decides nothing here; its band makes scales
comparable, and its path tells ratings of the AI from ratings of people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.vocabulary import Scale

if TYPE_CHECKING:
    from monitor.core.state import Conversation
    from monitor.core.step import Step
    from schemas.conversations import FeedbackData

# Of each scale: the highest low value, and the lowest high one.
_EDGES = {Scale.CSAT5: (2, 4), Scale.CES7: (3, 6), Scale.THUMB: (0, 0), Scale.NPS: (6, 9)}
_PATHS = {(True, True): "mixed", (True, False): "ai", (False, True): "human"}


def rate(step: Step, conversation: Conversation, data: FeedbackData) -> None:
    """The customer rated the service."""
    turns = conversation.turns
    path = _PATHS.get((turns.ai_spoke, turns.human_spoke), "none")
    step.count("cx_surveys_total", data.scale, band_of(data), path)


def band_of(data: FeedbackData) -> str:
    """Whether a rating is low, middle or high on its scale."""
    if data.scale not in _EDGES:
        return "unknown"
    low, high = _EDGES[data.scale]
    if data.value <= low:
        return "low"
    return "high" if data.value >= high else "middle"
