"""Promises are judged when their time and their grace have passed."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import CommitmentOutcome
from tests.build import fulfilled, promised, started, withdrawn
from tests.driver import Driver


def judged(*events: Any, until: str = "2d 00:00") -> list[str]:
    """What became of a promise made at nine for ten; its grace ends at a quarter past."""
    driver = Driver().tell(promised("ann", "09:00", due="10:00"), *events)
    return [outcome.verdict for outcome in driver.until(until).said(CommitmentOutcome)]


def test_nothing_is_said_before_the_grace_has_passed() -> None:
    assert judged(fulfilled("ann", "09:30"), until="10:14:59") == []
    assert judged(fulfilled("ann", "09:30"), until="10:15") == ["kept"]


@pytest.mark.parametrize(
    ("at", "verdict"),
    [
        ("09:00", "kept"),
        ("10:00", "kept"),
        ("10:00:01", "late"),
        ("10:14:59", "late"),
        ("10:15", "broken"),
        ("12:00", "broken"),
    ],
)
def test_when_it_was_done_decides(at: str, verdict: str) -> None:
    assert judged(fulfilled("ann", at)) == [verdict]


def test_nobody_did_it() -> None:
    assert judged() == ["broken"]


def test_taken_back_it_is_not_broken() -> None:
    assert judged(withdrawn("ann", "09:30")) == ["withdrawn"]
    assert judged(withdrawn("ann", "10:15")) == ["broken"]


def test_done_is_done_though_it_was_taken_back() -> None:
    assert judged(withdrawn("ann", "09:20"), fulfilled("ann", "09:30")) == ["kept"]


def test_the_first_word_counts() -> None:
    assert judged(fulfilled("ann", "09:30"), fulfilled("ann", "10:10")) == ["kept"]


def test_a_long_promise_has_a_tenth_of_its_time_as_grace() -> None:
    driver = Driver().tell(promised("ann", "09:00", due="10d 09:00"))

    assert driver.until("11d 08:59").said(CommitmentOutcome) == []
    assert len(driver.until("11d 09:00").said(CommitmentOutcome)) == 1


def test_a_promise_for_a_time_that_has_passed_is_due_at_once() -> None:
    driver = Driver().tell(promised("ann", "09:00", due="08:00"))

    assert driver.until("09:14").said(CommitmentOutcome) == []
    assert [o.verdict for o in driver.until("09:15").said(CommitmentOutcome)] == ["broken"]


def test_the_same_promise_again_is_the_same_promise() -> None:
    driver = (
        Driver()
        .tell(promised("ann", "09:00", due="10:00"), promised("ann", "09:30", due="20:00"))
        .until("2d 00:00")
    )

    assert driver.counts("cx_commitments_total", "kind", "made_by", "outcome") == {
        "callback/ai/broken": 1
    }


def test_an_id_that_is_used_anew_after_its_promise_was_judged_is_a_new_promise() -> None:
    driver = (
        Driver()
        .tell(promised("ann", "09:00", due="10:00"), promised("ann", "12:00", due="13:00"))
        .until("2d 00:00")
    )

    assert len({outcome.id for outcome in driver.said(CommitmentOutcome)}) == 2


def test_a_promise_without_a_conversation_is_followed_by_its_customer() -> None:
    nowhere: dict[str, Any] = {"conversation_id": None}
    driver = (
        Driver()
        .tell(
            promised("ann", "09:00", due="10:00", **nowhere), fulfilled("ann", "10:05", **nowhere)
        )
        .until("11:00")
    )
    (late,) = driver.said(CommitmentOutcome)

    assert (late.verdict, late.conversation_id, late.ai_version) == ("late", None, "unknown")
    assert driver.tracker.customers["ann"].journeys == {}


def test_keeping_what_nobody_promised_changes_nothing() -> None:
    driver = Driver().tell(fulfilled("ann", "09:00"), withdrawn("ann", "09:01"))

    assert driver.until("2d 00:00").said(CommitmentOutcome) == []


def test_a_journey_stays_while_a_promise_is_open() -> None:
    driver = Driver().tell(started("ann", "09:00"), promised("ann", "09:00", due="20d 09:00"))

    assert driver.until("21d 00:00").tracker.customers["ann"].journeys != {}
    (broken,) = driver.until("40d 00:00").said(CommitmentOutcome)
    assert (broken.conversation_id, broken.channel) == ("ann-1", "chat")
    assert driver.tracker.customers == {}
