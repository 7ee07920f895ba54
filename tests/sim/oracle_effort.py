"""What a journey cost the customer: rules, section 13, and 7.10."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.sim.oracle_book import NOTHING, beginning_of, deadline, kind_of, public, speaks, word
from tests.sim.oracle_claims import HORIZONS
from tests.sim.oracle_handoffs import requests
from tests.sim.oracle_histograms import observe
from tests.sim.oracle_order import DAY
from tests.sim.oracle_turns import HANDOFF_KINDS, TO_AI, Turns, answers

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    at: str
    of: Journey | Claim


def due(customer: Customer, place: Place) -> Iterator[Due]:
    """Everything that was to be looked at before this, and has not been."""
    for journey in customer.journeys:
        if not journey.threads:
            continue
        over = beginning_of(journey.ended) if customer.ended(journey, place) else place
        for at, length in CHECKPOINTS.items():
            when = min(over, deadline(journey.start + length, journey.since))
            if at not in journey.observed and when < place:
                yield Due(when, at, journey)
        if journey.ended is not None and "end" not in journey.observed:
            yield Due(over, "end", journey)
    for claim in customer.claims:
        if claim.on_trial and not claim.grown and claim.passes(HORIZONS["7d"]) < place:
            yield Due(claim.passes(HORIZONS["7d"]), "", claim)


def look(customer: Customer, one: Due) -> None:
    """Observe a journey, or a claim that may have proved durable."""
    if one.at:
        _observe(customer, one.of, one.at, one.place)
        return
    claim = one.of
    claim.grown = True
    journey = claim.thread.journey
    durable = not claim.failed("same_issue", one.place)
    gone = claim.censored is not None and claim.censored <= one.place
    if durable and not gone and not journey.durable:
        journey.durable = True
        _resolved(customer, claim, "durable", one.place)


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
        observe(customer.counts, TIME, (stage, claim.version, claim.group), length)


def _outcome(customer: Customer, journey: Journey, place: Place) -> str:
    claims = [one for one in customer.claims if one.thread in journey.threads and one.on_trial]
    claims = [one for one in claims if one.fact.place < place]
    if not claims:
        return "open"
    last = max(claims, key=lambda one: (one.fact.t, one.fact.place))
    if last.failed("same_issue", place) or last in customer.contradicted:
        return "failed"
    return "open" if last.censored and last.censored <= place else "durable"


def _observe(customer: Customer, journey: Journey, at: str, place: Place) -> None:
    journey.observed.add(at)
    threads = [one for one in journey.threads if not one.spam]
    contacts = [one for one in threads if one.demand]
    if not contacts:
        return
    labels = (at, _outcome(customer, journey, place))
    facts = [fact for one in threads for fact in one.facts]
    messages = [one for one in facts if public(one, "customer")]
    asked = [one for one in facts if public(one, "ai") or public(one, "human")]
    clocks = [_clock(customer, one, place) for one in threads]
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


def _clock(customer: Customer, thread: Thread, place: Place) -> dict[str, int]:
    """How long a conversation waited on whom, up to here."""
    spent = dict.fromkeys(OWNERS, 0)
    if thread.contact is None:
        return spent
    turns = _turns(customer, thread, place)
    on: str | None = None
    since = 0
    for fact in turns.facts:
        if fact.t < since:
            continue
        change = turns.owner(fact.place)
        owner = change.owner if change and change.owner in ("ai", "human") else "company"
        begins = fact is thread.contact and turns.thread.origin(fact.place, turns.policy)
        if _stops(customer, turns, fact):
            new: str | None = None
        elif (begins and begins != "proactive") or speaks(fact):
            new = owner
        elif answers(fact) and on is not None:
            new = "customer"
        else:
            new = on
        if new in ("ai", "human", "company"):
            new = owner
        if new != on:
            if on:
                spent[on] += fact.t - since
            on, since = new, fact.t
        elif fact is thread.contact:
            since = fact.t
    if on:
        spent[on] += max(0, place[0] - since)
    return spent


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
    more = fact.kind == "message.more"
    nods = (public(fact, "customer") or more) and kind_of(fact) in NOTHING
    return nods and any(
        one.thread is turns.thread and one.stands(fact.place) for one in customer.claims
    )
