"""SF-09, broken promise: its time and its grace have passed, and nobody kept it.

Confirmed: the promise is on record and its keeping is not. Word that it had been kept or withdrawn
by then, and that comes late, takes the finding back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.silent.findings import SilentFailure, forget_subject, raise_finding, retract
from schemas.published import Confidence

if TYPE_CHECKING:
    from monitor.core.state import Commitment, Conversation
    from monitor.core.step import Step

KIND = SilentFailure("SF-09", "Broken promise")


def broken(step: Step, commitment: Commitment, conversation: Conversation | None) -> None:
    """A promise was not kept."""
    raise_finding(
        step,
        KIND,
        commitment.id,
        conversation,
        Confidence.CONFIRMED,
        (commitment.made,),
        value_band=commitment.value_band,
    )


def kept(step: Step, commitment: Commitment, conversation: Conversation | None) -> None:
    """It was kept or withdrawn after all."""
    retract(step, KIND, commitment.id, conversation)


def settled(step: Step, commitment: Commitment) -> None:
    """Nothing more is expected of it."""
    forget_subject(step, KIND, commitment.id)
