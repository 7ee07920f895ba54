"""What the AI did, or said it had done, and what the ledger knows: rules, section 11."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.sim.oracle_board import CONFIRMED, PROBABLE, SUSPECTED
from tests.sim.oracle_book import ACTORS, deadline, word
from tests.sim.oracle_links import EXPLICIT
from tests.sim.oracle_order import moment_of
from tests.sim.oracle_promises import BANDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.sim.oracle_book import Thread
    from tests.sim.oracle_customer import Customer
    from tests.sim.oracle_order import Fact, Place

RESULTS = "cx_ai_actions_total"
CORRECTIONS = "cx_ai_corrections_total"


def by_ai(fact: Fact) -> bool:
    return word(fact.get("by"), ACTORS) == "ai"


@dataclass(eq=False)
class Action:
    """One action, by all that was said of it."""

    name: str
    facts: list[Fact]
    customer: Customer

    @property
    def kind(self) -> str:
        return next((str(one.get("kind")) for one in self.facts if one.get("kind")), "unknown")

    @property
    def band(self) -> str:
        told = [word(fact.get("value_band"), BANDS) for fact in self.facts]
        return next((band for band in told if band != "unknown"), "unknown")

    def thread(self, place: Place) -> Thread | None:
        """The conversation that it belongs to, as it was known then."""
        names = [fact.conversation for fact in self.facts if fact.conversation]
        return next(
            (
                thread
                for thread in reversed(self.customer.threads)
                if names and thread.name == names[0] and thread.facts[0].place <= place
            ),
            None,
        )

    @property
    def version(self) -> str:
        """That of its conversation when it was first heard of."""
        place = self.facts[0].place
        thread = self.thread(place)
        return thread.version(place) if thread else "none"

    def first(self, *kinds: str, known: Place) -> Fact | None:
        """The first of these that the AI said or did."""
        names = [f"action.{kind}" for kind in kinds]
        return next(
            (one for one in self.facts if one.kind in names and by_ai(one) and one.place <= known),
            None,
        )

    def last_word(self, known: Place) -> str | None:
        """Whether the last that was heard is a failure, an execution or a confirmation."""
        told = ("action.failed", "action.executed", "ledger.confirmed")
        kinds = [one.kind for one in self.facts if one.kind in told and one.place <= known]
        return kinds[-1] if kinds else None

    def confirmed(self, known: Place, stage: str | None = None) -> bool:
        return any(
            one.kind == "ledger.confirmed"
            and one.place <= known
            and stage in (None, one.get("stage"))
            for one in self.facts
        )


def actions(customer: Customer, facts: Sequence[Fact]) -> list[Action]:
    """Every action that was heard of, with what the ledger said of it."""
    found: list[Action] = []
    for fact in facts:
        name = fact.get("action_id")
        told = fact.kind.startswith("action.") or fact.kind == "ledger.confirmed"
        mine = [one for one in found if told and customer.together(one.facts[-1], fact)]
        if told and name:
            known = [one for one in mine if one.name == name]
            if not known:
                known = [Action(name, [], customer)]
                found += known
            known[-1].facts.append(fact)
        else:
            for action in mine:
                if _meant(fact, action):
                    action.facts.append(fact)
    return found


def _meant(ledger: Fact, action: Action) -> bool:
    """Does an entry that names no action belong to this one?"""
    entities = {fact.get("entity_ref") for fact in action.facts}
    return ledger.get("kind") == action.kind and ledger.get("entity_ref") in entities


# What follows at once.


def take(customer: Customer, fact: Fact) -> None:
    """See what a fact says of an action, and what that does to claims."""
    if not fact.kind.startswith("action.") and fact.kind != "ledger.confirmed":
        return
    known = [one for one in customer.taken if one.place <= fact.place]
    for action in actions(customer, known):
        if fact not in action.facts:
            if fact.kind == "action.executed" and customer.together(action.facts[-1], fact):
                _corrected(customer, action, fact)
            continue
        _failed(customer, action, fact)
        if fact.kind == "action.reversed":
            _undone(customer, action, fact, "action_reversed")


def _failed(customer: Customer, action: Action, fact: Fact) -> None:
    """SF-08, where it is plain that it failed."""
    place, claimed = fact.place, action.first("claimed", known=fact.place)
    failed = action.last_word(place) == "action.failed"
    if claimed and failed and fact.kind in ("action.failed", "action.claimed"):
        if customer.board.found(
            "SF-08",
            ("action", action.facts[0]),
            CONFIRMED,
            place,
            action.thread(place),
            version=action.version,
            band=action.band,
        ):
            _undo_claims(customer, action, fact, "action_failed")
    elif fact.kind in ("action.executed", "ledger.confirmed"):
        subject = ("action", action.facts[0])
        customer.board.take_back(customer.board.standing("SF-08", subject, place), place)


def _undone(customer: Customer, action: Action, fact: Fact, what: str) -> None:
    """SF-10."""
    place, executed = fact.place, action.first("executed", known=fact.place)
    if executed is None or fact.get("reason") == "customer_request":
        return
    if not executed.t <= fact.t < executed.t + customer.policy["undone_window"]:
        return
    version = action.version
    if what == "action_reversed" and action.facts[0] not in customer.reversed:
        customer.reversed.append(action.facts[0])
        customer.counts[RESULTS][action.kind, "reversed", version] += 1
    if customer.board.found(
        "SF-10",
        ("action", action.facts[0]),
        CONFIRMED,
        place,
        action.thread(place),
        version=version,
        band=action.band,
    ):
        customer.counts[CORRECTIONS][what, version] += 1
        _undo_claims(customer, action, fact, "action_reversed")


def _corrected(customer: Customer, action: Action, fact: Fact) -> None:
    by_human = word(fact.get("by"), ACTORS) == "human" and fact.get("reason") == "correction"
    entities = {one.get("entity_ref") for one in action.facts} - {None}
    if by_human and fact.get("kind") == action.kind and fact.get("entity_ref") in entities:
        _undone(customer, action, fact, "action_corrected")


def _undo_claims(customer: Customer, action: Action, fact: Fact, cause: str) -> None:
    for claim in customer.claims:
        if claim.thread is action.thread(fact.place) and claim.on_trial and claim.stands(fact.place):
            claim.fail(fact, fact.place, claim.thread, EXPLICIT, cause, customer.counts)


# What follows from silence.


def judge(customer: Customer, action: Action, beats: Sequence[Fact]) -> None:
    """Count what the ledger knew of an action when it should have."""
    policy = customer.policy
    begun = action.first("claimed", "executed", known=customer.end)
    if begun is None:
        return
    window = policy["ledger_window_by_kind"].get(action.kind, policy["ledger_window"])
    due = begun.t + window
    place, trust = _decided(action, begun, due, beats, customer, None)
    if place >= customer.end:
        return
    result = _result(action, place)
    customer.counts[RESULTS][action.kind, result, action.version] += 1
    claimed = action.first("claimed", known=place)
    if result == "unconfirmed" and claimed:
        _absent(customer, action, ("action", action.facts[0]), place, trust)
    posted = policy["posted_window_by_kind"].get(action.kind)
    if posted and result == "confirmed":
        place, trust = _decided(action, begun, begun.t + posted, beats, customer, "posted")
        if place < customer.end and claimed and not action.confirmed(place, "posted"):
            _absent(customer, action, ("posted", action.facts[0]), place, trust)


def _result(action: Action, place: Place) -> str:
    if action.last_word(place) == "action.failed":
        return "failed"
    return "confirmed" if action.confirmed(place) else "unconfirmed"


def _decided(
    action: Action,
    begun: Fact,
    due: int,
    beats: Sequence[Fact],
    customer: Customer,
    stage: str | None,
) -> tuple[Place, str]:
    """When it was decided, and how far absence can be trusted."""
    policy = customer.policy
    at, place = due, deadline(due, begun.place)
    while True:
        heard = [
            moment_of(beat.get("watermark")) if beat.get("watermark") else beat.t
            for beat in beats
            if beat.get("producer") in policy["ledger_producers"] and beat.place < place
        ]
        trust = PROBABLE if heard and max(heard) >= due else SUSPECTED
        patient = at < due + policy["ledger_patience"]
        if _settled(action, place, stage) or not heard or trust == PROBABLE or not patient:
            customer.ledger_waits.append((due, place[0]))
            return place, trust
        at = min(at + policy["ledger_recheck"], due + policy["ledger_patience"])
        later = [one.place for one in action.facts if place < one.place < deadline(at, begun.place)]
        settling = [one for one in later if _settled(action, one, stage)]
        place = min([deadline(at, begun.place), *settling])


def _settled(action: Action, place: Place, stage: str | None) -> bool:
    if action.confirmed(place, stage):
        return True
    return stage is None and action.last_word(place) == "action.failed"


def _absent(
    customer: Customer, action: Action, subject: tuple[str, Fact], place: Place, trust: str
) -> None:
    """SF-08, where the ledger knows nothing."""
    board = customer.board
    stage = "posted" if subject[0] == "posted" else None
    finding = board.found(
        "SF-08",
        subject,
        trust,
        place,
        action.thread(place),
        version=action.version,
        band=action.band,
    )
    later = [one for one in action.facts if one.place > place and one.kind == "ledger.confirmed"]
    later = [one for one in later if stage in (None, one.get("stage"))]
    if finding and later:
        board.take_back(finding, later[0].place)

