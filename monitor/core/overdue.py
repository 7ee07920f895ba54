"""Promises that are overdue now: a gauge, up when one falls due and down when it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.core.state import Commitment
    from monitor.core.step import Step

_GAUGE = "cx_commitments_overdue"


def begin(step: Step, commitment: Commitment) -> None:
    """Its time has come, and it is not done."""
    commitment.overdue = True
    step.shift(_GAUGE, 1, commitment.kind, commitment.value_band)


def end(step: Step, commitment: Commitment) -> None:
    """It is done or withdrawn, or nobody waits for it any more."""
    if commitment.overdue:
        commitment.overdue = False
        step.shift(_GAUGE, -1, commitment.kind, commitment.value_band)


def depart(step: Step, commitment: Commitment) -> None:
    """Somebody else waits for it from now on."""
    if commitment.overdue:
        step.shift(_GAUGE, -1, commitment.kind, commitment.value_band)


def arrive(step: Step, commitment: Commitment) -> None:
    """Somebody else waited for it until now."""
    if commitment.overdue:
        step.shift(_GAUGE, 1, commitment.kind, commitment.value_band)
