"""SF-03: the AI asked or failed, the customer left, and it was booked as resolved."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import Finding
from tests.build import ai_says, claimed, closed, human_says, message, says, started
from tests.driver import Driver

BEGUN = started("ann", "08:00", ai_version="v1", intent_group="billing")
ASKED = says("ann", "09:00")
QUESTION = ai_says("ann", "09:01", "question")
TIMEOUT = claimed("ann", "12:00", "system", basis="inactivity_timeout")
COUNTED = "cx_abandoned_as_resolved_total"
RETRACTED = "cx_abandoned_as_resolved_retractions_total"


def told(*events: Any) -> Driver:
    return Driver().tell(BEGUN, ASKED, *events).until("2d 00:00")


def findings(driver: Driver) -> list[tuple[str, bool]]:
    return [
        (finding.confidence, finding.retracted)
        for finding in driver.said(Finding)
        if finding.sf == "SF-03"
    ]


def found(*events: Any) -> list[tuple[str, bool]]:
    return findings(told(*events))


@pytest.mark.parametrize("kind", ["question", "error"])
@pytest.mark.parametrize(
    "booking",
    [
        TIMEOUT,
        claimed("ann", "12:00", "ai", basis="inactivity_timeout"),
        claimed("ann", "12:00", "system", basis="workflow"),
        closed("ann", "12:00", "system"),
        closed("ann", "12:00", "unknown", reason="workflow"),
    ],
)
def test_a_question_or_an_error_is_no_resolution(kind: str, booking: Any) -> None:
    driver = told(ai_says("ann", "09:01", kind), booking)

    assert findings(driver) == [("confirmed", False)]
    assert driver.counts(COUNTED, "ai_version", "intent_group") == {"v1/billing": 1}


@pytest.mark.parametrize("kind", ["answer", "greeting", "commitment", "unknown"])
def test_another_last_word_of_the_ai_is_none(kind: str) -> None:
    assert found(ai_says("ann", "09:01", kind), TIMEOUT) == []


@pytest.mark.parametrize(
    "booking",
    [
        claimed("ann", "12:00"),
        claimed("ann", "12:00", "human"),
        claimed("ann", "12:00", "system", basis="bulk"),
        claimed("ann", "12:00", "system", basis="merge"),
        closed("ann", "12:00", "human"),
        closed("ann", "12:00", "customer", reason="done"),
    ],
)
def test_who_looked_at_it_may_close_it(booking: Any) -> None:
    assert found(QUESTION, booking) == []


@pytest.mark.parametrize("kind", ["question", "thanks", "auto_reply"])
def test_a_customer_who_replied_in_time_did_not_abandon_it(kind: str) -> None:
    assert found(QUESTION, says("ann", "11:59", kind), TIMEOUT) == []


def test_a_human_s_word_is_the_last_one() -> None:
    assert found(QUESTION, human_says("ann", "10:00", "question"), TIMEOUT) == []


def test_what_nobody_can_see_or_a_system_says_is_no_last_word() -> None:
    note = human_says("ann", "10:00", visibility="internal")
    warning = message("ann", "11:00", "system", "other", {})

    assert found(QUESTION, note, warning, TIMEOUT) == [("confirmed", False)]


def test_in_a_contact_that_we_began_nothing_is_abandoned() -> None:
    driver = Driver().tell(started("ann", "08:00", origin="proactive"), QUESTION, TIMEOUT)

    assert findings(driver.until("2d 00:00")) == []


def test_a_booking_twice_is_one_until_the_customer_speaks_again() -> None:
    again = (ai_says("ann", "14:00", "question"), closed("ann", "15:00", "system"))
    driver = told(QUESTION, TIMEOUT, closed("ann", "12:01", "system"), *again)
    assert findings(driver) == [("confirmed", False)]
    assert driver.count(COUNTED) == 1

    driver = told(QUESTION, TIMEOUT, says("ann", "13:00"), *again)
    assert findings(driver) == [("confirmed", False)] * 2
    assert driver.count(COUNTED) == 2
    assert driver.count("cx_silent_failures_open", sf="SF-03") == 1


@pytest.mark.parametrize("at", ["09:01", "11:00"])
def test_an_answer_that_comes_late_takes_it_back(at: str) -> None:
    driver = told(QUESTION, TIMEOUT).restart().tell(says("ann", at, id="late")).until("3d 00:00")

    assert findings(driver) == [("confirmed", False), ("confirmed", True)]
    assert driver.counts(RETRACTED, "ai_version", "intent_group") == {"v1/billing": 1}


@pytest.mark.parametrize("at", ["09:00:30", "12:00", "13:00"])
def test_what_was_said_before_the_question_or_after_the_booking_does_not(at: str) -> None:
    driver = told(QUESTION, TIMEOUT).tell(says("ann", at, id="late")).until("3d 00:00")

    assert findings(driver) == [("confirmed", False)]
    assert driver.count(RETRACTED) == 0


def test_what_comes_late_is_not_the_last_word() -> None:
    driver = Driver().tell(BEGUN, ASKED, QUESTION).until("10:00")
    driver.tell(ai_says("ann", "08:30"), ai_says("ann", "08:45"), TIMEOUT)

    assert findings(driver.until("2d 00:00")) == [("confirmed", False)]


def test_a_booking_from_before_the_question_does_not_answer_it() -> None:
    driver = Driver().tell(BEGUN, ASKED, QUESTION).until("10:00")
    driver.tell(closed("ann", "09:00:30", "system"))

    assert findings(driver.until("2d 00:00")) == []


def test_the_finding_names_the_question_and_the_booking() -> None:
    (finding,) = (one for one in told(QUESTION, TIMEOUT).said(Finding) if one.sf == "SF-03")

    assert [proof.event_id for proof in finding.evidence] == [QUESTION.id, TIMEOUT.id]
    assert (finding.subject, finding.decided_at) == ("ann-1", TIMEOUT.time)
