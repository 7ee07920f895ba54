"""Loose ends: a notice of nothing (SF-04), a second try (SF-15), a matter left over (SF-16)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sim.oracle_board import CONFIRMED, PROBABLE
from tests.sim.oracle_book import deadline, kind_of, public, speaks
from tests.sim.oracle_turns import Turns, somebody_speaks

if TYPE_CHECKING:
    from tests.sim.oracle_book import Journey, Thread
    from tests.sim.oracle_customer import Customer
    from tests.sim.oracle_order import Fact


def judge(turns: Turns) -> None:
    """Count SF-04 and SF-16 of one conversation."""
    for fact in turns.facts:
        if fact.kind == "handoff.announced" or (
            public(fact, "ai") and kind_of(fact) == "handoff_notice"
        ):
            _announced(turns, fact)
        elif fact.kind == "conversation.closed" or _claims_all(fact):
            _left_over(turns, fact)


# SF-04.


def _announced(turns: Turns, fact: Fact) -> None:
    due = deadline(fact.t + turns.policy["notice_window"], fact.place)
    requests = [one for one in turns.facts if one.kind == "handoff.requested"]
    if due >= turns.end or any(one.place < due for one in requests):
        return
    finding = turns.board.found("SF-04", turns.thread, CONFIRMED, due, turns.thread)
    if requests:
        turns.board.take_back(finding, requests[0].place)


# SF-16.


def _claims_all(fact: Fact) -> bool:
    claimed = fact.kind == "resolution.claimed" and not fact.get("issue_id")
    return claimed and fact.get("basis") not in ("bulk", "merge")


def _left_over(turns: Turns, fact: Fact) -> None:
    known = [one for one in turns.facts if one.place < fact.place]
    if any(one.kind == "conversation.spam_marked" for one in known):
        return
    opened: dict[str, int] = {}
    for one in known:
        if one.kind == "issue.opened" and one.t <= fact.t:
            name = str(one.get("issue_id"))
            opened[name] = max(opened.get(name, 0), one.t)
    dated = [one for one in known if one.t <= fact.t]
    missing = {name for name in opened if not _settled(name, opened[name], dated)}
    if not missing:
        return
    reopened = [one.place for one in turns.facts if one.kind == "conversation.reopened"]
    again = len([place for place in reopened if place < fact.place])
    subject = (turns.thread, again)
    finding = turns.board.found("SF-16", subject, CONFIRMED, fact.place, turns.thread)
    if finding:
        finding.settled = next((place for place in reopened if place > fact.place), None)
        until = finding.settled or turns.end
        told = [one for one in turns.facts if fact.place < one.place < until and one.t <= fact.t]
        settled = [_settled(name, opened[name], told) for name in missing]
        late = [one.place for one in settled if one]
        if len(late) == len(missing):
            turns.board.take_back(finding, max(late))


def _settled(name: str, since: int, told: list[Fact]) -> Fact | None:
    return next(
        (
            one
            for one in told
            if one.kind == "issue.resolved" and one.get("issue_id") == name and one.t >= since
        ),
        None,
    )


# SF-15.


def tried_again(customer: Customer, thread: Thread, contact: Fact, journey: Journey) -> None:
    """The customer begins a second conversation while the AI has the first."""
    place = contact.place
    for first in journey.threads:
        if first is thread or first.spam or first.contact is None:
            continue
        if any(one.thread is first and one.stands(place) for one in customer.claims):
            continue
        facts = customer.steps(first)
        turns = Turns(first, facts, customer.policy, customer.counts, customer.board, place)
        owner = turns.owner(place)
        if owner is None or owner.owner != "ai" or _closed(first):
            continue
        spoken = [one.t for one in first.facts if somebody_speaks(one)]
        since = max([first.contact.t, *spoken])
        if contact.t - since >= customer.policy["parallel_window"]:
            continue
        finding = customer.board.found("SF-15", first, PROBABLE, place, first)
        if finding:
            finding.because = thread.name


def _closed(thread: Thread) -> bool:
    told = [
        one
        for one in thread.facts
        if one.kind in ("conversation.closed", "conversation.reopened") or speaks(one)
    ]
    return (
        bool(told) and max(told, key=lambda one: (one.t, one.place)).kind == "conversation.closed"
    )


def merged(customer: Customer, thread: Thread, into: Thread, fact: Fact) -> None:
    """The second was one with the first: it was despair."""
    finding = customer.board.standing("SF-15", into, fact.place)
    if finding and finding.because == thread.name:
        customer.board.found("SF-15", into, CONFIRMED, fact.place, into)
