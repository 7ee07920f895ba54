"""SF-13: the conversation was given back or lost, and the customer waits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.moments import HOUR
from monitor.core.policy import Policy
from schemas.published import Finding
from tests.build import ai_says, closed, handoff, handoff_requested, human_says, says, started
from tests.driver import Driver

ASKED = (started("ann", "08:00"), ai_says("ann", "08:05"), handoff_requested("ann", "08:10"))
GIVEN_BACK = (*ASKED, handoff("accepted", "ann", "08:20"), handoff("returned", "ann", "09:00"))
LOST = (*ASKED, handoff("failed", "ann", "09:00"))
WRITES = says("ann", "09:10")
LIMBO = ("confirmed", False)


def findings(driver: Driver, sf: str = "SF-13") -> list[tuple[str, bool]]:
    return [
        (finding.confidence, finding.retracted)
        for finding in driver.said(Finding)
        if finding.sf == sf
    ]


def found(*events: Any) -> list[tuple[str, bool]]:
    return findings(Driver().tell(*events).until("12:00"))


@pytest.mark.parametrize("before", [GIVEN_BACK, LOST])
def test_who_writes_into_the_gap_and_gets_no_answer_is_failed(before: tuple[Any, ...]) -> None:
    driver = Driver().tell(*before, WRITES)
    assert findings(driver.until("09:19:59").restart()) == []

    assert findings(driver.until("09:20")) == [LIMBO]
    assert findings(driver.until("12:00"), "SF-12") == []


def test_the_finding_names_the_message() -> None:
    driver = Driver().tell(*GIVEN_BACK, WRITES).until("12:00")

    (finding,) = (one for one in driver.said(Finding) if one.sf == "SF-13")
    assert [proof.event_id for proof in finding.evidence] == [WRITES.id]
    assert finding.subject == "ann-1"


@pytest.mark.parametrize("before", [GIVEN_BACK, LOST])
@pytest.mark.parametrize(
    "end",
    [
        ai_says("ann", "09:19:59"),
        human_says("ann", "09:19:59"),
        handoff_requested("ann", "09:19:59", "h2"),
        closed("ann", "09:19:59"),
    ],
)
def test_an_answer_or_the_end_of_the_matter_ends_the_wait(before: Any, end: Any) -> None:
    assert found(*before, WRITES, end) == []


def test_who_wants_no_answer_does_not_wait() -> None:
    assert found(*GIVEN_BACK) == []
    assert found(*GIVEN_BACK, says("ann", "09:10", "thanks")) == []


def test_once_the_ai_has_answered_the_conversation_is_its_own_again() -> None:
    driver = Driver().tell(*GIVEN_BACK, ai_says("ann", "09:05"), WRITES).until("12:00")

    assert findings(driver) == []
    assert findings(driver, "SF-12") == [LIMBO]


def test_a_human_who_passes_it_to_a_colleague_in_vain_still_has_it() -> None:
    between_desks = handoff_requested("ann", "08:10", kind="human_human")
    story = (started("ann", "08:00"), human_says("ann", "08:05"), between_desks)

    assert found(*story, handoff("returned", "ann", "09:00"), WRITES) == []


def test_what_was_said_before_it_was_given_back_and_comes_late_does_not_wait() -> None:
    driver = Driver().tell(*GIVEN_BACK).until("10:00")

    assert findings(driver.tell(says("ann", "08:30")).until("12:00")) == []


def test_it_is_found_once() -> None:
    again = (ai_says("ann", "10:00"), handoff("returned", "ann", "10:10"), says("ann", "10:20"))

    assert found(*GIVEN_BACK, WRITES, *again) == [LIMBO]


def test_an_answer_that_comes_late_takes_it_back() -> None:
    driver = Driver().tell(*GIVEN_BACK, WRITES).until("10:00").restart()
    driver.tell(ai_says("ann", "09:19:59.999999")).until("12:00")

    assert findings(driver) == [LIMBO, ("confirmed", True)]


def test_a_word_from_before_does_not_end_the_wait() -> None:
    driver = Driver().tell(*GIVEN_BACK, WRITES).until("09:15")

    assert findings(driver.tell(ai_says("ann", "09:05")).until("12:00")) == [LIMBO]


def test_the_wait_outlives_a_short_journey() -> None:
    driver = Driver(replace(Policy(), gap=HOUR, limbo_window=3 * HOUR))
    # Of a handoff to another AI nothing else is waited for.
    to_ai = handoff_requested("ann", "08:10", kind="ai_ai")
    driver.tell(started("ann", "08:00"), to_ai, handoff("returned", "ann", "09:00"), WRITES)

    assert findings(driver.until("2d 00:00")) == [LIMBO]


def test_a_message_that_turns_out_to_be_thanks_waits_no_longer() -> None:
    unknown = says("ann", "09:10", "unknown", message_id="m1")
    thanks = says("ann", "09:12", "thanks", message_id="m1")
    later = says("ann", "09:40", "thanks", message_id="m1")

    assert found(*LOST, unknown, thanks) == []
    assert found(*LOST, unknown, later) == [LIMBO, ("confirmed", True)]
