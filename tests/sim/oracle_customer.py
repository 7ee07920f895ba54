"""One customer from the first word to the last: contacts, journeys and demand in their order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.sim import oracle_actions as actions
from tests.sim import oracle_after as aftermath
from tests.sim import oracle_contacts as contacts
from tests.sim import oracle_effort as effort
from tests.sim import oracle_handoffs as handoffs
from tests.sim import oracle_identity as identity
from tests.sim import oracle_ledger as ledger
from tests.sim import oracle_loose_ends as loose_ends
from tests.sim import oracle_promises as promises
from tests.sim import oracle_trials as trials
from tests.sim import oracle_verdicts as verdicts
from tests.sim import oracle_wishes as wishes
from tests.sim.oracle_board import PROBABLE, Board
from tests.sim.oracle_book import Journey, Thread, beginning_of, deadline, public
from tests.sim.oracle_links import family, last_life, placed, silent_until
from tests.sim.oracle_order import DEADLINE
from tests.sim.oracle_turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.sim.oracle_actions import Action
    from tests.sim.oracle_board import Finding
    from tests.sim.oracle_book import Counts, Policy
    from tests.sim.oracle_claims import Claim, Failure
    from tests.sim.oracle_order import Fact, Place
    from tests.sim.oracle_trials import Question

BEGINS = (
    "conversation.started",
    "conversation.reopened",
    "message.created",
    "issue.opened",
    "resolution.claimed",
    "handoff.requested",
    "suggestion.displayed",
    "commitment.made",
    "action.requested",
    "action.claimed",
    "action.executed",
)
"""What begins something: after its journey has ended, a conversation begins anew with it."""


def passed(place: Place) -> tuple[int, int]:
    """When this is over, and its moment: what a deadline ends, is over before its events."""
    return (place[0] if place[1] == DEADLINE else place[0] + 1), place[0]


@dataclass(eq=False)
class Customer:
    """What was said of one customer, and what follows from it, bit by bit."""

    facts: Sequence[Fact]
    beats: Sequence[Fact]
    policy: Policy
    counts: Counts
    tally: dict[str, list[Fact]]
    end: Place
    board: Board = field(init=False)
    links: list[Fact] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)
    journeys: list[Journey] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    nods: list[Fact] = field(default_factory=list)
    nodded: list[Fact] = field(default_factory=list)
    taken: list[Fact] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    redone: list[Claim] = field(default_factory=list)
    contradicted: list[Claim] = field(default_factory=list)
    ledger_waits: list[tuple[Place, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.board = Board(self.counts)

    def read(self) -> None:
        """Go through all that was applied."""
        self.links = [fact for fact in self.facts if fact.kind == "customer.linked"]
        for fact in self.facts:
            if not fact.get("test"):
                self._pass_time(fact.place)
                if fact.kind == "customer.linked":
                    identity.take(self, fact)
                    continue
                self.taken.append(fact)
                thread = self._take(fact) if fact.conversation else None
                actions.take(self, fact)
                aftermath.take(self, thread, fact)
        self._pass_time(self.end)

    def _pass_time(self, place: Place) -> None:
        """Do in its order whatever was due before this."""
        while True:
            open_ = [one for one in self.questions if one.until < place]
            looks = list(effort.due(self, place))
            first = min(looks, key=lambda one: one.place, default=None)
            question = min(open_, key=lambda one: one.until, default=None)
            if question and (first is None or question.until < first.place):
                trials.decide(self, question)
            elif first:
                first.look()
            else:
                return

    def judge(self) -> None:
        """Count what can only be told when everything has been read."""
        for claim in self.claims:
            claim.weigh(self.counts, self.end)
        for thread in self.threads:
            self._judge_turns(thread)
            for fact in thread.facts:
                if fact.kind == "feedback.received":
                    promises.rated(thread, fact, self.counts)
        self._judge_promises()
        for action in self.actions:
            ledger.judge(self, action)
        for finding in self.board.findings:
            if self._still_open(finding):
                self.counts["cx_silent_failures_open"][finding.labels] += 1

    def _judge_turns(self, thread: Thread) -> None:
        turns = Turns(thread, self.steps(thread), self.policy, self.counts, self.board, self.end)
        turns.judge()
        wishes.judge(turns)
        loose_ends.judge(turns)
        handoffs.judge(turns)
        self.tally["cx_handoffs_total"] += handoffs.requests(turns)
        verdicts.judge(turns)

    def _judge_promises(self) -> None:
        for promise in promises.promises(self.taken, self.policy, self.together):
            thread_ = self._thread_of(promise.made)
            promises.judge(promise, thread_, self.counts, self.board, self.end)
        for shown, decided, state in promises.suggestions(self.taken, self.policy, self.together):
            if decided < self.end:
                own, thread_ = shown.get("ai_version"), self._thread_of(shown)
                version = own or (thread_.version(shown.place) if thread_ else "none")
                self.counts["cx_suggestions_total"][state, version] += 1

    def _still_open(self, finding: Finding) -> bool:
        """Does it stand, and is it still known of what?"""
        thread, known = finding.thread, finding.known_until
        if finding.retracted or finding.settled:
            return False
        if thread is None:
            action = finding.action and finding.action.known(self.end)
            return bool(action) or (known is not None and known >= self.end)
        if finding.sf == "SF-17":
            claim = next(one for one in self.claims if one is finding.subject)
            return self.remembers(thread, self.end) or self.remembers_claim(claim, self.end)
        return self.remembers(thread, self.end)

    def remembers_claim(self, claim: Claim, place: Place) -> bool:
        """Could it still be contradicted? After its trial only the last of a conversation can."""
        if not claim.can_be_contradicted() or not claim.ended(place):
            return claim.can_be_contradicted()
        past = [
            one
            for one in self.claims
            if one.thread is claim.thread and one.can_be_contradicted() and one.ended(place)
        ]
        last = max(past, key=lambda one: (one.fact.t, one.fact.place))
        forgotten = deadline(claim.fact.t + self.policy["signal_window"], claim.over())
        return claim is last and place < forgotten

    def _thread_of(self, fact: Fact) -> Thread | None:
        return next((one for one in self.threads if fact in one.facts), None)

    def _take(self, fact: Fact) -> Thread:
        thread = self._thread(fact)
        if self._says_more(thread, fact):
            fact = replace(fact, kind="message.more")
        thread.facts.append(fact)
        contacts.take(self, thread, fact)
        trials.take(self, thread, fact)
        contacts.go(self, thread, fact)
        return thread

    def _says_more(self, thread: Thread, fact: Fact) -> bool:
        """Does it only say more of a message that is remembered?"""
        if not public(fact, "customer"):
            return False
        heard = [one for one in thread.facts if public(one, "customer")]
        remembered = heard[-1:]
        remembered += [one.fact for one in self.questions if one.held]
        remembered += self.nods
        remembered += [one.fact for claim in self.claims if claim.on_trial for one in claim.record]
        return any(
            one in heard and one.get("message_id") == fact.get("message_id") for one in remembered
        )

    # Conversations and journeys.

    def _thread(self, fact: Fact) -> Thread:
        kin = family(fact.key, self.links, fact.place)
        for thread in reversed(self.threads):
            if thread.name == fact.conversation and thread.key in kin:
                if not self._forgotten(thread, fact):
                    return thread
                break
        thread = Thread(str(fact.conversation), fact.key)
        number = max((journey.number for journey in self.journeys), default=0) + 1
        thread.journey = Journey(number, fact.t, fact.place, [thread])
        self.threads.append(thread)
        self.journeys.append(thread.journey)
        return thread

    def ended(self, journey: Journey, place: Place) -> int | None:
        """When nothing had been open any more, and its gap passed, if before this was applied."""
        least = min([self.policy["gap"], *self.policy["gap_by_intent_group"].values()])
        stirred = last_life(journey, place)
        if journey.ended is None and journey.threads and stirred + least < place[0]:
            over = silent_until(journey, place, self.policy) + 1
            if beginning_of(over) <= place:
                until, moment = max([(over, over), *self._open_until(journey)])
                if beginning_of(until) <= place:
                    journey.ended, journey.ended_at = until, moment
        return journey.ended

    def _open_until(self, journey: Journey) -> Iterator[tuple[int, int]]:
        """Until when each thing in it is or was open."""
        for claim in self.claims:
            if claim.thread in journey.threads and claim.on_trial:
                yield passed(claim.open_until())
        said = [fact for thread in journey.threads for fact in thread.facts]
        for promise in promises.promises(sorted(said, key=placed), self.policy, self.together):
            yield passed(promise.remembered_until())

    def _forgotten(self, thread: Thread, fact: Fact) -> bool:
        journey = thread.journey
        if journey.forgotten is None and self.ended(journey, fact.place) is not None:
            until = max(self._contradictable(journey), default=0)
            if until <= fact.place[0] or fact.kind in BEGINS:
                journey.forgotten = fact.place
        return journey.forgotten is not None

    def remembers(self, thread: Thread, place: Place) -> bool:
        """Was a conversation still known then?"""
        journey = thread.journey
        ended = self.ended(journey, place)
        if ended is None or beginning_of(ended) > place:
            return True
        if journey.forgotten is not None and journey.forgotten <= place:
            return False
        return any(until >= place[0] for until in self._contradictable(journey))

    def _contradictable(self, journey: Journey) -> Iterator[int]:
        """Until when each claim of the AI in it can be contradicted."""
        for claim in self.claims:
            if claim.thread in journey.threads and claim.can_be_contradicted():
                yield claim.fact.t + self.policy["signal_window"]

    # What is found about a claim.

    def returned_to(self, claim: Claim, failure: Failure) -> None:
        """SF-01: the customer wrote again in the same place."""
        self.board.found(
            "SF-01", claim, PROBABLE, failure.known, claim.thread, version=claim.version
        )

    def steps(self, thread: Thread) -> list[Fact]:
        """What was said in a conversation, and the steps of the handoffs that it asked for."""
        steps = [
            fact
            for other in self.threads
            for fact in other.facts
            if fact.kind.startswith("handoff.") and self._asked_for(fact, other) is thread
        ]
        own = [fact for fact in thread.facts if not fact.kind.startswith("handoff.")]
        return sorted([*own, *steps], key=placed)

    def _asked_for(self, step: Fact, own: Thread) -> Thread:
        """The conversation that asked for a handoff and is known, else that of the step."""
        if step.kind == "handoff.requested":
            return own
        for thread in self.threads:
            for fact in thread.facts:
                same = fact.get("handoff_id") == step.get("handoff_id")
                asked = fact.kind == "handoff.requested" and same and fact.place < step.place
                known = asked and self.together(fact, step)
                if known and self.remembers(thread, step.place):
                    return thread
        return own

    def together(self, one: Fact, other: Fact) -> bool:
        """Had they been said of one customer, when the later of the two was applied?"""
        place = max(one.place, other.place)
        return one.key == other.key or other.key in family(one.key, self.links, place)
