"""SF-10, undone work: the AI did something, and it had to be undone or put right.

Confirmed: both are on record. What the customer asked to have undone was not wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import episodes
from monitor.core.journeys import EXPLICIT
from monitor.core.silent.findings import SilentFailure, forget_subject, raise_finding
from schemas.published import Confidence

if TYPE_CHECKING:
    from monitor.core.state import Action
    from monitor.core.step import Step

KIND = SilentFailure("SF-10", "Undone work")


def undone(step: Step, action: Action, what: str) -> None:
    """An action of the AI was reversed, or corrected by a human."""
    action.undone = True
    step.count("cx_ai_corrections_total", what, action.ai_version)
    conversation = step.customer.conversations.get(action.conversation_id or "")
    raise_finding(
        step,
        KIND,
        action.id,
        conversation,
        Confidence.CONFIRMED,
        (action.executed, step.mark),
        action.ai_version,
        action.value_band,
    )
    if conversation is not None:
        for episode in episodes.standing(step, conversation):
            episodes.fail(step, episode, EXPLICIT, "action_reversed", step.mark)


def forget(step: Step, action: Action) -> None:
    """Nothing more can be learned of it."""
    forget_subject(step, KIND, action.id)
