"""One customer's facts, and how they are looked at: whose they are, and what was known when.

Nothing here is kept up to date. Every question is answered by going through the facts again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.sim.oracle_order import DEADLINE, LATE, Fact, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Labels = tuple[str, ...]
Counts = defaultdict[str, Counter[Labels]]
Policy = dict[str, Any]

NOTHING = frozenset({"ack", "thanks", "auto_reply"})
"""Kinds of messages by which a customer wants nothing."""
UNSURE = ("none", "device")


def deadline(t: int, known: Place) -> Place:
    """Where a deadline stands: at its moment, or, if that has passed, at once."""
    at: Place = (t, DEADLINE, ())
    return at if at > known else after(known)


def after(place: Place) -> Place:
    """Right after this."""
    return (place[0], place[1], (*place[2], 0))


def before(place: Place) -> Place:
    """Right before this, which was applied with a number of its own."""
    return (place[0], place[1], (*place[2][:-1], place[2][-1] - 0.5))


def beginning_of(t: int) -> Place:
    """Before all that is applied at this moment."""
    return (t, LATE, ())


def public(fact: Fact, actor: str | None = None) -> bool:
    """Is it a message that the other side can read, by this actor?"""
    return (
        fact.kind == "message.created"
        and fact.get("visibility") != "internal"
        and (actor is None or fact.get("actor") == actor)
    )


def kind_of(message: Fact) -> str:
    """What a message does."""
    return word(message.get("kind"), MESSAGE_KINDS)


MESSAGE_KINDS = frozenset(
    [
        "answer",
        "question",
        "greeting",
        "error",
        "handoff_notice",
        "commitment",
        "ack",
        "thanks",
        "auto_reply",
        "asks_known_info",
        "other",
    ]
)
ACTORS = frozenset({"customer", "ai", "human", "system"})
SPEAKERS = ("customer", "ai", "human")


def word(value: object, known: Iterable[str], default: str = "unknown") -> str:
    """A word of a closed list; any other is read as unknown."""
    if value is None:
        return default
    return value if isinstance(value, str) and value in known else "unknown"


def speaks(fact: Fact) -> bool:
    """Does the customer say something that asks for more than a nod?"""
    return public(fact, "customer") and kind_of(fact) not in NOTHING


def last_known(name: str, facts: Iterable[Fact]) -> str | None:
    """The last of these facts that says something of a field of the context."""
    said = [fact.get(name) for fact in facts]
    known = [value for value in said if value is not None and value != "unknown"]
    return known[-1] if known else None


@dataclass(eq=False)
class Thread:
    """A conversation of one customer, from when it was first heard of until it is forgotten."""

    name: str
    key: str
    facts: list[Fact] = field(default_factory=list)
    contact: Fact | None = None
    journey: Journey = field(init=False)
    spam: bool = False
    demand: Labels | None = None
    known: Labels | None = None
    involved: Labels | None = None
    apart: list[tuple[Place, list[Fact]]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def keys(self) -> set[str]:
        """The references under which it was heard of."""
        return {self.key, *self.others}

    def last_word(self) -> int:
        """When somebody last said something that the customer can see."""
        spoken = (one.t for one in self.facts for who in SPEAKERS if public(one, who))
        return max(spoken, default=0)

    def known_then(self, name: str, fact: Fact) -> str | None:
        """The last known value of a field, as it was where a fact was told.

        Under two references a conversation is two, until they are found to be one customer's.
        """
        told = [facts for until, facts in self.apart if fact.place < until and fact in facts]
        side = min(told, key=len, default=self.facts)
        return last_known(name, [one for one in side if one.place <= fact.place])

    def before(self, place: Place) -> Iterator[Fact]:
        """What had been applied of it when this was applied, and this itself."""
        return (fact for fact in self.facts if fact.place <= place)

    def latest(self, name: str, place: Place) -> str | None:
        """The last known value of a field of the context."""
        return last_known(name, self.before(place))

    def label(self, name: str, place: Place) -> str:
        return self.latest(name, place) or "unknown"

    def version(self, place: Place) -> str:
        """The version of the last answer of the AI, else the last known one."""
        answers = [
            (fact.t, fact.place, str(fact.get("ai_version")))
            for fact in self.before(place)
            if public(fact, "ai") and kind_of(fact) == "answer" and fact.get("ai_version")
        ]
        return max(answers)[-1] if answers else self.latest("ai_version", place) or "none"

    def identified(self, place: Place) -> bool:
        """Is it known who the customer is?"""
        named = any(fact.get("customer_ref") for fact in self.before(place))
        return named and self.latest("identity_assurance", place) not in UNSURE

    def origin(self, place: Place, policy: Policy) -> str | None:
        """Why it began, as it is seen then; None while it is no contact."""
        if self.contact is None or self.contact.place > place:
            return None
        told = "unknown"
        if self.contact.kind == "conversation.started":
            told = word(self.contact.get("origin"), ORIGINS, "inbound")
        if told == "proactive" and (reply := self.reply()) and reply.place <= place:
            soon = reply.t <= self.facts[0].t + policy["proactive_reply_window"]
            return "reply_to_proactive" if soon else "inbound"
        return told

    def reply(self) -> Fact | None:
        """The customer's first word after we began it."""
        return next(
            (
                fact
                for fact in self.facts
                if public(fact, "customer") and kind_of(fact) != "auto_reply"
            ),
            None,
        )


ORIGINS = frozenset({"inbound", "proactive", "reply_to_proactive", "transfer"})


@dataclass(eq=False)
class Journey:
    """Contacts that belong together."""

    number: int
    start: int
    since: Place
    threads: list[Thread] = field(default_factory=list)
    ended: int | None = None
    ended_at: int = 0
    forgotten: Place | None = None
    claimed: bool = False
    durable: bool = False
    observed: set[str] = field(default_factory=set)

    def unite(self, other: Journey) -> None:
        """Two journeys are one, which goes on as the one that began first."""
        if other is self:
            return
        first, second = sorted((self, other), key=lambda one: (one.start, one.number))
        for thread in second.threads:
            thread.journey = first
        first.threads += second.threads
        second.threads = []
        first.claimed |= second.claimed
        first.durable |= second.durable
        first.observed |= second.observed

    def values(self, name: str, place: Place) -> set[str]:
        """What its conversations are about."""
        found = {thread.latest(name, place) for thread in self.threads}
        return {value for value in found if value}

    def facts(self) -> list[Fact]:
        return [fact for thread in self.threads for fact in thread.facts]
