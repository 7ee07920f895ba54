"""What the AI did, or said it had done, and what was said of it: rules, section 11.

What the ledger's silence means is in `oracle_ledger`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.sim import oracle_ledger as ledger
from tests.sim.oracle_board import CONFIRMED
from tests.sim.oracle_book import ACTORS, deadline, word
from tests.sim.oracle_links import EXPLICIT, family, placed

if TYPE_CHECKING:
    from tests.sim.oracle_book import Thread
    from tests.sim.oracle_customer import Customer
    from tests.sim.oracle_order import Fact, Place

RESULTS = "cx_ai_actions_total"
CORRECTIONS = "cx_ai_corrections_total"
TOLD = ("action.failed", "action.executed", "ledger.confirmed")
BANDS = frozenset({"low", "medium", "high"})


def by_ai(fact: Fact) -> bool:
    """Is it an action of the AI's?"""
    return fact.kind.startswith("action.") and word(fact.get("by"), ACTORS) == "ai"


@dataclass(eq=False)
class Action:
    """One action, by all that was said of it while it was known."""

    name: str
    facts: list[Fact]
    customer: Customer
    undone: bool = False

    @property
    def kind(self) -> str:
        return next((str(one.get("kind")) for one in self.facts if one.get("kind")), "unknown")

    @property
    def entity(self) -> str | None:
        named = [one.get("entity_ref") for one in self.facts]
        return next((name for name in named if name not in (None, "unknown")), None)

    @property
    def version(self) -> str:
        """That of the first event by the AI, else that of its conversation then."""
        first = next((one for one in self.facts if by_ai(one)), None)
        if first is None:
            return "unknown"
        if first.get("ai_version"):
            return str(first.get("ai_version"))
        thread = self.thread(first.place)
        return thread.version(first.place) if thread else "unknown"

    def band(self, place: Place) -> str:
        """What it was worth, as it was said last."""
        told = [word(one.get("value_band"), BANDS) for one in self.facts if one.place <= place]
        return next((band for band in reversed(told) if band != "unknown"), "unknown")

    def thread(self, place: Place) -> Thread | None:
        """The conversation that it belongs to, as it was known then."""
        names = [one.conversation for one in self.facts if one.conversation and one.place <= place]
        kin = family(self.facts[0].key, self.customer.links, place)
        return next(
            (
                thread
                for thread in reversed(self.customer.threads)
                if names and thread.name == names[0] and thread.keys & kin
                if thread.facts[0].place <= place and self.customer.remembers(thread, place)
            ),
            None,
        )

    def first(self, *kinds: str, known: Place) -> Fact | None:
        """The first of these that the AI said or did."""
        names = [f"action.{kind}" for kind in kinds]
        return next(
            (one for one in self.facts if one.kind in names and by_ai(one) and one.place <= known),
            None,
        )

    def executed(self, known: Place) -> Fact | None:
        """Its last execution by the AI."""
        done = [one for one in self.facts if one.kind == "action.executed" and by_ai(one)]
        known_ = [one for one in done if one.place <= known]
        return max(known_, key=lambda one: (one.t, one.place), default=None)

    def result(self, known: Place) -> str:
        """Whether it failed, is in the ledger, or neither."""
        told = [one for one in self.facts if one.kind in TOLD and one.place <= known]
        last = max(told, key=lambda one: (one.t, one.place), default=None)
        if last and last.kind == "action.failed":
            return "failed"
        return "confirmed" if any(one.kind == TOLD[2] for one in told) else "unconfirmed"

    def known(self, place: Place) -> bool:
        """Was it still known then, before anything more is heard of it?"""
        return self.silent() > place or any(one.place > place for one in ledger.verdicts(self))

    def silent(self) -> Place:
        """When nothing had been heard of it for so long that it can be forgotten."""
        policy = self.customer.policy
        ours = any(by_ai(one) for one in self.facts)
        memory = policy["undone_window"] if ours else policy["ledger_patience"]
        return deadline(max(one.t for one in self.facts) + memory, self.facts[-1].place)


