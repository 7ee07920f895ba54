"""Two rows become one, when their references are found to be one customer.

Rule: nothing is counted backwards. Claims on trial keep their age and what has failed; no contact
of before is held against a claim of the other reference. What both rows know of the same thing is
kept once, as the canonical row has it; only a conversation that was heard of under both
references, as when a customer logs in half-way, is put together field by field.

Every field of a row has its place in this module; a test holds that none is missing.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from monitor.core import endings, eviction, journeys, memory, overdue, trials
from monitor.core.silent import findings
from monitor.core.twice import put_together

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.core.moments import Moment
    from monitor.core.state import Conversation, Customer, Journey
    from monitor.core.step import Step

OWN = ("key", "seen", "version", "alias", "journeys_begun", "deadlines")
"""What belongs to the row itself. Deadlines go with what they belong to."""

WHOLES = ("journeys", "conversations")
"""What refers to each other by journeys' numbers, which change."""

GROUPS = (
    *("episodes", "handoffs", "commitments", "raised", "words", "issues", "suggestions"),
    *("actions", "claims", "devices", "arriving"),
)
"""What is known by an id, and stays what it is."""

OF_GROUP = {**memory.OF_GROUP, "arriving": ("arrival",)}
"""The deadlines of each group."""

OF_JOURNEY = ("journey", "effort")
"""The deadlines of a journey."""

OF_ROW = ("row", "alias", "look")
"""The deadlines of a row, which stay with it."""


def depart(step: Step) -> Customer:
    """Take everything known out of a row, and out of what is counted as open here."""
    row = step.customer
    guest = copy.copy(row)
    for episode in guest.episodes.values():
        trials.depart(step, episode)
    for commitment in guest.commitments.values():
        overdue.depart(step, commitment)
    findings.forget_customer(step.totals, guest)
    for name in (*WHOLES, *GROUPS, "deadlines"):
        setattr(row, name, {})
    row.journeys_begun, guest.seen = 0, {}
    return guest


def is_empty(guest: Customer) -> bool:
    """Whether nothing is known of who departed."""
    return not any(getattr(guest, name) for name in (*WHOLES, *GROUPS))


def absorb(step: Step, guest: Customer, since: Moment) -> None:
    """Everything known of a guest is this customer's.

    Args:
        step: of the canonical row.
        guest: what departed from another row, perhaps of another partition.
        since: up to when the exposure of its claims was counted there.
    """
    taken = _take_groups(step, guest)
    for subject in taken["episodes"]:
        trials.arrive(step, step.customer.episodes[subject], min(since, step.now))
    for subject in taken["commitments"]:
        overdue.arrive(step, step.customer.commitments[subject])
    findings.remember(step.totals, step.customer, taken["raised"])
    for journey in sorted(guest.journeys.values(), key=lambda one: (one.started_at, one.id)):
        _take_journey(step, guest, journey)
    if guest.conversations:
        newest = max(step.customer.conversations.values(), key=lambda one: (one.started_at, one.id))
        eviction.make_room(step, newest)
    endings.settle(step)


def _take_groups(step: Step, guest: Customer) -> dict[str, list[str]]:
    """Take what is not known here, and say what that was."""
    taken = {}
    for name in GROUPS:
        ours, theirs = getattr(step.customer, name), getattr(guest, name)
        taken[name] = [subject for subject in theirs if subject not in ours]
        for subject in taken[name]:
            ours[subject] = theirs[subject]
            _take_deadlines(step, guest, OF_GROUP.get(name, ()), subject)
    return taken


def _take_deadlines(
    step: Step, guest: Customer, kinds: Iterable[str], subject: str, name: str | None = None
) -> None:
    for kind in kinds:
        until = guest.deadlines.get(f"{kind}:{subject}")
        if until is not None:
            step.wait(kind, name or subject, until)


def _take_journey(step: Step, guest: Customer, journey: Journey) -> None:
    """Give a journey the next number here, and take what happened in it."""
    customer = step.customer
    customer.journeys_begun += 1
    number, before = customer.journeys_begun, str(journey.id)
    journey.id = number
    customer.journeys[number] = journey
    _take_deadlines(step, guest, OF_JOURNEY, before, str(number))
    twice = []
    for name in list(journey.conversations):
        conversation = guest.conversations[name]
        conversation.journey = number
        if name not in customer.conversations:
            _take_conversation(step, guest, conversation)
        elif _take_twice(step, guest, journey, conversation):
            twice.append(name)
    for name in twice:
        # Both references had a part in one conversation, so both journeys are one.
        other = customer.conversations[name].journey
        journeys.unite(step, other, number)
        number = number if number in customer.journeys else other
    if number == journey.id and not journey.conversations:
        journeys.forget(step, journey)


def _take_conversation(step: Step, guest: Customer, conversation: Conversation) -> None:
    step.customer.conversations[conversation.id] = conversation
    for kind in memory.OF_CONVERSATION:
        step.forget(kind, conversation.id)
    _take_deadlines(step, guest, memory.OF_CONVERSATION, conversation.id)


def _take_twice(step: Step, guest: Customer, journey: Journey, theirs: Conversation) -> bool:
    """Make one of what both have of a conversation. Returns whether their journeys are one."""
    ours = step.customer.conversations[theirs.id]
    here = step.customer.journeys[ours.journey]
    if not journey.ended and here.ended:
        # An ended journey gets nothing new: what goes on is another conversation.
        here.conversations.remove(ours.id)
        if not here.conversations:
            journeys.forget(step, here)
        _take_conversation(step, guest, theirs)
        return False
    journey.conversations.remove(theirs.id)
    if journey.ended:
        return False
    if theirs.turns.last_at > ours.turns.last_at:
        _take_conversation(step, guest, put_together(theirs, ours))
    else:
        step.customer.conversations[ours.id] = put_together(ours, theirs)
    step.customer.conversations[ours.id].journey = here.id
    return True
