"""What a journey cost the customer: rules, section 13, and 7.10."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from tests.sim.oracle_book import beginning_of, deadline, kind_of, public, speaks, word
from tests.sim.oracle_claims import HORIZONS
from tests.sim.oracle_handoffs import requests
from tests.sim.oracle_histograms import observe
from tests.sim.oracle_order import DAY
from tests.sim.oracle_turns import HANDOFF_KINDS, TO_AI, Turns, answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.sim.oracle_book import Journey, Thread
    from tests.sim.oracle_claims import Claim
    from tests.sim.oracle_customer import Customer
    from tests.sim.oracle_order import Fact, Place

CHECKPOINTS = {"24h": DAY, "7d": 7 * DAY}
OWNERS = ("ai", "human", "company", "customer")
TIME = "cx_time_to_resolution_seconds"


class Due(NamedTuple):
    """A journey that is to be looked at, or a claim that has grown old."""

    place: Place
    look: Callable[[], None]


def due(customer: Customer, place: Place) -> Iterator[Due]:
    """Everything that was to be looked at before this, and has not been."""
    for journey in customer.journeys:
        if not journey.threads:
            continue
        ended = customer.ended(journey, place)
        over = beginning_of(ended) if ended is not None else place
        for at, length in CHECKPOINTS.items():
            when = min(over, deadline(journey.start + length, journey.since))
            if at not in journey.observed and when < place:
                moment = min(over[0], journey.start + length)
                moment = min(moment, journey.ended_at or moment)
                yield Due(when, partial(_observe, customer, journey, at, (when, moment)))
        if ended is not None and "end" not in journey.observed:
            yield Due(over, partial(_observe, customer, journey, "end", (over, journey.ended_at)))
    for claim in customer.claims:
        when = claim.passes(HORIZONS["7d"])
        if claim.on_trial and not claim.grown and when < place:
            yield Due(when, partial(_grow, customer, claim, when))


def _grow(customer: Customer, claim: Claim, place: Place) -> None:
    """A claim is old enough to have proved durable."""
    claim.grown = True
    journey = claim.thread.journey
    durable = not claim.failed("same_issue", place)
    gone = claim.censored is not None and claim.censored <= place
    if durable and not gone and not journey.durable:
        journey.durable = True
        _resolved(customer, claim, "durable", place)


def first_claim(customer: Customer, claim: Claim) -> None:
    """The first claim of a journey was made."""
    journey = claim.thread.journey
    if not journey.claimed:
        journey.claimed = True
        _resolved(customer, claim, "first_claim", claim.fact.place)


def _resolved(customer: Customer, claim: Claim, stage: str, place: Place) -> None:
    threads = claim.thread.journey.threads
    asked = [one.t for each in threads for one in each.before(place) if public(one, "customer")]
    begun = [each.contact.t for each in threads if each.contact and each.contact.place <= place]
    if asked or begun:
        length = max(0, claim.fact.t - min(asked or begun))
        observe(customer.counts, TIME, (stage, claim.version), length)


def _outcome(customer: Customer, journey: Journey, place: Place) -> str:
    claims = [one for one in customer.claims if one.thread in journey.threads and one.on_trial]
    claims = [one for one in claims if one.fact.place < place]
    if not claims:
        return "open"
    last = max(claims, key=lambda one: (one.fact.t, one.fact.place))
    if last.failed("same_issue", place) or last in customer.contradicted:
        return "failed"
    return "open" if last.censored and last.censored <= place else "durable"


def _observe(customer: Customer, journey: Journey, at: str, when: tuple[Place, int]) -> None:
    """Observe a journey as it is known at a place, with its clocks at a moment."""
    place, moment = when
    journey.observed.add(at)
    threads = [one for one in journey.threads if not one.spam]
    contacts = [one for one in threads if one.demand]
    if not contacts:
        return
    labels = (at, _outcome(customer, journey, place))
    facts = [fact for one in threads for fact in one.facts]
    messages = [one for one in facts if public(one, "customer")]
    asked = [one for one in facts if public(one, "ai") or public(one, "human")]
    clocks = [_clock(customer, one, place, moment) for one in threads]
    spent = {owner: sum(clock[owner] for clock in clocks) for owner in OWNERS}
    for name, value in (
        ("contacts", len(contacts)),
        ("channels", len({one.label("channel", place) for one in contacts})),
        ("transfers", sum(_transfers(customer, one) for one in threads)),
        ("customer_messages", len([one for one in messages if kind_of(one) != "auto_reply"])),
        ("repeated_requests", len([one for one in asked if kind_of(one) == "asks_known_info"])),
        ("wait_seconds", sum(spent[owner] for owner in OWNERS if owner != "customer")),
    ):
        observe(customer.counts, f"cx_journey_{name}", labels, value)
    if at == "end":
        for owner in OWNERS:
            customer.counts["cx_journey_owner_seconds_total"][owner, labels[1]] += spent[owner]


def _turns(customer: Customer, thread: Thread, place: Place) -> Turns:
    return Turns(
        thread, customer.steps(thread), customer.policy, customer.counts, customer.board, place
    )


def _transfers(customer: Customer, thread: Thread) -> int:
    turns = _turns(customer, thread, customer.end)
    asked = requests(turns)
    kinds = {one.get("handoff_id"): word(one.get("kind"), HANDOFF_KINDS) for one in asked}
    since = {one.get("handoff_id"): one for one in asked}
    passed = len([one for one in asked if kinds[one.get("handoff_id")] in ("ai_ai", "human_human")])
    for fact in turns.facts:
        name = fact.get("handoff_id")
        if fact.kind == "handoff.transferred" and name in since and kinds[name] not in TO_AI:
            wait = deadline(since[name].t + customer.policy["verdict_wait"], since[name].place)
            passed += since[name].place < fact.place < wait
    return passed


def _clock(customer: Customer, thread: Thread, place: Place, moment: int) -> dict[str, int]:
    """How long a conversation waited on whom, up to a moment."""
    spent = dict.fromkeys(OWNERS, 0)
    if thread.contact is None:
        return spent
    turns = _turns(customer, thread, place)
    on: str | None = None
    since = 0
    for fact in turns.facts:
        if fact.t < since:
            continue
        new = _waits_on(customer, turns, fact, on)
        if new != on or fact is thread.contact:
            if on:
                spent[on] += fact.t - since
            on, since = new, fact.t
    if on:
        spent[on] += max(0, moment - since)
    return spent


def _waits_on(customer: Customer, turns: Turns, fact: Fact, on: str | None) -> str | None:
    """Who has to do something now, if the clock goes."""
    if _stops(customer, turns, fact):
        return None
    begins = fact is turns.thread.contact and not turns.proactive(fact)
    if answers(fact) and on is not None:
        return "customer"
    change = turns.owner(fact.place)
    taken = on not in (None, "customer") and change and change.fact is fact
    if not (taken or begins or speaks(fact)):
        return on
    return change.owner if change and change.owner in ("ai", "human") else "company"


def _stops(customer: Customer, turns: Turns, fact: Fact) -> bool:
    if fact.kind == "resolution.claimed":
        return fact.get("basis") not in ("bulk", "merge") and not turns.proactive(fact)
    if fact.kind in (
        "conversation.closed",
        "conversation.merged",
        "conversation.spam_marked",
        "conversation.deleted",
    ):
        return True
    return fact in customer.nodded
