"""SF-09, broken promise: its time and its grace have passed, and nobody kept it.

Confirmed: the promise is on record and its keeping is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.silent.findings import SilentFailure, raise_finding
from schemas.published import Confidence

if TYPE_CHECKING:
    from monitor.core.state import Commitment, Conversation
    from monitor.core.step import Step

KIND = SilentFailure("SF-09", "Broken promise")


def broken(step: Step, commitment: Commitment, conversation: Conversation | None) -> None:
    """A promise was not kept."""
    raise_finding(step, KIND, commitment.id, conversation, Confidence.CONFIRMED, (commitment.made,))
