"""What is published of a handoff: how it ended, and whether it was needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.moments import seconds
from monitor.core.step import evidence_of
from schemas.making import unchecked
from schemas.published import HandoffOutcome

if TYPE_CHECKING:
    from monitor.core.moments import Moment
    from monitor.core.state import Handoff, Verdict
    from monitor.core.step import Step

_outcome = unchecked(HandoffOutcome)


def say_end(step: Step, handoff: Handoff, terminal: str, waited: Moment) -> None:
    """Publish how it ended."""
    conversation = step.customer.conversations[handoff.conversation_id]
    named = (handoff.id, *handoff.request.name, "terminal", terminal)
    step.say(
        _outcome(
            **step.published(conversation, *named),
            evidence=evidence_of(handoff.request, step.mark),
            handoff_id=handoff.id,
            aspect="terminal",
            verdict=terminal,
            basis="record",
            reason_code=str(handoff.reason_code),
            waited_seconds=seconds(waited),
        )
    )


def say_verdict(
    step: Step, handoff: Handoff, verdict: str, basis: str, overruled: Verdict | None
) -> str:
    """Publish whether it was needed, and give the id of the record."""
    conversation = step.customer.conversations[handoff.conversation_id]
    named = (handoff.id, *handoff.request.name, "verdict", verdict, basis)
    outcome = _outcome(
        **step.published(conversation, *named),
        evidence=evidence_of(handoff.request, step.mark),
        handoff_id=handoff.id,
        aspect="verdict",
        verdict=verdict,
        basis=basis,
        reason_code=str(handoff.reason_code),
        replaces=overruled.outcome_id if overruled else None,
    )
    step.say(outcome)
    return outcome.id
