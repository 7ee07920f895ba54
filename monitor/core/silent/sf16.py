"""SF-16, partial resolution: the conversation is over, and one of its issues is not.

Confirmed: the opening is on record and its resolution is not. A resolution that comes late takes
the finding back. Where nobody tells issues apart there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.silent.findings import SilentFailure, let_stand, raise_finding, retract
from schemas.published import Confidence

if TYPE_CHECKING:
    from monitor.core.moments import Moment
    from monitor.core.state import Conversation, Mark
    from monitor.core.step import Step

KIND = SilentFailure("SF-16", "Partial resolution")


def closed(step: Step, conversation: Conversation) -> None:
    """The conversation was closed, or claimed as a whole."""
    missing = _unresolved(step, conversation, step.at)
    if missing and not conversation.spam:
        proof = (min(missing, key=lambda mark: (mark.at, mark.name)), step.mark)
        window = (0, step.at + 1)
        raise_finding(
            step, KIND, conversation.id, conversation, Confidence.CONFIRMED, proof, window=window
        )


def reopened(step: Step, conversation: Conversation) -> None:
    """The conversation goes on; if it is closed again too early, that is another failure."""
    let_stand(step, KIND, conversation.id)


def resolved(step: Step, conversation: Conversation) -> None:
    """An issue was settled: before the conversation was closed, if that comes late."""
    known = step.customer.raised.get(f"{KIND.sf}:{conversation.id}")
    if known is None or step.at >= known.until:
        return
    if not _unresolved(step, conversation, known.until - 1):
        retract(step, KIND, conversation.id, conversation)


def _unresolved(step: Step, conversation: Conversation, at: Moment) -> list[Mark]:
    """The openings of the issues that were open at a moment."""
    return [
        issue.opened
        for issue in step.customer.issues.values()
        if issue.conversation_id == conversation.id
        and issue.opened is not None
        and issue.opened.at <= at
        and not issue.opened.at <= issue.resolved_at <= at
    ]
