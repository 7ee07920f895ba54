"""Commitments: what was promised, and whether it was done by then.

A promise is judged when its time and its grace have passed, not before, so that the kept rate is
a share of promises due: kept, late (within the grace), broken, or withdrawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from monitor.core.moments import datetime_of, moment_of
from monitor.core.silent import sf09
from monitor.core.state import Commitment, Conversation
from monitor.core.step import Step, evidence_of
from schemas.published import CommitmentOutcome

if TYPE_CHECKING:
    from schemas.followups import CommitmentMadeData, CommitmentStepData

Kept = Literal["kept", "late", "broken", "withdrawn"]


def make(step: Step, conversation: Conversation | None, data: CommitmentMadeData) -> None:
    """Something is promised."""
    if data.commitment_id in step.customer.commitments:
        return
    assert step.mark is not None, "a promise is an event"
    due_at = moment_of(data.due_at)
    commitment = Commitment(
        id=data.commitment_id,
        conversation_id=conversation.id if conversation else None,
        made=step.mark,
        kind=data.kind,
        made_by=data.made_by,
        due_at=due_at,
    )
    step.customer.commitments[commitment.id] = commitment
    grace = step.policy.grace_for(due_at - step.at)
    step.wait("promise", commitment.id, max(due_at, step.at) + grace)


def fulfil(step: Step, conversation: Conversation | None, data: CommitmentStepData) -> None:
    """The promise was kept."""
    del conversation
    commitment = step.customer.commitments.get(data.commitment_id)
    if commitment is not None and commitment.fulfilled is None:
        commitment.fulfilled = step.mark


def withdraw(step: Step, conversation: Conversation | None, data: CommitmentStepData) -> None:
    """The promise was taken back."""
    del conversation
    commitment = step.customer.commitments.get(data.commitment_id)
    if commitment is not None and commitment.withdrawn is None:
        commitment.withdrawn = step.mark


def expire(step: Step, subject: str) -> None:
    """The time of a promise, and its grace, have passed."""
    commitment = step.customer.commitments.pop(subject)
    conversation = step.customer.conversations.get(commitment.conversation_id or "")
    outcome = _outcome(commitment)
    step.count("cx_commitments_total", commitment.kind, commitment.made_by, outcome)
    step.say(
        CommitmentOutcome(
            **step.published(conversation, commitment.id, *commitment.made.name, outcome),
            evidence=evidence_of(commitment.made, commitment.fulfilled or commitment.withdrawn),
            commitment_id=commitment.id,
            commitment_kind=commitment.kind,
            made_by=commitment.made_by,
            due_at=datetime_of(commitment.due_at),
            verdict=outcome,
        )
    )
    if outcome == "broken":
        sf09.broken(step, commitment, conversation)


def _outcome(commitment: Commitment) -> Kept:
    if commitment.fulfilled is not None:
        return "kept" if commitment.fulfilled.at <= commitment.due_at else "late"
    return "broken" if commitment.withdrawn is None else "withdrawn"
