"""What comes after a claim of the AI and speaks against it: rules 12.2 to 12.5, SF-01."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sim.oracle_actions import CORRECTIONS
from tests.sim.oracle_board import CONFIRMED, PROBABLE
from tests.sim.oracle_handoffs import acted, decided_by_human
from tests.sim.oracle_links import EXPLICIT
from tests.sim.oracle_wishes import MISSED, age_to

if TYPE_CHECKING:
    from tests.sim.oracle_book import Thread
    from tests.sim.oracle_claims import Claim
    from tests.sim.oracle_customer import Customer
    from tests.sim.oracle_order import Fact

HARD = ("complaint", "chargeback", "cancellation")


def take(customer: Customer, thread: Thread | None, fact: Fact) -> None:
    """See what a fact says against what the AI claimed."""
    if fact.kind == "feedback.received" and thread:
        _rated(customer, thread, fact)
    elif fact.kind == "external.signal":
        _signalled(customer, thread, fact)
    elif acted(fact) or decided_by_human(fact):
        _done_again(customer, thread, fact)
        if thread and decided_by_human(fact):
            _confirmed(customer, thread, fact)


def _claims(customer: Customer, fact: Fact) -> list[Claim]:
    """The claims of the AI that were made before this, latest first."""
    found = [
        one
        for one in customer.claims
        if customer.remembers_claim(one, fact.place) and customer.together(one.fact, fact)
        if one.fact.place < fact.place
        if one.fact.t <= fact.t
    ]
    return sorted(found, key=lambda one: (one.fact.t, one.fact.place), reverse=True)


def _latest(claims: list[Claim], fact: Fact, window: int) -> Claim | None:
    """The latest of these, if it is no older than this."""
    return claims[0] if claims and fact.t < claims[0].fact.t + window else None


# SF-17.


def _rated(customer: Customer, thread: Thread, fact: Fact) -> None:
    value, scale = fact.get("value"), fact.get("scale")
    if not ((scale == "csat5" and value <= 2) or (scale == "thumb" and value <= 0)):
        return
    mine = [one for one in _claims(customer, fact) if one.thread.name == thread.name]
    claim = _latest(mine, fact, customer.policy["rating_window"])
    if claim:
        _contradict(customer, claim, fact, PROBABLE)


def _signalled(customer: Customer, thread: Thread | None, fact: Fact) -> None:
    claims, window = _claims(customer, fact), customer.policy["signal_window"]
    entity = fact.get("entity_ref")
    if thread:
        mine = [one for one in claims if one.thread.name == thread.name]
    else:
        mine = [one for one in claims if entity and entity == _entity(one, fact)]
    claim, latest = _latest(mine, fact, window), _latest(claims, fact, window)
    if claim and fact.get("kind") in HARD:
        _contradict(customer, claim, fact, CONFIRMED)
    elif latest and fact.get("kind") in (*HARD, "review_negative"):
        _contradict(customer, latest, fact, PROBABLE)


def _entity(claim: Claim, fact: Fact) -> str | None:
    return claim.thread.latest("entity_ref", fact.place)


def _contradict(customer: Customer, claim: Claim, fact: Fact, sure: str) -> None:
    customer.board.found("SF-17", claim, sure, fact.place, claim.thread, version=claim.version)
    if sure == CONFIRMED and claim.ended(fact.place):
        customer.contradicted.append(claim)
    elif sure == CONFIRMED:
        claim.fail(fact, fact.place, "", EXPLICIT, "contradicted", customer.counts)


# SF-18.


def _done_again(customer: Customer, thread: Thread | None, fact: Fact) -> None:
    window = customer.policy["redo_window"]
    for claim in _claims(customer, fact):
        if fact.t >= claim.fact.t + window:
            continue
        same = claim.thread is thread
        entity = fact.get("entity_ref")
        alike = acted(fact) and entity is not None and entity == _entity(claim, fact)
        handed = [one for one in claim.thread.facts if one.kind == "handoff.requested"]
        if not (same or alike) or not claim.stands(fact.place):
            continue
        if any(one.place < fact.place for one in handed):
            continue
        sure = CONFIRMED if acted(fact) else PROBABLE
        found = customer.board.found(
            "SF-18", claim, sure, fact.place, claim.thread, version=claim.version
        )
        if acted(fact):
            claim.fail(fact, fact.place, "", EXPLICIT, "human_redo", customer.counts)
            if found:
                redone(customer, claim, fact)


def redone(customer: Customer, claim: Claim, fact: Fact) -> None:
    """An escalation was missed, for a human had to do it again."""
    handed = [one for one in claim.thread.facts if one.kind == "handoff.requested"]
    before = any(one.place < claim.fact.place for one in handed)
    if not before and claim not in customer.redone:
        customer.redone.append(claim)
        customer.counts[MISSED]["human_redo", age_to(fact.t - claim.fact.t)] += 1
        customer.counts[CORRECTIONS]["human_redo", claim.version] += 1


# SF-01 and SF-02, where a human settles what the customer came back for.


def _confirmed(customer: Customer, thread: Thread, fact: Fact) -> None:
    latest = {one.issue: one for one in customer.claims if _is_on_trial(one, thread, fact)}
    for claim in latest.values():
        finding = customer.board.standing("SF-01", claim, fact.place)
        about = not fact.get("issue_id") or claim.issue in ("", fact.get("issue_id"))
        if finding and about and _acted_since_the_return(customer, thread, fact):
            customer.board.found(
                "SF-01", claim, CONFIRMED, fact.place, thread, version=claim.version
            )
    for claim in customer.claims:
        finding = customer.board.standing("SF-01", claim, fact.place)
        returned = claim.thread is thread and finding and finding.confidence == CONFIRMED
        hop = customer.board.standing("SF-02", claim, fact.place)
        hopped = hop and hop.because == thread.name
        if hopped and not any(acted(one) and one.place < fact.place for one in thread.facts):
            hopped = False
        if (returned or hopped) and not claim.ended(fact.place):
            redone(customer, claim, fact)


def _is_on_trial(claim: Claim, thread: Thread, fact: Fact) -> bool:
    made = claim.thread is thread and claim.on_trial and claim.fact.place < fact.place
    return made and not claim.ended(fact.place)


def _acted_since_the_return(customer: Customer, thread: Thread, fact: Fact) -> bool:
    """Has a human done something since the customer was last back?"""
    back = [
        one.raised
        for one in customer.board.findings
        if one.sf == "SF-01" and one.thread is thread and one.confidence == PROBABLE
    ]
    hands = [one.place for one in thread.facts if acted(one) and one.place < fact.place]
    return any(place > max(back) for place in hands)
