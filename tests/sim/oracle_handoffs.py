"""Handoffs: rules, sections 9.1 to 9.6. Their verdicts are in `oracle_verdicts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.sim.oracle_board import CONFIRMED, SUSPECTED
from tests.sim.oracle_book import ACTORS, deadline, kind_of, public, word
from tests.sim.oracle_calendar import on_duty, reached, worked
from tests.sim.oracle_histograms import observe
from tests.sim.oracle_turns import HANDOFF_KINDS, TO_AI

if TYPE_CHECKING:
    from tests.sim.oracle_calendar import Calendar
    from tests.sim.oracle_order import Fact, Place
    from tests.sim.oracle_turns import Turns

REASONS = frozenset(
    [
        "customer_requested",
        "policy_required",
        "knowledge_gap",
        "tool_failure",
        "missing_capability",
        "low_confidence",
        "safety_risk",
        "verification_failed",
        "usage_limit",
        "loop_limit",
        "unclassified",
    ]
)
REQUESTERS = frozenset({"customer", "ai", "policy", "system"})
ENDS = {
    "handoff.abandoned": "abandoned",
    "handoff.failed": "failed",
    "handoff.returned": "returned",
    "handoff.expired": "orphaned",
}


class Handoff(NamedTuple):
    """A request that somebody has to serve, and all that was said of it while it was known."""

    request: Fact
    turns: Turns
    facts: list[Fact]
    known_until: Place

    @property
    def name(self) -> str:
        return str(self.request.get("handoff_id"))

    @property
    def kind(self) -> str:
        return word(self.request.get("kind"), HANDOFF_KINDS)

    @property
    def reason(self) -> str:
        return word(self.request.get("reason_code"), REASONS, "unclassified")

    def own(self, fact: Fact) -> bool:
        """Is it a step of this handoff?"""
        return fact.kind.startswith("handoff.") and fact.get("handoff_id") == self.name

    def serves(self, fact: Fact) -> bool:
        """Does somebody take it, speak or decide?"""
        if fact.kind in ("handoff.accepted", "handoff.first_reply", "handoff.completed"):
            return self.own(fact)
        return fact.t >= self.request.t and (public(fact, "human") or decided_by_human(fact))

    def calendar(self) -> Calendar | None:
        """By which it was asked for, if by any."""
        policy = self.turns.policy
        channel = self.turns.thread.label("channel", self.request.place)
        by_channel = policy["calendar_by_channel"].get(channel, policy["calendar"])
        name = policy["calendar_by_queue"].get(self.request.get("to_queue"), by_channel)
        return policy["calendars"][name] if name else None

    def within_hours(self) -> str:
        told, calendar = self.request.get("within_hours"), self.calendar()
        if told is None and calendar:
            told = on_duty(calendar, self.request.t)
        return "unknown" if told is None else str(told).lower()

    def due(self) -> int:
        """The agreed time."""
        policy, calendar = self.turns.policy, self.calendar()
        channel = self.turns.thread.label("channel", self.request.place)
        length = int(policy["handoff_sla_by_channel"].get(channel, policy["handoff_sla"]))
        if self.kind == "human_human":
            length = int(policy["handoff_wall_max"])
        if calendar is None:
            return self.request.t + length
        latest = self.request.t + policy["handoff_wall_max"]
        return reached(calendar, self.request.t, length, latest)


def decided_by_human(fact: Fact) -> bool:
    """Does a human say that it is resolved?"""
    if fact.kind != "resolution.claimed" or fact.get("basis") in ("bulk", "merge"):
        return False
    return word(fact.get("by"), ACTORS) == "human"


def acted(fact: Fact) -> bool:
    """Did a human do something?"""
    return fact.kind == "action.executed" and word(fact.get("by"), ACTORS) == "human"


def requests(turns: Turns) -> list[Fact]:
    """Every first request, made while the contact was not proactive."""
    return [
        fact
        for fact in turns.facts
        if fact.kind == "handoff.requested"
        and fact is turns.request(fact.get("handoff_id"), fact.place)
        and not turns.proactive(fact)
    ]


def handoffs(turns: Turns) -> list[Handoff]:
    """Those for whom somebody has to come."""
    found = []
    for request in requests(turns):
        if word(request.get("kind"), HANDOFF_KINDS) not in TO_AI:
            until = deadline(request.t + turns.policy["verdict_wait"], request.place)
            facts = [one for one in turns.facts if request.place < one.place < until]
            found.append(Handoff(request, turns, facts, until))
    return found


def judge(turns: Turns) -> None:
    """Count everything of the handoffs that one conversation asked for."""
    for request in requests(turns):
        kind = word(request.get("kind"), HANDOFF_KINDS)
        by = word(request.get("requested_by"), REQUESTERS)
        reason = word(request.get("reason_code"), REASONS, "unclassified")
        version = turns.thread.version(request.place)
        turns.counts["cx_handoffs_total"][kind, by, reason, version] += 1
        if kind in ("ai_ai", "human_human"):
            turns.counts["cx_transfers_total"][kind,] += 1
    tracked = handoffs(turns)
    for handoff in tracked:
        for fact in handoff.facts:
            if fact.kind == "handoff.transferred" and handoff.own(fact):
                turns.counts["cx_transfers_total"][handoff.kind,] += 1
        place, outcome = _terminal(handoff, tracked)
        _orphaned(handoff, place, outcome)
        _out_of_hours(handoff, place)
        _bounced(handoff)


def _terminal(handoff: Handoff, others: list[Handoff]) -> tuple[Place, str]:
    """How it ended, and count it."""
    turns, request = handoff.turns, handoff.request
    wall = deadline(request.t + turns.policy["handoff_wall_max"], request.place)
    ends: list[tuple[Place, str, Fact | None]] = [(wall, "orphaned", None)]
    ends += [
        (other.request.place, "superseded", None)
        for other in others
        if other.request.place > request.place
    ]
    for fact in handoff.facts:
        if handoff.serves(fact):
            in_time = fact.t < handoff.due()
            ends.append((fact.place, "served_in_sla" if in_time else "served_late", fact))
        elif fact.kind in ENDS and handoff.own(fact):
            ends.append((fact.place, ENDS[fact.kind], None))
    place, outcome, service = min(ends, key=lambda end: end[0])
    if place < turns.end:
        hours, version = handoff.within_hours(), turns.thread.version(place)
        turns.counts["cx_handoff_terminal_total"][handoff.kind, outcome, hours, version] += 1
        if service is not None:
            waited = max(0, service.t - request.t)
            observe(turns.counts, "cx_handoff_wait_seconds", (hours, "wall"), waited)
            if calendar := handoff.calendar():
                waited = worked(calendar, request.t, request.t + waited)
                observe(turns.counts, "cx_handoff_wait_seconds", (hours, "business"), waited)
    return place, outcome


def _orphaned(handoff: Handoff, ended: Place, outcome: str) -> None:
    """SF-05."""
    turns, request = handoff.turns, handoff.request
    due = deadline(handoff.due(), request.place)
    raised = [ended] if outcome == "orphaned" else []
    people_known = handoff.calendar() is not None or handoff.within_hours() != "false"
    if due < ended and people_known:
        raised.append(due)
    if raised and min(raised) < turns.end:
        sure = SUSPECTED if handoff.kind == "human_human" else CONFIRMED
        subject = (turns.thread, request)
        finding = turns.board.found("SF-05", subject, sure, min(raised), turns.thread)
        if outcome.startswith("served"):
            turns.board.take_back(finding, ended)


def _out_of_hours(handoff: Handoff, ended: Place) -> None:
    """SF-06."""
    turns, request = handoff.turns, handoff.request
    if handoff.within_hours() != "false" or handoff.kind == "human_human":
        return
    window = turns.policy["eta_window"]
    due = deadline(request.t + window, request.place)
    told = [one for one in turns.facts if _tells_when(one)]
    earlier = [one for one in told if one.place < request.place]
    good = [max(earlier, key=lambda one: one.t)] if earlier else []
    good += [one for one in told if one.place > request.place]
    good = [one for one in good if abs(one.t - request.t) < window]
    if ended < due or any(one.place < due for one in good) or due >= turns.end:
        return
    finding = turns.board.found("SF-06", (turns.thread, request), CONFIRMED, due, turns.thread)
    late = [one for one in handoff.facts if one.place > due and one.t < request.t + window]
    late = [one for one in late if one in good or handoff.serves(one)]
    if late:
        turns.board.take_back(finding, late[0].place)


def _tells_when(fact: Fact) -> bool:
    if fact.kind == "commitment.made":
        return True
    speaks = any(public(fact, actor) for actor in ("ai", "human", "system"))
    return speaks and kind_of(fact) == "commitment"


def _bounced(handoff: Handoff) -> None:
    """SF-07."""
    turns, request = handoff.turns, handoff.request
    queue, roles = request.get("to_queue"), {}
    roles[queue] = request.get("queue_role")
    served: Fact | None = None
    for fact in handoff.facts:
        if served is None and handoff.serves(fact):
            served = fact
        if not handoff.own(fact):
            continue
        left, named = queue, fact.get("queue")
        queue = named or queue
        role = roles.get(left)
        if fact.get("queue_role"):
            roles[queue] = fact.get("queue_role")
        if fact.kind != "handoff.transferred" or named in (None, left):
            continue
        if served is None or fact.t >= served.t + turns.policy["bounce_window"]:
            continue
        hands = [one for one in handoff.facts if acted(one) and one.t >= request.t]
        if role == "triage" or any(one.place < fact.place for one in hands):
            continue
        cell = (handoff.kind, role or "unknown", fact.get("queue_role") or "unknown")
        turns.counts["cx_misroutes_total"][cell] += 1
        subject = (turns.thread, request)
        finding = turns.board.found("SF-07", subject, CONFIRMED, fact.place, turns.thread)
        late = [one for one in hands if one.t < fact.t]
        if late:
            turns.board.take_back(finding, late[0].place)
            turns.counts["cx_misroutes_retractions_total"][cell] += 1
        return
