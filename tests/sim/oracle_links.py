"""Which contacts belong together: rules, section 3, and who is one customer: section 4."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.sim.oracle_book import Journey, before

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.sim.oracle_book import Policy, Thread
    from tests.sim.oracle_order import Fact, Place

EXPLICIT, SAME_INTENT, COMPATIBLE, ANY_INTENT = MATCHES = (
    "explicit",
    "same_intent",
    "compatible",
    "any_intent",
)
ASSURANCES = frozenset({"verified", "asserted", "device", "none"})


class Match(NamedTuple):
    """How a contact is linked to a journey, and whether it joins."""

    how: str
    joins: bool

    @property
    def strength(self) -> int:
        return -MATCHES.index(self.how)


def family(
    key: str,
    links: Iterable[Fact],
    place: Place,
    kinds: tuple[str, ...] = ("verified", "asserted"),
) -> frozenset[str]:
    """All references that were known then to be one customer with this one."""
    pairs = [
        {str(link.get("customer_ref")), str(link.get("other_ref"))}
        for link in links
        if link.place <= place and link.get("assurance") in kinds
    ]
    known = {key}
    for _ in pairs:
        known = known.union(*(pair for pair in pairs if pair & known))
    return frozenset(known)


def match(thread: Thread, journey: Journey, contact: Fact, policy: Policy) -> Match | None:
    """The strongest way in which a contact is linked to a journey, if any."""
    place = contact.place
    silent = contact.t - last_life(journey, before(place))
    journey = Journey(0, 0, place, [other for other in journey.threads if other is not thread])
    case, entity, intent, group = (
        thread.latest(name, place) for name in ("case_id", "entity_ref", "intent", "intent_group")
    )
    answered = contact.get("in_reply_to")
    if case in journey.values("case_id", place) or any(
        other.name == answered for other in journey.threads
    ):
        return Match(EXPLICIT, joins=True)
    groups = journey.values("intent_group", place)
    if silent > gap([group] if group else [], policy):
        return None
    if not thread.identified(place):
        return Match(ANY_INTENT, joins=False)
    if entity in journey.values("entity_ref", place):
        return Match(EXPLICIT, joins=True)
    if intent in journey.values("intent", place):
        return Match(SAME_INTENT, joins=True)
    pairs = policy["compatible_groups"]
    if group in groups or any(frozenset({group, other}) in pairs for other in groups):
        return Match(COMPATIBLE, joins=True)
    unknown = intent is None and group is None
    return Match(ANY_INTENT, joins=unknown and silent <= policy["gap_unknown_intent"])


def gap(groups: Iterable[str], policy: Policy) -> int:
    """How long a matter of these groups may be silent."""
    gaps, usual = policy["gap_by_intent_group"], int(policy["gap"])
    return max((int(gaps.get(group, usual)) for group in groups), default=usual)


def lives(fact: Fact) -> bool:
    """Is it a sign of life, and not what a system did by itself?"""
    actor = fact.get("by") or fact.get("actor")
    return actor != "system" and fact.kind != "message.more"


def last_life(journey: Journey, place: Place) -> int:
    """When somebody last did something in a journey, as far as was known."""
    known = sorted((fact for fact in journey.facts() if fact.place <= place), key=placed)
    return max((fact.t for fact in known if fact is known[0] or lives(fact)), default=0)


def placed(fact: Fact) -> Place:
    """By what facts are put in order."""
    return fact.place


def silent_until(journey: Journey, place: Place, policy: Policy) -> int:
    """When the longest of the gaps has passed, each from the last sign of life known then."""
    last = until = 0
    lived = [(fact, thread) for thread in journey.threads for fact in thread.before(place)]
    for fact, thread in sorted(lived, key=lambda one: one[0].place):
        if last and not lives(fact):
            continue
        last = max(last, fact.t)
        group = thread.known_then("intent_group", fact) if lives(fact) else None
        until = max(until, last + gap([group] if group else [], policy))
    return until
