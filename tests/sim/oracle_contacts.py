"""Contacts: what is demand, what comes again, and what was none after all: rules 2, 3, 7.6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sim import oracle_loose_ends as loose_ends
from tests.sim import oracle_trials as trials
from tests.sim.oracle_board import CONFIRMED, PROBABLE
from tests.sim.oracle_book import kind_of, public
from tests.sim.oracle_identity import device_kin
from tests.sim.oracle_links import ANY_INTENT, family, gap, last_life, match

if TYPE_CHECKING:
    from tests.sim.oracle_book import Journey, Thread
    from tests.sim.oracle_claims import Claim
    from tests.sim.oracle_customer import Customer
    from tests.sim.oracle_links import Match
    from tests.sim.oracle_order import Fact, Place

DEMAND = ("inbound", "unknown", "reply_to_proactive")
GONE = {
    "conversation.merged": "merge",
    "conversation.spam_marked": "spam",
    "conversation.deleted": "deletion",
}


def take(customer: Customer, thread: Thread, fact: Fact) -> None:
    """See whether a fact makes a contact, demand, or the AI take part."""
    starts = fact.kind == "conversation.started" or public(fact, "customer")
    if thread.contact is None and starts:
        thread.contact = fact
    if not thread.spam:
        _demand(customer, thread, fact)
    if thread.contact is fact:
        _join(customer, thread, fact)


def _demand(customer: Customer, thread: Thread, fact: Fact) -> None:
    place = fact.place
    origin = thread.origin(place, customer.policy)
    labels = (
        thread.label("channel", place),
        thread.label("intent_group", place),
        origin or "unknown",
        thread.latest("ai_version", place) or "none",
    )
    first = thread.contact
    answers = first and first.get("origin") == "proactive" and thread.reply() is fact
    if (fact is first or answers) and origin in DEMAND:
        thread.demand = labels
        customer.counts["cx_conversations_total"][labels] += 1
        customer.tally["cx_conversations_total"].append(fact)
        if thread.identified(place):
            thread.known = labels[:1]
            customer.counts["cx_identified_conversations_total"][labels[:1]] += 1
            customer.tally["cx_identified_conversations_total"].append(fact)
        if origin != "reply_to_proactive":
            _repeat(customer, thread, fact)
    if thread.involved is None and origin != "proactive" and _involves(fact):
        thread.involved = labels
        customer.counts["cx_ai_involved_total"][labels] += 1
        customer.tally["cx_ai_involved_total"].append(fact)


def _involves(fact: Fact) -> bool:
    """Does the AI take part by this?"""
    if fact.kind == "handoff.requested":
        by_ai = fact.get("kind") in ("ai_human", "ai_ai")
        return by_ai and fact.get("reason_code") != "usage_limit"
    return public(fact, "ai") and kind_of(fact) == "answer"


# Journeys.


def _join(customer: Customer, thread: Thread, fact: Fact) -> None:
    matches = _matches(customer, thread, fact)
    joining = [
        (found.strength, one.start, one.number, one)
        for found, one in matches
        if found.joins and one is not thread.journey
    ]
    if joining:
        thread.journey.threads.remove(thread)
        thread.journey = max(joining, key=lambda one: one[:3])[3]
        thread.journey.threads.append(thread)
    else:
        customer.counts["cx_journeys_total"][()] += 1


def _matches(customer: Customer, thread: Thread, contact: Fact) -> list[tuple[Match, Journey]]:
    kin = family(contact.key, customer.links, contact.place)
    return [
        (found, journey)
        for journey in customer.journeys
        if any(other.key in kin for other in journey.threads if other is not thread)
        and customer.ended(journey, contact.place) is None
        and (found := match(thread, journey, contact, customer.policy))
    ]


# Repeats.


def _repeat(customer: Customer, thread: Thread, contact: Fact) -> None:
    place, matches = contact.place, _matches(customer, thread, contact)
    for found, journey in matches:
        if found.how != ANY_INTENT:
            loose_ends.tried_again(customer, thread, contact, journey)
    for found, journey in matches:
        for claim in customer.claims:
            mine = claim.thread is not thread and claim.on_trial
            if claim.thread in journey.threads and mine:
                if _cause(claim, thread, place) == OTHER:
                    _hopped(customer, claim, thread, contact, found)
                cause = _cause(claim, thread, place)
                claim.fail(contact, place, thread.name, found.how, cause, customer.counts)
    for journey in _of_the_device(customer, thread, contact):
        for claim in customer.claims:
            if claim.thread in journey.threads and claim.on_trial:
                cause = _cause(claim, thread, place)
                # It is not taken back with the contact, so it is nobody's.
                claim.fail(contact, place, "", ANY_INTENT, cause, customer.counts)


SAME, OTHER = "repeat_same_channel", "repeat_other_channel"


def _cause(claim: Claim, thread: Thread, place: Place) -> str:
    here = thread.latest("channel", place)
    there = claim.thread.latest("channel", claim.fact.place)
    return OTHER if here and there and here != there else SAME


def _of_the_device(customer: Customer, thread: Thread, contact: Fact) -> list[Journey]:
    """Journeys of those who used the same device, within the gap."""
    place = contact.place
    kin = device_kin(contact.key, customer.links, place, customer.policy["link_memory"])
    group = thread.latest("intent_group", place)
    most = gap([group] if group else [], customer.policy)
    return [
        journey
        for journey in customer.journeys
        if any(other.key in kin for other in journey.threads)
        and customer.ended(journey, place) is None
        and contact.t - last_life(journey, place) <= most
    ]


def _hopped(customer: Customer, claim: Claim, thread: Thread, contact: Fact, found: Match) -> None:
    """SF-02: the customer came back by another channel."""
    windows = customer.policy["hop_window_by_intent_group"]
    window = windows.get(claim.group, customer.policy["hop_window"])
    place = contact.place
    if claim.by != "ai" or not claim.on_trial or not claim.stands(place):
        return
    if found.how == ANY_INTENT or contact.order <= claim.fact.order:
        return
    if contact.t > claim.fact.t + window or contact.t >= claim.over()[0]:
        return
    entity = thread.latest("entity_ref", place)
    same = entity is not None and entity == claim.thread.latest("entity_ref", place)
    sure = CONFIRMED if same else PROBABLE
    finding = customer.board.found("SF-02", claim, sure, place, claim.thread, version=claim.version)
    if finding:
        finding.because = thread.name


# How conversations go.


def go(customer: Customer, thread: Thread, fact: Fact) -> None:
    """A conversation was merged, deleted, or was spam."""
    if fact.kind not in GONE:
        return
    trials.censor(customer, thread, fact.place, GONE[fact.kind])
    if fact.kind == "conversation.spam_marked":
        _spam(customer, thread, fact)
    elif fact.kind == "conversation.merged":
        _merge(customer, thread, fact)


def _spam(customer: Customer, thread: Thread, fact: Fact) -> None:
    thread.spam = True
    for name, labels in (
        ("cx_conversations_retractions_total", thread.demand),
        ("cx_ai_involved_retractions_total", thread.involved),
        ("cx_identified_conversations_retractions_total", thread.known),
    ):
        if labels:
            customer.counts[name][labels] += 1
    thread.demand = thread.known = thread.involved = None
    _no_repeat(customer, thread, fact.place)


def _merge(customer: Customer, thread: Thread, fact: Fact) -> None:
    kin = family(fact.key, customer.links, fact.place)
    into = next(
        (
            other
            for other in reversed(customer.threads)
            if other.name == fact.get("into") and other.key in kin and other is not thread
        ),
        None,
    )
    ended = into is not None and customer.ended(into.journey, fact.place) is not None
    if into is None or ended or thread.journey.ended is not None:
        return
    loose_ends.merged(customer, thread, into, fact)
    into.journey.unite(thread.journey)
    _no_repeat(customer, thread, fact.place)


def _no_repeat(customer: Customer, thread: Thread, place: Place) -> None:
    """What it had failed as a repeat contact, it had not."""
    for claim in customer.claims:
        for failure in claim.record:
            if failure.by == thread.name and failure.cause in (SAME, OTHER):
                claim.retract(failure, place, customer.counts)
        finding = customer.board.standing("SF-02", claim, place)
        if finding and finding.because == thread.name and place < claim.over():
            customer.board.take_back(finding, place)
