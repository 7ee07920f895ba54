"""What the fold did for a few customers, step by step, for whoever asks why.

A tracker has no trace unless somebody sets one, and pays one comparison a step for that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor.core.union import OF_JOURNEY

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from monitor.core.moments import Moment
    from monitor.core.outputs import Output
    from monitor.core.state import Customer
    from monitor.core.step import Counted, Step
    from schemas.envelope import Envelope

JourneyName = tuple[str, int, int]
"""The key of a customer's row, how many rows it had before, and the journey's number."""


@dataclass(slots=True)
class Traced:
    """One event or deadline, and everything that came of it."""

    at: Moment
    #: Whose row, and how many rows the customer had before.
    row: tuple[str, int]
    event: Envelope | None
    deadline: str
    #: The conversations that it is about; none where it may be about any of the customer's.
    about: list[str]
    outputs: list[Output]
    counted: list[Counted]
    #: For each conversation that the customer has after it, the journey it belongs to.
    journeys: dict[str, JourneyName] = field(default_factory=dict)
    #: The conversations that were forgotten with it.
    forgotten: set[str] = field(default_factory=set)


class Trace:
    """The steps of some customers, in the order in which they were applied."""

    def __init__(self, keys: AbstractSet[str]) -> None:
        """Write down the steps of the rows with these keys."""
        self.keys = keys
        self.steps: list[Traced] = []
        self._lives: dict[str, int] = {}
        self._begun = False

    def begin(self, step: Step, event: Envelope | None, deadline: str) -> None:
        """A step begins."""
        key = step.customer.key
        self._begun = key in self.keys
        if not self._begun:
            return
        row = (key, self._lives.setdefault(key, 0))
        about = subjects_of(step.customer, deadline) if event is None else _told(event)
        step.counted = []
        traced = Traced(step.at, row, event, deadline, about, step.outputs, step.counted)
        traced.forgotten.update(step.customer.conversations)
        self.steps.append(traced)

    def end(self, step: Step, *, gone: bool) -> None:
        """The same step is over.

        Args:
            step: the step.
            gone: whether the customer was forgotten with it; a later row of the same customer
                numbers its journeys anew.
        """
        key = step.customer.key
        if not self._begun:
            return
        traced = self.steps[-1]
        for conversation in step.customer.conversations.values():
            traced.journeys[conversation.id] = (*traced.row, conversation.journey)
        traced.forgotten -= traced.journeys.keys()
        self._lives[key] += gone


def subjects_of(customer: Customer, deadline: str) -> list[str]:
    """The conversations that a deadline is about; none where it is about the customer."""
    kind, _, subject = deadline.partition(":")
    if kind in OF_JOURNEY:
        journey = customer.journeys.get(int(subject))
        return [] if journey is None else list(journey.conversations)
    if subject in customer.conversations:
        return [subject]
    for name in customer.__struct_fields__:
        group = getattr(customer, name)
        known = group.get(subject) if isinstance(group, dict) else None
        where = getattr(known, "conversation_id", None)
        if where is not None:
            return [str(where)]
    return []


def _told(event: Envelope) -> list[str]:
    where = getattr(event.data, "conversation_id", None)
    return [] if where is None else [where]
