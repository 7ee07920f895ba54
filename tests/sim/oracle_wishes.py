"""Wishes that were not heard, and talk that goes in circles: rules 8.5 to 8.8."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sim.oracle_board import CONFIRMED, PROBABLE
from tests.sim.oracle_book import ACTORS, deadline, kind_of, public, speaks, word
from tests.sim.oracle_claims import AGES
from tests.sim.oracle_turns import HANDOFF_KINDS, TO_AI, answers, somebody_speaks

if TYPE_CHECKING:
    from tests.sim.oracle_order import Fact, Place
    from tests.sim.oracle_turns import Turns

MISSED = "cx_missed_escalations_total"
MISSED_BACK = "cx_missed_escalations_retractions_total"
_NOT_HEARD = (
    "handoff.requested",
    "handoff.accepted",
    "handoff.first_reply",
    "conversation.merged",
    "conversation.spam_marked",
    "conversation.deleted",
)
_REPETITIVE = ("answer", "question", "error", "other", "unknown")


def age_to(length: int) -> str:
    """The bucket of a delay; there is no end to delays."""
    return next((age for age, edge in AGES.items() if length < edge), "older")


def judge(turns: Turns) -> None:
    """Count everything of these rules in one conversation."""
    _ignored(turns)
    _missed_by_policy(turns)
    _loop(turns)
    _context_loss(turns)


# SF-11.


def _ignored(turns: Turns) -> None:
    asked: Fact | None = None
    for fact in turns.facts:
        if asked and _hears(fact) and fact.t >= asked.t:
            asked = None
        if asked is None and _asks(turns, fact):
            asked = fact
            decided = _given_up(turns, fact)
            if decided is not None:
                _report(turns, fact, decided)


def _asks(turns: Turns, fact: Fact) -> bool:
    if not public(fact, "customer") or not fact.get("requests_human"):
        return False
    owner = turns.owner(fact.place)
    taken = owner is not None and owner.owner in ("queue", "human")
    return not (taken or turns.past(fact) or turns.proactive(fact))


def _hears(fact: Fact) -> bool:
    return public(fact, "human") or fact.kind in _NOT_HEARD


def _given_up(turns: Turns, asked: Fact) -> tuple[Place, int] | None:
    """When it was plain that nobody would hear, if it came to that, and its moment."""
    since = [one for one in turns.facts if one.place > asked.place]
    heard = next((one.place for one in since if _hears(one) and one.t >= asked.t), turns.end)
    words = [asked, *(one for one in since if somebody_speaks(one))]
    ends = [(one.place, one.t) for one in since if _closes(one)]
    for number, one in enumerate(words):
        known = [other for other in words[: number + 1] if other.t >= asked.t]
        due = max(other.t for other in known) + turns.policy["ignored_window"]
        silent = deadline(due, one.place)
        if all(later.place > silent for later in words[number + 1 :]):
            ends.append((silent, due))
    for place, t in sorted(ends):
        told = [one for one in since if public(one, "ai") and asked.t <= one.t]
        told = [one for one in told if one.place < place]
        if len(told) >= 2 and place < heard and place < turns.end:
            return place, t
    return None


def _closes(fact: Fact) -> bool:
    return fact.kind in ("resolution.claimed", "conversation.closed")


def _report(turns: Turns, asked: Fact, decided: tuple[Place, int]) -> None:
    place, t = decided
    finding = turns.board.found("SF-11", turns.thread, CONFIRMED, place, turns.thread)
    if not finding:
        return
    age = age_to(t - asked.t)
    turns.counts[MISSED]["asked_for_human", age] += 1
    for fact in turns.facts:
        if fact.kind == "handoff.requested" and fact.place > place:
            turns.board.take_back(finding, fact.place)
            turns.counts[MISSED_BACK]["asked_for_human", age] += 1
            return


# Missed by policy.


def _missed_by_policy(turns: Turns) -> None:
    for fact in turns.facts:
        if fact.kind != "resolution.claimed" or word(fact.get("by"), ACTORS) != "ai":
            continue
        if fact.get("basis") in ("bulk", "merge") or turns.proactive(fact):
            continue
        about = {turns.thread.latest(name, fact.place) for name in ("intent", "intent_group")}
        earlier = [one for one in turns.facts if one.place < fact.place]
        requested = any(one.kind == "handoff.requested" for one in earlier)
        if about & turns.policy["escalate_intents"] and not requested:
            began = turns.thread.facts[0].t
            turns.counts[MISSED]["policy_intent", age_to(fact.t - began)] += 1
            return


# SF-14.


def _loop(turns: Turns) -> None:
    for fact in turns.facts:
        if turns.proactive(fact):
            continue
        if _repeats(turns, fact) or _third_turn(turns, fact):
            turns.board.found("SF-14", turns.thread, PROBABLE, fact.place, turns.thread)


def _likeness(turns: Turns, before: Fact) -> list[str]:
    """The hashes of the AI's last answers."""
    told = [one for one in turns.facts if one.place < before.place and _can_repeat(one)]
    hashes = [one.get("content_simhash") for one in told if not turns.proactive(one)]
    return [one for one in hashes if one][-turns.policy["loop_memory"] :]


def _can_repeat(fact: Fact) -> bool:
    return public(fact, "ai") and answers(fact) and kind_of(fact) in _REPETITIVE


def _repeats(turns: Turns, fact: Fact) -> bool:
    return _can_repeat(fact) and fact.get("content_simhash") in _likeness(turns, fact)


def _third_turn(turns: Turns, fact: Fact) -> bool:
    """Is it the third turn in a row with one intent, and nothing new was said?"""
    if not speaks(fact):
        return False
    run: list[Fact] = []
    intent: str | None = None
    replied = True
    told = [one for one in turns.facts if one.place <= fact.place and not turns.proactive(one)]
    for one in told:
        if _ends_run(turns, one):
            run, intent = [], None
        if public(one, "ai") and answers(one):
            replied = True
        if not speaks(one):
            continue
        now = turns.thread.latest("intent", one.place)
        if now != intent:
            run, intent = [], now
        elif not replied:
            continue
        if now is not None:
            run.append(one)
        replied = False
    return len(run) == 3 and run[-1] is fact


def _ends_run(turns: Turns, fact: Fact) -> bool:
    if fact.kind.startswith("action.") or fact.kind == "handoff.requested":
        return True
    if public(fact, "human"):
        return True
    new = public(fact, "ai") and answers(fact) and kind_of(fact) == "answer"
    return new and fact.get("content_simhash") not in _likeness(turns, fact)


# SF-19.


def _context_loss(turns: Turns) -> None:
    for fact in turns.facts:
        if not public(fact, "human") or kind_of(fact) != "asks_known_info":
            continue
        if turns.proactive(fact):
            continue
        taken = [
            one
            for one in turns.facts
            if one.place < fact.place
            and one.kind in ("handoff.accepted", "handoff.first_reply")
            and not turns.proactive(one)
        ]
        kinds = []
        for one in taken:
            request = turns.request(one.get("handoff_id"), one.place)
            kinds.append(word(request.get("kind"), HANDOFF_KINDS) if request else "unknown")
        if any(kind not in TO_AI for kind in kinds):
            turns.board.found("SF-19", turns.thread, PROBABLE, fact.place, turns.thread)
