from __future__ import annotations

from typing import Any

from monitor.core.casebook import Casebook
from tests.build import (
    ai_says,
    claimed,
    clock,
    handoff,
    handoff_requested,
    promised,
    reopened,
    said,
    says,
    started,
)
from tests.driver import Driver


def lines(*events: Any, until: str = "40d 00:00") -> list[dict[str, Any]]:
    casebook = Casebook()
    for output in Driver().tell(*events).until(until).outputs:
        casebook.note(output)
    return casebook.lines()


def at(time: str) -> str:
    return clock(time).isoformat()


def test_a_case_tells_its_claims_and_what_came_of_them() -> None:
    (case,) = lines(
        started("ann", "09:00", case_id="INC1"),
        claimed("ann", "10:00", basis="customer_confirmed"),
        says("ann", "11:00"),
        claimed("ann", "12:00", by="human"),
        reopened("ann", "13:00", "customer"),
    )

    assert case["case_id"] == "INC1"
    assert case["conversation_id"] == "ann-1"
    assert case["first_heard_at"] == at("09:00")
    assert case["claims"] == [
        {"at": at("10:00"), "by": "ai", "basis": "customer_confirmed"},
        {"at": at("12:00"), "by": "human", "basis": "agent_judged"},
    ]
    assert case["failures"] == [
        {"at": at("11:00"), "cause": "reopen", "match": "explicit", "claimed_at": at("10:00")},
        {"at": at("13:00"), "cause": "reopen", "match": "explicit", "claimed_at": at("12:00")},
    ]
    assert case["reopened"] == 1
    assert [(one["sf"], one["confidence"], one["retracted"]) for one in case["findings"]] == [
        ("SF-01", "probable", False)
    ]


def test_a_failure_that_was_taken_back_is_none() -> None:
    (case,) = lines(
        started("ann", "09:00"),
        claimed("ann", "10:00"),
        says("ann", "11:00", message_id="m"),
        says("ann", "11:30", "thanks", message_id="m"),
        says("ann", "12:00"),
    )

    assert [failure["at"] for failure in case["failures"]] == [at("12:00")]


def test_a_failure_stands_with_the_claim_that_failed_not_with_the_contact() -> None:
    first, second = lines(
        started("ann", "09:00"),
        claimed("ann", "10:00"),
        started("ann", "11:00", conversation_id="ann-2"),
    )

    assert [failure["cause"] for failure in first["failures"]] == ["repeat_same_channel"]
    assert second["failures"] == []


def test_a_handoff_has_its_verdict_its_end_and_its_way() -> None:
    (case,) = lines(
        handoff_requested("ann", "09:00"),
        handoff("accepted", "ann", "09:10", queue="first"),
        handoff("transferred", "ann", "09:12", queue="second"),
        handoff("completed", "ann", "09:30", human_actions=1),
        handoff_requested("ann", "10:00", "h2"),
        handoff_requested("ann", "11:00", "h3", kind="ai_ai"),
    )

    assert case["handoffs"] == [
        {"handoff_id": "h1", "verdict": "needed", "terminal": "served_in_sla", "misrouted": True},
        {"handoff_id": "h2", "verdict": "undetermined", "terminal": "orphaned", "misrouted": False},
        {"handoff_id": "h3", "verdict": "undetermined", "terminal": None, "misrouted": False},
    ]


def test_a_finding_that_was_corrected_stands_once() -> None:
    (case,) = lines(
        started("ann", "08:00"),
        ai_says("ann", "09:00", "handoff_notice"),
        handoff_requested("ann", "10:00"),
    )

    assert [(one["sf"], one["retracted"]) for one in case["findings"]] == [
        ("SF-04", True),
        ("SF-05", False),
    ]


def test_cases_come_in_the_order_in_which_they_were_heard_of() -> None:
    cases = lines(started("ben", "09:30"), started("ann", "09:00"))

    assert [case["conversation_id"] for case in cases] == ["ann-1", "ben-1"]
    assert [case["case_id"] for case in cases] == ["ann-1", "ben-1"]


def test_a_conversation_that_comes_again_after_it_was_forgotten_is_the_same_case() -> None:
    cases = lines(
        started("ann", "09:00"), started("ann", "60d 09:00", case_id="INC1"), until="90d 00:00"
    )

    assert [case["case_id"] for case in cases] == ["INC1"]


def test_what_belongs_to_no_conversation_is_in_no_case() -> None:
    assert lines(promised("ann", "09:00", due="10:00", conversation_id=None)) == []


def test_a_conversation_that_is_only_spoken_of_is_a_case() -> None:
    (case,) = lines(said("external.signal", "09:00", {"conversation_id": "c", "kind": "complaint"}))

    assert (case["case_id"], case["claims"], case["handoffs"]) == ("c", [], [])
