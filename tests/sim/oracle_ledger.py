"""What the ledger knew of an action when it should have: rules 11.2 to 11.5."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.sim import oracle_actions as actions
from tests.sim.oracle_blind import vouched
from tests.sim.oracle_board import PROBABLE, SUSPECTED
from tests.sim.oracle_book import deadline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sim.oracle_actions import Action
    from tests.sim.oracle_customer import Customer
    from tests.sim.oracle_order import Fact, Place


class Look(NamedTuple):
    """A verdict on an action, when it was given and was due, and what its absence is worth."""

    place: Place
    at: int
    stage: str
    result: str
    trust: str
    waits: list[tuple[Place, int]]


def verdicts(action: Action) -> Iterator[Look]:
    """What becomes of it, by what has been heard of it up to here."""
    policy = action.customer.policy
    begun = action.first("claimed", "executed", known=action.facts[-1].place)
    if begun is None:
        return
    due = begun.t + policy["ledger_window_by_kind"].get(action.kind, policy["ledger_window"])
    first = _decided(action, begun, due, "")
    yield first
    posted = policy["posted_window_by_kind"].get(action.kind)
    if posted and first.result == "confirmed":
        yield _decided(action, begun, max(begun.t + posted, first.at), "posted")


def _decided(action: Action, begun: Fact, due: int, stage: str) -> Look:
    policy, at = action.customer.policy, due
    waits: list[tuple[Place, int]] = []
    while True:
        place = deadline(at, begun.place)
        result = _posted(action, place) if stage else action.result(place)
        told = vouched(action.customer.beats, place, policy)
        trust = PROBABLE if told is not None and told >= due else SUSPECTED
        patient = at < due + policy["ledger_patience"] and told is not None
        if result != "unconfirmed" or trust == PROBABLE or not patient:
            return Look(place, at, stage, result, trust, waits)
        at = min(at + policy["ledger_recheck"], due + policy["ledger_patience"])
        waits.append((place, at))


def _posted(action: Action, place: Place) -> str:
    told = [one for one in action.facts if one.place <= place and one.get("stage") == "posted"]
    if any(one.kind == "ledger.confirmed" for one in told):
        return "confirmed"
    return "failed" if action.result(place) == "failed" else "unconfirmed"


def judge(customer: Customer, action: Action) -> None:
    """Count what became of it, and what is silent."""
    for look in verdicts(action):
        # At the deadline itself nobody can have vouched for it yet.
        customer.ledger_waits += look.waits[1:]
        if look.place >= customer.end:
            return
        if not look.stage:
            cell = (action.kind, look.result, action.version)
            customer.counts[actions.RESULTS][cell] += 1
        if look.result == "unconfirmed" and action.first("claimed", known=look.place):
            _absent(customer, action, look)


def _absent(customer: Customer, action: Action, look: Look) -> None:
    """SF-08, where the ledger knows nothing."""
    subject = (look.stage or "action", action)
    actions.report(action, subject, look.trust, look.place)
    later = [
        one.place
        for one in action.facts
        if one.place > look.place and one.kind == "ledger.confirmed"
        if one.get("stage") == "posted" or not look.stage
        if look.stage or action.result(one.place) != "failed"
    ]
    finding = customer.board.standing("SF-08", subject, look.place)
    if later and finding and finding.raised == look.place:
        customer.board.take_back(finding, later[0])
