"""Who is one customer: rules, section 4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sim import oracle_trials as trials
from tests.sim.oracle_book import before, word
from tests.sim.oracle_links import ASSURANCES, family

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.sim.oracle_book import Thread
    from tests.sim.oracle_customer import Customer
    from tests.sim.oracle_order import Fact, Place


def take(customer: Customer, link: Fact) -> None:
    """See what a link between two references changes."""
    one, other = str(link.get("customer_ref")), str(link.get("other_ref"))
    assurance = word(link.get("assurance"), ASSURANCES)
    earlier = before(link.place)
    sets = [family(ref, customer.links, earlier) for ref in (one, other)]
    if one == other or assurance in ("unknown", "device"):
        return
    if assurance == "none":
        if sets[0] == sets[1]:
            _lose(customer, sets[0], link.place)
        return
    if sets[0] == sets[1]:
        return
    customer.counts["cx_identity_links_total"][assurance,] += 1
    canonical, moved = sorted(sets, key=min)
    on_trial = [_open(customer, kin, link.place) for kin in sets]
    threads = [one for one in customer.threads if one.key in moved]
    known = any(customer.remembers(one, link.place) for one in threads)
    if all(on_trial) or known:
        customer.counts["cx_identity_late_links_total"][()] += 1
    _renumber(customer, moved)
    _unite(customer, canonical, moved, link.place)


def _open(customer: Customer, kin: frozenset[str], place: Place) -> bool:
    """Has somebody a claim that stands under some bound?"""
    return any(
        claim.thread.key in kin
        and claim.on_trial
        and not claim.ended(place)
        and not claim.failed("any_issue", place)
        for claim in customer.claims
    )


def _lose(customer: Customer, kin: frozenset[str], place: Place) -> None:
    for thread in customer.threads:
        if thread.key in kin:
            trials.censor(customer, thread, place, "identity_loss")


def _renumber(customer: Customer, moved: frozenset[str]) -> None:
    """Journeys that come from elsewhere follow those that are here, in order of start."""
    theirs = [
        journey
        for journey in customer.journeys
        if any(thread.key in moved for thread in journey.threads)
    ]
    highest = max((journey.number for journey in customer.journeys), default=0)
    for place, journey in enumerate(sorted(theirs, key=lambda one: (one.start, one.number))):
        journey.number = highest + 1 + place


def _unite(
    customer: Customer, canonical: frozenset[str], moved: frozenset[str], place: Place
) -> None:
    """A conversation that both knew is one."""
    for thread in [one for one in customer.threads if one.key in moved]:
        twin = next(
            (
                other
                for other in reversed(customer.threads)
                if other.key in canonical and other.name == thread.name
            ),
            None,
        )
        if twin and not (twin.journey.ended or thread.journey.ended):
            twin.journey.unite(thread.journey)
            _absorb(customer, twin, thread, place)
        elif twin:
            # What goes on is looked for last first, so that which has ended comes before it.
            over = thread if thread.journey.ended else twin
            customer.threads.remove(over)
            customer.threads.insert(0, over)


def _absorb(customer: Customer, twin: Thread, thread: Thread, place: Place) -> None:
    _count_once(twin, thread)
    twin.apart += [*thread.apart, (place, twin.facts), (place, thread.facts)]
    twin.facts = sorted([*twin.facts, *thread.facts], key=lambda fact: fact.place)
    twin.others += sorted(thread.keys)
    contacts = [one for one in (twin.contact, thread.contact) if one]
    twin.contact = min(contacts, key=lambda fact: fact.place, default=None)
    for claim in customer.claims:
        if claim.thread is thread:
            claim.thread = twin
    for question in customer.questions:
        if question.thread is thread:
            question.thread = twin
    customer.threads.remove(thread)
    thread.journey.threads.remove(thread)


def _count_once(twin: Thread, thread: Thread) -> None:
    """What the two were counted as is told of the one as it is where somebody spoke last."""
    both = (twin, thread) if twin.last_word() >= thread.last_word() else (thread, twin)
    identified = any(one.known for one in both)
    twin.demand = next((one.demand for one in both if one.demand), None)
    twin.involved = next((one.involved for one in both if one.involved), None)
    twin.known = twin.demand[:1] if twin.demand and identified else None
    twin.spam = any(one.spam for one in both)


def device_kin(key: str, links: Iterable[Fact], place: Place, memory: int) -> frozenset[str]:
    """All references of those who seem to use a device of this customer's."""
    links = list(links)
    own = family(key, links, place)
    latest: dict[frozenset[str], Fact] = {}
    for link in links:
        if link.place <= place and link.get("assurance") in ("device", "none"):
            latest[frozenset((str(link.get("customer_ref")), str(link.get("other_ref"))))] = link
    found: frozenset[str] = frozenset()
    for pair, link in latest.items():
        valid = link.get("assurance") == "device" and place[0] < link.t + memory
        if valid and pair & own:
            for ref in pair - own:
                found |= family(ref, links, place)
    return found - own
