"""SF-06: handed over when nobody is on duty, and not told when somebody comes."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import Finding
from tests.build import (
    ai_says,
    claimed,
    handoff,
    handoff_requested,
    human_says,
    message,
    promised,
    started,
)
from tests.driver import Driver

OFF_DUTY = handoff_requested("ann", "09:00", within_hours=False)


def found(driver: Driver) -> list[tuple[str, str, bool]]:
    """When it was found or taken back."""
    return [
        (f"{finding.decided_at:%H:%M:%S}", finding.confidence, finding.retracted)
        for finding in driver.until("20d 00:00").said(Finding)
        if finding.sf == "SF-06"
    ]


def handed(*events: Any) -> Driver:
    return Driver().tell(started("ann", "08:00"), *events)


DEAD_END = ("09:02:00", "confirmed", False)


def test_nobody_is_on_duty_and_nobody_says_when_somebody_comes() -> None:
    assert found(handed(OFF_DUTY)) == [DEAD_END]
    assert found(handed(OFF_DUTY, ai_says("ann", "09:01"))) == [DEAD_END]


def test_it_names_the_request() -> None:
    driver = handed(OFF_DUTY).until("09:02")
    (finding,) = driver.said(Finding)

    assert finding.subject == "h1"
    assert [proof.event_id for proof in finding.evidence] == [OFF_DUTY.id]


@pytest.mark.parametrize(
    ("at", "is_told"),
    [("08:58", False), ("08:58:01", True), ("09:00", True), ("09:01:59", True), ("09:02", False)],
)
@pytest.mark.parametrize("by", ["ai", "system", "promise"])
def test_word_of_when_somebody_comes_must_be_near_the_request(
    at: str, by: str, *, is_told: bool
) -> None:
    word = (
        promised("ann", at, "3d 09:00")
        if by == "promise"
        else message("ann", at, by, "commitment", {})
    )

    assert found(handed(OFF_DUTY, word)) == ([] if is_told else [DEAD_END])


def test_a_human_may_have_said_it_before() -> None:
    assert found(handed(OFF_DUTY, human_says("ann", "08:59", "commitment"))) == []
    assert found(handed(OFF_DUTY, human_says("ann", "08:59", "answer"))) == [DEAD_END]


@pytest.mark.parametrize(
    "word",
    [
        message("ann", "09:01", "customer", "commitment", {}),
        ai_says("ann", "09:01", "commitment", visibility="internal"),
        promised("ann", "09:01", "10:00", conversation_id="ann-2"),
        promised("ann", "09:01", "10:00", conversation_id=None),
        handoff("announced", "ann", "09:01"),
    ],
)
def test_what_the_customer_does_not_hear_from_us_there_tells_nothing(word: Any) -> None:
    assert found(handed(OFF_DUTY, word)) == [DEAD_END]


@pytest.mark.parametrize(
    "end",
    [
        human_says("ann", "09:01"),
        claimed("ann", "09:01", by="human"),
        handoff("accepted", "ann", "09:01"),
        handoff("abandoned", "ann", "09:01"),
        handoff("failed", "ann", "09:01"),
        handoff("returned", "ann", "09:01"),
        handoff("expired", "ann", "09:01"),
    ],
)
def test_somebody_who_comes_says_more_and_who_waits_no_longer_needs_no_word(end: Any) -> None:
    assert found(handed(OFF_DUTY, end)) == []


@pytest.mark.parametrize(
    "other",
    [
        {"within_hours": True},
        {"within_hours": None},
        {"within_hours": False, "kind": "human_human"},
        {"within_hours": False, "kind": "ai_ai"},
    ],
)
def test_on_duty_between_desks_and_to_an_ai_nothing_is_owed(other: dict[str, Any]) -> None:
    assert found(handed(handoff_requested("ann", "09:00", **other))) == []


def test_a_contact_that_we_began_is_owed_nothing() -> None:
    begun = started("ann", "08:00", origin="proactive")

    assert found(Driver().tell(begun, OFF_DUTY)) == []


def test_one_customer_is_not_left_twice_at_once() -> None:
    again = handoff_requested("ann", "09:01", "h2", within_hours=False)

    assert found(handed(OFF_DUTY, again)) == [("09:03:00", "confirmed", False)]


@pytest.mark.parametrize(
    "word",
    [
        promised("ann", "09:01", "3d 09:00"),
        ai_says("ann", "08:58:01", "commitment"),
        human_says("ann", "09:01"),
        handoff("accepted", "ann", "09:01:59"),
    ],
)
def test_word_that_was_in_time_and_comes_late_takes_it_back(word: Any) -> None:
    driver = handed(OFF_DUTY).until("09:30").restart().tell(word)

    when = f"{word.time:%H:%M:%S}"
    assert found(driver) == [DEAD_END, (when, "confirmed", True)]


@pytest.mark.parametrize(
    "word",
    [
        promised("ann", "09:02", "3d 09:00"),
        ai_says("ann", "08:58", "commitment"),
        human_says("ann", "09:02"),
    ],
)
def test_word_that_was_not_in_time_does_not(word: Any) -> None:
    assert found(handed(OFF_DUTY).until("09:30").tell(word)) == [DEAD_END]


def test_an_old_word_that_comes_late_does_not_end_the_wait() -> None:
    driver = handed(OFF_DUTY).until("09:01").tell(ai_says("ann", "08:30", "commitment"))

    assert found(driver) == [DEAD_END]


def test_a_service_that_comes_late_after_another_takes_it_back() -> None:
    driver = handed(OFF_DUTY, human_says("ann", "09:20")).until("09:30")

    assert found(driver.tell(human_says("ann", "09:01"))) == [
        DEAD_END,
        ("09:01:00", "confirmed", True),
    ]


def test_a_restart_in_between_changes_nothing() -> None:
    assert found(handed(OFF_DUTY).until("09:01").restart()) == [DEAD_END]
    assert found(handed(ai_says("ann", "08:59", "commitment")).restart().tell(OFF_DUTY)) == []
