"""Missed escalations: a human should have been asked, and was not.

They are found in several ways, each called by its ``why``, and each at most once for a
conversation, or for the ``subject`` in it. The age says how long after ``since`` that was known:
an escalation missed for minutes is another matter than one missed for days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.core.moments import Moment
    from monitor.core.state import Conversation
    from monitor.core.step import Step

_OLDER = "older"


def count(
    step: Step, conversation: Conversation, why: str, since: Moment, subject: str = ""
) -> bool:
    """Nobody was asked, though somebody should have been. Returns whether it is new."""
    key = f"{why}:{subject}"
    if key in conversation.missed:
        return False
    bucket = step.policy.bucket_of(step.at - since)
    age = _OLDER if bucket is None else step.policy.ages[bucket]
    conversation.missed[key] = age
    step.count("cx_missed_escalations_total", why, age)
    return True


def retract(step: Step, conversation: Conversation, why: str, subject: str = "") -> None:
    """Somebody was asked after all."""
    age = conversation.missed.pop(f"{why}:{subject}", None)
    if age is not None:
        step.count("cx_missed_escalations_retractions_total", why, age)
