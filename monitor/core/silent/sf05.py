"""SF-05, orphaned handoff: it was requested, and nobody took it or spoke to the customer.

Confirmed at the agreed time while people are on duty, and at 24 hours in any case. Between human
desks it is only suspected: the customer has a human already, and many desks record no acceptance.
Somebody who takes it before it is given up takes the finding back: late is another verdict than
never.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.silent.findings import SilentFailure, raise_finding, retract
from schemas.published import Confidence
from schemas.vocabulary import HandoffKind

if TYPE_CHECKING:
    from monitor.core.state import Conversation, Handoff
    from monitor.core.step import Step

KIND = SilentFailure("SF-05", "Orphaned handoff")


def overdue(step: Step, handoff: Handoff) -> None:
    """The time by which somebody should have taken it has passed."""
    conversation = step.customer.conversations[handoff.conversation_id]
    between_desks = handoff.kind is HandoffKind.HUMAN_HUMAN
    confidence = Confidence.SUSPECTED if between_desks else Confidence.CONFIRMED
    raise_finding(step, KIND, handoff.id, conversation, confidence, (handoff.request,))


def served(step: Step, handoff: Handoff, conversation: Conversation) -> None:
    """Somebody took it, late."""
    retract(step, KIND, handoff.id, conversation)