def take(customer: Customer, fact: Fact) -> None:
    """See what a fact says of an action, and what that does to claims."""
    if not fact.kind.startswith("action.") and fact.kind != "ledger.confirmed":
        return
    known = [
        one
        for one in customer.actions
        if customer.together(one.facts[0], fact) and one.known(fact.place)
    ]
    if fact.get("action_id"):
        mine = [one for one in known if one.name == fact.get("action_id")]
        if not mine:
            mine = [Action(str(fact.get("action_id")), [], customer)]
            customer.actions += mine
    else:
        mine = [
            one
            for one in known
            if one.kind == fact.get("kind") and one.entity == fact.get("entity_ref")
        ]
    for action in mine:
        action.facts = sorted([*action.facts, fact], key=placed)
        _failed(customer, action, fact)
        if fact.kind == "action.reversed" and fact.get("reason") != "customer_request":
            _undone(customer, action, fact, "action_reversed")
    if fact.kind == "action.executed" and word(fact.get("by"), ACTORS) == "human":
        _corrected(customer, known, fact)


def _failed(customer: Customer, action: Action, fact: Fact) -> None:
    """SF-08, where it is plain that it failed."""
    place, claimed = fact.place, action.first("claimed", known=fact.place)
    subject = ("action", action)
    failed = action.result(place) == "failed"
    if claimed and failed and (fact is claimed or fact.kind in ("action.failed", "action.claimed")):
        report(action, subject, CONFIRMED, place)
        _undo_claims(customer, action, fact, "action_failed")
    elif not failed and fact.kind in ("action.executed", "ledger.confirmed"):
        finding = customer.board.standing("SF-08", subject, place)
        if finding and (fact.kind == "ledger.confirmed" or finding.confidence == CONFIRMED):
            customer.board.take_back(finding, place)


def report(action: Action, subject: object, sure: str, place: Place) -> None:
    """Raise SF-08; what was found on a conversation is forgotten with it."""
    for one in action.customer.board.findings:
        if one.subject == subject and one.thread and one.raised < place:
            one.forgotten = not action.customer.remembers(one.thread, place)
    thread = action.thread(place)
    finding = action.customer.board.found(
        "SF-08",
        subject,
        sure,
        place,
        thread,
        version=action.version,
        band=action.band(place),
        lasts=lambda at: thread is None or action.customer.remembers(thread, at),
    )
    if finding:
        finding.action = action


def _corrected(customer: Customer, known: list[Action], fact: Fact) -> None:
    """SF-10 by a human who does it anew."""
    if fact.get("reason") != "correction":
        return
    alike = [
        (done, one)
        for one in known
        if (done := _undoable(one, fact))
        and one.kind == fact.get("kind")
        and one.entity is not None
        and one.entity == fact.get("entity_ref")
    ]
    if alike:
        last = max(alike, key=lambda each: (each[0].t, each[0].place))[1]
        _undone(customer, last, fact, "action_corrected")


def _undoable(action: Action, fact: Fact) -> Fact | None:
    """Its execution, if it can still be undone."""
    done = action.executed(fact.place)
    if done and done.t <= fact.t < done.t + action.customer.policy["undone_window"]:
        return done
    return None


def _undone(customer: Customer, action: Action, fact: Fact, what: str) -> None:
    """SF-10."""
    if action.undone or not _undoable(action, fact):
        return
    action.undone = True
    place, version = fact.place, action.version
    if what == "action_reversed":
        customer.counts[RESULTS][action.kind, "reversed", version] += 1
    thread, band = action.thread(place), action.band(place)
    finding = customer.board.found(
        "SF-10", ("action", action), CONFIRMED, place, thread, version=version, band=band
    )
    if finding:
        finding.action = action
    customer.counts[CORRECTIONS][what, version] += 1
    _undo_claims(customer, action, fact, "action_reversed")


def _undo_claims(customer: Customer, action: Action, fact: Fact, cause: str) -> None:
    for claim in customer.claims:
        if (
            claim.thread is action.thread(fact.place)
            and claim.on_trial
            and claim.stands(fact.place)
        ):
            claim.fail(fact, fact.place, "", EXPLICIT, cause, customer.counts)
