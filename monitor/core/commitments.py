"""Commitments: what was promised, and whether it was done by then.

A promise is judged when its time and its grace have passed, not before, so that the kept rate is
a share of promises due: kept, late (within the grace), broken, or withdrawn.

From its time on it is overdue, until it is done or withdrawn. A broken promise is remembered for a
while, for somebody may still do it, and word that it had been done in time may come late: then the
verdict is taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from monitor.core import memory, overdue
from monitor.core.moments import datetime_of, moment_of
from monitor.core.silent import sf06, sf09
from monitor.core.state import Commitment, Conversation
from monitor.core.step import Step, evidence_of
from schemas.making import unchecked
from schemas.published import CommitmentOutcome

if TYPE_CHECKING:
    from schemas.followups import CommitmentMadeData, CommitmentStepData

Kept = Literal["kept", "late", "broken", "withdrawn"]

_record = unchecked(CommitmentOutcome)


def make(step: Step, conversation: Conversation | None, data: CommitmentMadeData) -> None:
    """Something is promised. The same id again is the same promise, until that was broken."""
    if conversation is not None:
        sf06.told(step, conversation)
    known = step.customer.commitments.get(data.commitment_id)
    if known is not None and known.broken_at is None:
        return
    if known is not None:
        forget(step, known.id)
    assert step.mark is not None, "a promise is an event"
    memory.make_room(step, "commitments")
    due_at = moment_of(data.due_at)
    commitment = Commitment(
        id=data.commitment_id,
        conversation_id=conversation.id if conversation else None,
        made=step.mark,
        kind=data.kind,
        made_by=data.made_by,
        due_at=due_at,
        value_band=data.value_band,
    )
    step.customer.commitments[commitment.id] = commitment
    due, grace = max(due_at, step.at), step.policy.grace_for(due_at - step.at)
    step.wait("due", commitment.id, due)
    step.wait("promise", commitment.id, due + grace)


def fulfil(step: Step, conversation: Conversation | None, data: CommitmentStepData) -> None:
    """The promise was kept."""
    del conversation
    commitment = _open_to(step, data)
    if commitment is not None and commitment.fulfilled is None:
        commitment.fulfilled = step.mark
        _correct(step, commitment)


def withdraw(step: Step, conversation: Conversation | None, data: CommitmentStepData) -> None:
    """The promise was taken back."""
    del conversation
    commitment = _open_to(step, data)
    if commitment is not None and commitment.withdrawn is None:
        commitment.withdrawn = step.mark
        _correct(step, commitment)


def fall_due(step: Step, subject: str) -> None:
    """The time of a promise has come."""
    commitment = step.customer.commitments[subject]
    if commitment.fulfilled is None and commitment.withdrawn is None:
        overdue.begin(step, commitment)


def expire(step: Step, subject: str) -> None:
    """The time of a promise, and its grace, have passed."""
    commitment = step.customer.commitments[subject]
    outcome = _outcome(commitment)
    commitment.outcome_id = _judge(step, commitment, outcome)
    if outcome == "broken":
        commitment.broken_at = step.at
        sf09.broken(step, commitment, _conversation(step, commitment))
        step.wait("remembered", subject, step.at + step.policy.promise_memory)
    else:
        memory.forget(step, "commitments", subject)


def forget(step: Step, subject: str) -> None:
    """Nothing more is expected of a broken promise."""
    sf09.settled(step, step.customer.commitments[subject])
    memory.forget(step, "commitments", subject)


def _open_to(step: Step, data: CommitmentStepData) -> Commitment | None:
    """The promise that news is about, if the news may decide on it or change the verdict."""
    commitment = step.customer.commitments.get(data.commitment_id)
    if commitment is None:
        return None
    overdue.end(step, commitment)
    too_late = commitment.broken_at is not None and step.at >= commitment.broken_at
    return None if too_late else commitment


def _correct(step: Step, commitment: Commitment) -> None:
    """If it counts as broken, it does so wrongly: the news had only come late."""
    if commitment.broken_at is None:
        return
    labels = (commitment.kind, commitment.made_by, "broken")
    step.count("cx_commitments_retractions_total", *labels)
    sf09.kept(step, commitment, _conversation(step, commitment))
    _judge(step, commitment, _outcome(commitment))
    forget(step, commitment.id)


def _judge(step: Step, commitment: Commitment, outcome: Kept) -> str:
    step.count("cx_commitments_total", commitment.kind, commitment.made_by, outcome)
    named = (commitment.id, *commitment.made.name, outcome)
    record = _record(
        **step.published(_conversation(step, commitment), *named),
        evidence=evidence_of(commitment.made, commitment.fulfilled or commitment.withdrawn),
        commitment_id=commitment.id,
        commitment_kind=commitment.kind,
        made_by=commitment.made_by,
        due_at=datetime_of(commitment.due_at),
        verdict=outcome,
        replaces=commitment.outcome_id or None,
    )
    step.say(record)
    return record.id


def _outcome(commitment: Commitment) -> Kept:
    if commitment.fulfilled is not None:
        return "kept" if commitment.fulfilled.at <= commitment.due_at else "late"
    return "broken" if commitment.withdrawn is None else "withdrawn"


def _conversation(step: Step, commitment: Commitment) -> Conversation | None:
    return step.customer.conversations.get(commitment.conversation_id or "")
