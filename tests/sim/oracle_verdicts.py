"""Whether handing over was right: rules 9.7 and 9.8."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sim.oracle_book import public
from tests.sim.oracle_handoffs import acted, handoffs
from tests.sim.oracle_wishes import MISSED, age_to

if TYPE_CHECKING:
    from tests.sim.oracle_handoffs import Handoff
    from tests.sim.oracle_order import Fact, Place
    from tests.sim.oracle_turns import Turns

RECORD, HEURISTIC = "record", "heuristic"
Verdict = tuple[str, str]


def judge(turns: Turns) -> None:
    """Count every verdict on the handoffs that one conversation asked for."""
    tracked = handoffs(turns)
    for handoff in tracked:
        _decide(handoff, tracked)
    for fact in turns.facts:
        if fact.kind == "evaluation.result":
            _evaluate(turns, fact)


def _evaluate(turns: Turns, fact: Fact) -> None:
    label = fact.get("gen_ai.evaluation.score.label")
    if not reviews(turns, fact) or label not in ("needed", "not_needed", "missed"):
        cell = (str(fact.get("evaluator_version")), str(label or "unknown"))
        turns.counts["cx_judge_verdicts_total"][cell] += 1
        return
    if label != "missed":
        return
    earlier = [one for one in turns.facts if one.place < fact.place]
    asked = any(one.kind == "handoff.requested" for one in earlier)
    again = any(
        reviews(turns, one) and one.get("gen_ai.evaluation.score.label") == "missed"
        for one in earlier
    )
    if not asked and not again:
        age = age_to(fact.t - turns.thread.facts[0].t)
        turns.counts[MISSED]["review", age] += 1


def reviews(turns: Turns, fact: Fact) -> bool:
    """Is it the word of somebody who decides whether an escalation was right?"""
    if fact.kind != "evaluation.result" or fact.get("gen_ai.evaluation.name") != "escalation":
        return False
    return fact.get("evaluator") in turns.policy["reviewers"]


def _decide(handoff: Handoff, others: list[Handoff]) -> None:
    turns = handoff.turns
    given: list[tuple[Verdict, str]] = []
    for fact in handoff.facts:
        _give(handoff, given, _word_of_record(handoff, fact, others), fact.place)
        if not given:
            _give(handoff, given, _heuristic(handoff, fact), fact.place)
    if not given and handoff.known_until < turns.end:
        _give(handoff, given, _in_the_end(handoff), handoff.known_until)


def _give(
    handoff: Handoff, given: list[tuple[Verdict, str]], verdict: Verdict | None, place: Place
) -> None:
    """Count a new verdict, and take back the one that it overrules."""
    counts = handoff.turns.counts
    if verdict is None:
        return
    if given:
        old, version = given[-1]
        if old == verdict or old[1] == RECORD:
            return
        cell = (handoff.kind, old[0], handoff.reason, version)
        counts["cx_handoff_verdict_retractions_total"][cell] += 1
    version = handoff.turns.thread.version(place)
    counts["cx_handoff_verdict_total"][handoff.kind, verdict[0], handoff.reason, version] += 1
    given.append((verdict, version))


def _by_request(handoff: Handoff) -> str | None:
    request = handoff.request
    if request.get("requested_by") == "policy" or handoff.reason == "policy_required":
        return "needed"
    asked = [one for one in handoff.turns.facts if one.place < request.place]
    wished = any(_wishes(one) and one.t <= request.t for one in asked)
    by_customer = request.get("requested_by") == "customer"
    if by_customer or handoff.reason == "customer_requested" or wished:
        return "requested"
    return None


def _wishes(fact: Fact) -> bool:
    if fact.kind == "message.more":
        return bool(fact.get("requests_human"))
    return public(fact, "customer") and bool(fact.get("requests_human"))


def _by_what_is_known(handoff: Handoff, place: Place) -> str | None:
    hands = [one for one in handoff.facts if acted(one) and one.t >= handoff.request.t]
    seen = any(one.place <= place for one in hands)
    return _by_request(handoff) or ("needed" if seen else None)


def _word_of_record(handoff: Handoff, fact: Fact, others: list[Handoff]) -> Verdict | None:
    if fact.kind == "handoff.completed" and handoff.own(fact):
        word = fact.get("disposition")
    elif reviews(handoff.turns, fact):
        later = [one for one in others if handoff.request.place < one.request.place < fact.place]
        word = None if later else fact.get("gen_ai.evaluation.score.label")
    else:
        return None
    if word == "needed":
        return ("needed", RECORD)
    if word == "not_needed":
        asked = _by_request(handoff)
        return (asked, HEURISTIC) if asked else ("unnecessary", RECORD)
    return None


def _heuristic(handoff: Handoff, fact: Fact) -> Verdict | None:
    if not handoff.own(fact):
        return None
    known = _by_what_is_known(handoff, fact.place)
    if fact.kind == "handoff.returned" and fact.get("reason") == "ai_can_handle":
        return (known or "unnecessary", HEURISTIC)
    if fact.kind != "handoff.completed":
        return None
    if fact.get("privileged_action") or (fact.get("human_actions") or 0) > 0:
        return ("needed", HEURISTIC)
    if known:
        return (known, HEURISTIC)
    policy, seconds = handoff.turns.policy, fact.get("handle_seconds")
    few = (fact.get("human_public_messages") or 0) <= policy["unnecessary_messages_max"]
    quick = seconds is not None and seconds < policy["unnecessary_handle_seconds_max"]
    return ("unnecessary" if few and quick else "undetermined", HEURISTIC)


def _in_the_end(handoff: Handoff) -> Verdict:
    known = _by_what_is_known(handoff, handoff.known_until)
    if known:
        return (known, HEURISTIC)
    back = [one for one in handoff.facts if one.kind == "handoff.returned" and handoff.own(one)]
    served = back and any(handoff.serves(one) for one in handoff.facts)
    words = [one for one in handoff.facts if public(one, "human") and one.t >= handoff.request.t]
    few = len(words) <= handoff.turns.policy["unnecessary_messages_max"]
    return ("unnecessary" if served and few else "undetermined", HEURISTIC)
