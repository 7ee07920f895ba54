"""SF-08, claimed action never confirmed: the customer was told that it is done, and it is not.

Confirmed when the action is on record as failed. When the ledger knows nothing of it in time, it is
probable while the ledger is known to have told everything, and else only suspected. The same
holds for what the ledger accepted and never posted, which is a finding of its own. What the ledger
or an execution says later takes the finding back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import episodes
from monitor.core.journeys import EXPLICIT
from monitor.core.silent.findings import SilentFailure, forget_subject, raise_finding, retract
from schemas.published import Confidence

if TYPE_CHECKING:
    from monitor.core.state import Action, Conversation, Mark
    from monitor.core.step import Step

KIND = SilentFailure("SF-08", "Claimed action never confirmed")
POSTED = "/posted"


def failed(step: Step, action: Action) -> None:
    """An action of which the customer was told has failed; or the other way round."""
    if action.failed is None or action.claimed is None:
        return
    _raise(step, action, "", Confidence.CONFIRMED, (action.claimed, action.failed))
    conversation = _conversation(step, action)
    if conversation is not None:
        for episode in episodes.standing(step, conversation):
            episodes.fail(step, episode, EXPLICIT, "action_failed", action.failed)


def absent(step: Step, action: Action, confidence: Confidence, stage: str = "") -> None:
    """The ledger does not know it, or has not posted it."""
    if action.claimed is not None:
        _raise(step, action, stage, confidence, (action.claimed,))


def take_back(step: Step, action: Action, stage: str = "") -> None:
    """It was done after all."""
    retract(step, KIND, action.id + stage, _conversation(step, action))


def forget(step: Step, action: Action) -> None:
    """Nothing more can be learned of it."""
    forget_subject(step, KIND, action.id)
    forget_subject(step, KIND, action.id + POSTED)


def _raise(
    step: Step, action: Action, stage: str, confidence: Confidence, proof: tuple[Mark, ...]
) -> None:
    raise_finding(
        step,
        KIND,
        action.id + stage,
        _conversation(step, action),
        confidence,
        proof,
        action.ai_version,
        action.value_band,
    )


def _conversation(step: Step, action: Action) -> Conversation | None:
    return step.customer.conversations.get(action.conversation_id or "")
