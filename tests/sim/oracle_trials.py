"""What undoes a claim and what does not: rules 5.1 to 5.3 and 7.2 to 7.6, one fact at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.sim import oracle_effort as effort
from tests.sim.oracle_book import (
    ACTORS,
    NOTHING,
    before,
    deadline,
    kind_of,
    public,
    word,
)
from tests.sim.oracle_claims import Claim, Failure
from tests.sim.oracle_links import EXPLICIT

if TYPE_CHECKING:
    from tests.sim.oracle_book import Thread
    from tests.sim.oracle_customer import Customer
    from tests.sim.oracle_order import Fact, Place

BASES = frozenset(
    [
        "customer_confirmed",
        "agent_judged",
        "inactivity_timeout",
        "workflow",
        "operator",
        "bulk",
        "merge",
    ]
)
STAFF = ("human", "system", "ai")


@dataclass(eq=False)
class Question:
    """Something of a conversation that is not decided yet: a held message, or a reopening."""

    fact: Fact
    thread: Thread
    until: Place
    said: list[Fact]

    @property
    def held(self) -> bool:
        return self.fact.kind == "message.created"


def take(customer: Customer, thread: Thread, fact: Fact) -> None:
    """See what a fact does to the claims of its conversation."""
    if fact.kind == "message.more":
        _says_more(customer, thread, fact)
    elif public(fact, "customer"):
        _message(customer, thread, fact)
    elif fact.kind == "conversation.reopened":
        _reopened(customer, thread, fact)
    elif fact.kind == "conversation.closed":
        _settled_again(customer, thread, fact)
    elif fact.kind == "resolution.claimed":
        _claimed(customer, thread, fact)


def standing(customer: Customer, thread: Thread, place: Place) -> list[Claim]:
    """The claims of a conversation that were believed then."""
    return [one for one in customer.claims if one.thread is thread and one.stands(place)]


# Messages.


def _message(customer: Customer, thread: Thread, fact: Fact) -> None:
    claims = standing(customer, thread, fact.place)
    kind = kind_of(fact)
    if kind in NOTHING:
        if claims:
            _nod(customer, fact, fact)
    elif kind == "unknown" and claims:
        until = deadline(fact.t + customer.policy["kind_wait"], fact.place)
        customer.questions.append(Question(fact, thread, until, [fact]))
    else:
        returned(customer, thread, fact, fact.place, [fact])


def returned(
    customer: Customer, thread: Thread, message: Fact, known: Place, said: list[Fact]
) -> None:
    """The customer is back, and it is certain now."""
    doubt = next((one for one in customer.questions if one.thread is thread and not one.held), None)
    if doubt:
        _meant(customer, doubt, known, by_customer=True)
    intents = [fact.get("intent") for fact in said if fact.get("intent") not in (None, "unknown")]
    about = intents[-1] if intents else None
    issues = {
        name
        for name in _issues(thread)
        if about is not None and _intent_of(thread, name, known) == about
    }
    for claim in customer.claims:
        if claim.thread is thread and (not issues or claim.issue in {"", *issues}):
            undo(customer, claim, message, known)


def undo(customer: Customer, claim: Claim, fact: Fact, known: Place) -> Failure | None:
    """A return to the conversation fails its claim."""
    failure = claim.fail(fact, known, "", EXPLICIT, "reopen", customer.counts)
    if failure and claim.on_trial and claim.by == "ai":
        customer.returned_to(claim, failure)
    return failure


def _issues(thread: Thread) -> set[str]:
    return {str(one.get("issue_id")) for one in thread.facts if one.kind == "issue.opened"}


def _intent_of(thread: Thread, issue: str, place: Place) -> str | None:
    told = [
        one.get("intent")
        for one in thread.before(place)
        if one.kind == "issue.opened" and one.get("issue_id") == issue
    ]
    known = [intent for intent in told if intent not in (None, "unknown")]
    return known[-1] if known else None


def _says_more(customer: Customer, thread: Thread, fact: Fact) -> None:
    """A second word on a message: what it really was."""
    kind, name = kind_of(fact), fact.get("message_id")
    mine = [one for one in customer.questions if one.thread is thread]
    held = next((one for one in mine if one.fact.get("message_id") == name), None)
    if held:
        held.said.append(fact)
    if kind == "unknown":
        return
    if held:
        _decide(customer, held, fact.place, nods=kind in NOTHING)
        if kind in NOTHING and standing(customer, thread, fact.place):
            _nod(customer, held.fact, fact)
    elif kind in NOTHING:
        failed = [_take_back(customer, claim, name, thread, fact) for claim in customer.claims]
        if any(failed):
            _nod(customer, next(one for one in thread.facts if one.get("message_id") == name), fact)
    else:
        _was_none(customer, thread, fact)


def _was_none(customer: Customer, thread: Thread, fact: Fact) -> None:
    """What was taken for thanks is a return."""
    for nod in list(customer.nods):
        if nod.get("message_id") == fact.get("message_id") and nod in thread.facts:
            customer.nods.remove(nod)
            returned(customer, thread, nod, fact.place, [nod, fact])


def _nod(customer: Customer, message: Fact, said: Fact) -> None:
    """A message is thanks for what was claimed, as this says."""
    customer.counts["cx_post_close_acks_total"][kind_of(said),] += 1
    customer.nods.append(message)
    customer.nodded.append(said)


def _take_back(customer: Customer, claim: Claim, name: str, thread: Thread, fact: Fact) -> bool:
    """A message that had failed a claim was only thanks."""
    taken = False
    for failure in claim.record:
        message = failure.fact
        same = message.kind == "message.created" and message.get("message_id") == name
        mine = claim.thread is thread and claim.on_trial and same
        if mine and claim.retract(failure, fact.place, customer.counts):
            customer.board.take_back(
                customer.board.standing("SF-01", claim, fact.place), fact.place
            )
            taken = True
    return taken


def _decide(customer: Customer, question: Question, known: Place, *, nods: bool) -> None:
    """A held message is decided: it was a nod, or a return."""
    customer.questions.remove(question)
    _waited(customer, question, known)
    if not nods:
        returned(customer, question.thread, question.fact, known, question.said)


def _waited(customer: Customer, question: Question, known: Place) -> None:
    for claim in customer.claims:
        if claim.thread is question.thread:
            claim.waits.append((question.fact.place, known))


# Reopenings.


def _reopened(customer: Customer, thread: Thread, fact: Fact) -> None:
    claims = standing(customer, thread, fact.place)
    if fact.get("actor") not in STAFF:
        doubt = _doubt(customer, thread)
        if doubt:
            _meant(customer, doubt, fact.place, by_customer=True)
        for claim in claims:
            undo(customer, claim, fact, fact.place)
        return
    for claim in claims:
        if not claim.on_trial:
            undo(customer, claim, fact, fact.place)
    on_trial = [claim for claim in claims if claim.on_trial and claim.fact.order < fact.order]
    if on_trial and not _doubt(customer, thread):
        until = deadline(fact.t + customer.policy["mistaken_reopen_max"] + 1, fact.place)
        customer.questions.append(Question(fact, thread, until, []))


def _doubt(customer: Customer, thread: Thread) -> Question | None:
    return next((one for one in customer.questions if one.thread is thread and not one.held), None)


def _meant(customer: Customer, doubt: Question, known: Place, *, by_customer: bool) -> None:
    """The reopening was no mistake."""
    customer.questions.remove(doubt)
    _waited(customer, doubt, known)
    for claim in customer.claims:
        if claim.thread is doubt.thread:
            failure = claim.fail(doubt.fact, known, "", EXPLICIT, "reopen", customer.counts)
            if failure and by_customer and claim.on_trial and claim.by == "ai":
                customer.returned_to(claim, failure)


def _settled_again(customer: Customer, thread: Thread, fact: Fact) -> None:
    """Closed or claimed again: if that was soon, the reopening was a mistake."""
    doubt = _doubt(customer, thread)
    if doubt and fact.order > doubt.fact.order:
        customer.questions.remove(doubt)
        _waited(customer, doubt, fact.place)
        customer.counts["cx_mistaken_reopens_total"][()] += 1


def decide(customer: Customer, question: Question) -> None:
    """Nobody has said anything about it in time."""
    if question.held:
        _decide(customer, question, question.until, nods=False)
    else:
        _meant(customer, question, question.until, by_customer=False)


def forget_questions(customer: Customer, thread: Thread, place: Place) -> None:
    """The trial ends before anything was decided."""
    for question in [one for one in customer.questions if one.thread is thread]:
        customer.questions.remove(question)
        _waited(customer, question, place)


# Claims.


def _claimed(customer: Customer, thread: Thread, fact: Fact) -> None:
    basis = word(fact.get("basis"), BASES)
    if basis in ("bulk", "merge"):
        censor(customer, thread, fact.place, basis)
        return
    for question in [one for one in customer.questions if one.thread is thread and one.held]:
        _decide(customer, question, before(fact.place), nods=False)
    _settled_again(customer, thread, fact)
    spam = any(one.kind == "conversation.spam_marked" for one in thread.facts)
    if thread.origin(fact.place, customer.policy) == "proactive" or spam:
        return
    issue = fact.get("issue_id") or ""
    if any(one.issue == issue for one in standing(customer, thread, fact.place)):
        return
    by = word(fact.get("by"), ACTORS)
    version, group = thread.version(fact.place), thread.label("intent_group", fact.place)
    customer.counts["cx_resolutions_claimed_total"][by, basis, version, group] += 1
    on_trial = thread.identified(fact.place)
    customer.claims.append(Claim(fact, thread, issue, by, on_trial, version, group))
    effort.first_claim(customer, customer.claims[-1])


def censor(customer: Customer, thread: Thread, place: Place, reason: str) -> None:
    """The trials of a conversation end without a verdict."""
    forget_questions(customer, thread, place)
    for claim in customer.claims:
        if claim.thread is thread:
            claim.censor(place, reason, customer.counts)
