"""Whether handing over was right: the table of verdicts, and what it rests on."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import HandoffOutcome
from tests.build import acted, handoff, handoff_requested, human_says, says, started
from tests.driver import Driver

LITTLE: dict[str, Any] = {"human_public_messages": 1, "handle_seconds": 119}
MUCH = {"human_public_messages": 2, "handle_seconds": 119}
BY_CUSTOMER = {"requested_by": "customer"}
BY_POLICY = {"requested_by": "policy"}


def judged(*events: Any, **request: Any) -> list[tuple[str, str]]:
    driver = Driver().tell(handoff_requested("ann", "09:00", **request), *events)
    return [
        (outcome.verdict, outcome.basis)
        for outcome in driver.until("9d 00:00").said(HandoffOutcome)
        if outcome.aspect == "verdict"
    ]


@pytest.mark.parametrize(
    ("request_", "done", "verdict"),
    [
        ({}, {"disposition": "needed"} | LITTLE, ("needed", "record")),
        ({}, {"privileged_action": True} | LITTLE, ("needed", "heuristic")),
        ({}, {"human_actions": 1} | LITTLE, ("needed", "heuristic")),
        (BY_POLICY, LITTLE, ("needed", "heuristic")),
        ({"reason_code": "policy_required"}, LITTLE, ("needed", "heuristic")),
        (BY_CUSTOMER, LITTLE, ("requested", "heuristic")),
        ({"reason_code": "customer_requested"}, LITTLE, ("requested", "heuristic")),
        (BY_CUSTOMER, {"human_actions": 1}, ("needed", "heuristic")),
        ({}, {"disposition": "not_needed"} | MUCH, ("unnecessary", "record")),
        ({}, {"disposition": "not_needed", "human_actions": 1}, ("unnecessary", "record")),
        ({"reason_code": "tool_failure"}, {"disposition": "needed"}, ("needed", "record")),
        (BY_CUSTOMER, {"disposition": "not_needed"}, ("requested", "heuristic")),
        (BY_POLICY, {"disposition": "not_needed"}, ("needed", "heuristic")),
        ({}, LITTLE, ("unnecessary", "heuristic")),
        ({}, MUCH, ("undetermined", "heuristic")),
        ({}, LITTLE | {"handle_seconds": 120}, ("undetermined", "heuristic")),
        ({}, {"human_public_messages": 1}, ("undetermined", "heuristic")),
    ],
)
def test_what_the_human_did_shows_whether_it_was_needed(
    request_: dict[str, Any], done: dict[str, Any], verdict: tuple[str, str]
) -> None:
    assert judged(handoff("completed", "ann", "10:00", **done), **request_) == [verdict]


@pytest.mark.parametrize(
    ("request_", "verdict"),
    [({}, "undetermined"), (BY_CUSTOMER, "requested"), (BY_POLICY, "needed")],
)
def test_when_nobody_says_what_was_done_only_the_request_can_tell(
    request_: dict[str, Any], verdict: str
) -> None:
    assert judged(**request_) == [(verdict, "heuristic")]


def test_what_was_seen_to_be_done_tells_as_well() -> None:
    assert judged(acted("ann", "10:00")) == [("needed", "heuristic")]
    assert judged(acted("ann", "10:00", by="ai")) == [("undetermined", "heuristic")]
    assert judged(acted("ann", "08:00")) == [("undetermined", "heuristic")]


@pytest.mark.parametrize(
    ("request_", "verdict"),
    [({}, "unnecessary"), (BY_CUSTOMER, "requested"), (BY_POLICY, "needed")],
)
def test_returned_because_the_ai_can_handle_it_was_unnecessary_unless_asked_for(
    request_: dict[str, Any], verdict: str
) -> None:
    back = handoff("returned", "ann", "09:10", reason="ai_can_handle")

    assert judged(back, **request_) == [(verdict, "heuristic")]


def test_returned_after_hardly_a_word_it_was_unnecessary() -> None:
    taken, back = handoff("accepted", "ann", "09:10"), handoff("returned", "ann", "09:20")
    word, another = human_says("ann", "09:12"), human_says("ann", "09:13")

    assert judged(taken, word, back) == [("unnecessary", "heuristic")]
    assert judged(taken, word, back, **BY_CUSTOMER) == [("requested", "heuristic")]
    assert judged(taken, word, another, back) == [("undetermined", "heuristic")]
    assert judged(back) == [("undetermined", "heuristic")]


def test_what_the_human_says_of_it_outranks_the_return() -> None:
    back = handoff("returned", "ann", "09:20")
    done = handoff("completed", "ann", "09:20", human_actions=1)

    assert judged(handoff("accepted", "ann", "09:10"), back, done) == [("needed", "heuristic")]


def test_a_customer_who_asked_in_words_has_requested_it() -> None:
    wish = says("ann", "08:59", requests_human=True)
    late_wish = says("ann", "09:01", requests_human=True)
    done = handoff("completed", "ann", "10:00", **LITTLE)

    assert judged(wish, done) == [("requested", "heuristic")]
    assert judged(late_wish, done) == [("unnecessary", "heuristic")]


def test_one_that_was_inferred_gives_way_to_no_other() -> None:
    done = handoff("completed", "ann", "10:00", human_actions=1)
    again = handoff("completed", "ann", "11:00", **LITTLE)

    assert judged(done, again) == [("needed", "heuristic")]


def test_verdicts_are_counted_by_reason() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "08:00", ai_version="v2"),
            handoff_requested("ann", "09:00", reason_code="tool_failure"),
            handoff("completed", "ann", "10:00", human_actions=1),
        )
        .until("11:00")
    )

    assert driver.counts(
        "cx_handoff_verdict_total", "kind", "verdict", "reason_code", "ai_version"
    ) == {"ai_human/needed/tool_failure/v2": 1}


def test_a_handoff_is_forgotten_when_its_verdict_is_out() -> None:
    driver = Driver().tell(handoff_requested("ann", "09:00"))

    assert driver.until("7d 08:59").tracker.customers["ann"].handoffs.keys() == {"h1"}
    assert not driver.until("7d 09:00").tracker.customers["ann"].handoffs
    assert driver.until("20d 00:00").tracker.customers == {}
