"""What others told of a customer takes its effect, at the moment it speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import devices, episodes, union
from monitor.core.notes import Lost, Met, Moved, Shared, decode_arrival, decode_moved

if TYPE_CHECKING:
    from monitor.core.step import Step


def expire(step: Step, subject: str) -> None:
    """The time of something that was told has come."""
    arrival = decode_arrival(step.customer.arriving.pop(subject))
    match arrival:
        case Moved():
            union.absorb(step, decode_moved(arrival.row), arrival.left_at)
        case Met():
            devices.met(step, arrival)
        case Shared():
            devices.share(step, arrival)
        case Lost():
            step.mark = arrival.mark
            for conversation in step.customer.conversations.values():
                episodes.censor(step, conversation, "identity_loss")
