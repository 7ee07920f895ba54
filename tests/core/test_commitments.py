"""Promises are judged when their time and their grace have passed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.moments import DAY
from monitor.core.policy import Policy
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


OVERDUE = "cx_commitments_overdue"
COUNTED = "cx_commitments_total"
TAKEN_BACK = "cx_commitments_retractions_total"


def overdue(driver: Driver, *moments: str) -> list[float]:
    """How many promises are overdue at each of some moments."""
    return [driver.until(at).count(OVERDUE) for at in moments]


def test_a_promise_is_overdue_from_its_time_until_it_is_forgotten() -> None:
    driver = Driver().tell(promised("ann", "09:00", due="10:00", value_band="high"))

    assert overdue(driver, "09:59:59", "10:00") == [0, 1]
    assert driver.counts(OVERDUE, "kind", "value_band") == {"callback/high": 1}
    assert overdue(driver, "10:15", "7d 10:14:59") == [1, 1]
    assert driver.tracker.customers["ann"].commitments.keys() == {"p1"}
    assert overdue(driver, "7d 10:15") == [0]
    assert "ann" not in driver.tracker.customers


@pytest.mark.parametrize("end", [fulfilled, withdrawn])
@pytest.mark.parametrize("at", ["10:05", "12:00", "5d 12:00"])
def test_what_is_done_or_withdrawn_is_overdue_no_longer(end: Any, at: str) -> None:
    driver = Driver().tell(promised("ann", "09:00", due="10:00"), end("ann", at))

    assert overdue(driver, "10:00", at) == [1, 0]
    assert overdue(driver, "20d 00:00") == [0]


@pytest.mark.parametrize("end", [fulfilled, withdrawn])
def test_what_is_done_or_withdrawn_before_its_time_never_is(end: Any) -> None:
    driver = Driver().tell(promised("ann", "09:00", due="10:00"), end("ann", "09:59"))

    assert overdue(driver, "10:00", "10:10", "10:15", "1d 00:00") == [0, 0, 0, 0]


def test_a_promise_for_a_time_that_has_passed_is_overdue_at_once() -> None:
    driver = Driver().tell(promised("ann", "09:00", due="08:00"))

    assert overdue(driver, "08:59", "09:00") == [0, 1]


def test_a_promise_without_any_grace_is_broken_at_its_time() -> None:
    policy = replace(Policy(), grace_min=0, grace_share=0.0, promise_memory=0)
    driver = Driver(policy).tell(promised("ann", "09:00", due="10:00"))

    assert overdue(driver, "09:59", "10:00") == [0, 0]
    assert driver.counts(COUNTED, "outcome") == {"broken": 1}
    assert not driver.tracker.customers["ann"].commitments


@pytest.mark.parametrize(
    ("late", "verdict"),
    [
        (fulfilled("ann", "09:30"), "kept"),
        (fulfilled("ann", "10:00"), "kept"),
        (fulfilled("ann", "10:14:59"), "late"),
        (withdrawn("ann", "10:14:59"), "withdrawn"),
    ],
)
def test_word_that_comes_late_takes_a_broken_promise_back(late: Any, verdict: str) -> None:
    driver = Driver().tell(promised("ann", "09:00", due="10:00")).until("3d 00:00")
    driver.restart().tell(late).until("4d 00:00")
    broken, right = driver.said(CommitmentOutcome)

    assert (broken.verdict, broken.replaces) == ("broken", None)
    assert (right.verdict, right.replaces) == (verdict, broken.id)
    assert [proof.event_id for proof in right.evidence][1:] == [late.id]
    assert driver.counts(COUNTED, "outcome") == {"broken": 1, verdict: 1}
    assert driver.counts(TAKEN_BACK, "kind", "made_by", "outcome") == {"callback/ai/broken": 1}
    assert driver.count(OVERDUE) == 0
    assert not driver.tracker.customers["ann"].commitments


def test_what_is_done_after_the_grace_takes_nothing_back_but_may_be_followed_by_word() -> None:
    driver = Driver().tell(promised("ann", "09:00", due="10:00")).until("1d 00:00")
    driver.tell(fulfilled("ann", "10:15"), withdrawn("ann", "1d 00:00")).until("1d 12:00")

    assert [outcome.verdict for outcome in driver.said(CommitmentOutcome)] == ["broken"]
    assert driver.count(TAKEN_BACK) == driver.count(OVERDUE) == 0

    driver.tell(fulfilled("ann", "10:10")).until("2d 00:00")
    assert [outcome.verdict for outcome in driver.said(CommitmentOutcome)] == ["broken", "late"]


def test_a_broken_promise_is_taken_back_once() -> None:
    driver = Driver().tell(promised("ann", "09:00", due="10:00")).until("1d 00:00")
    driver.tell(fulfilled("ann", "09:30"), withdrawn("ann", "09:20")).until("2d 00:00")

    assert driver.count(TAKEN_BACK) == 1


def test_after_its_memory_has_passed_a_broken_promise_stays_broken() -> None:
    policy = replace(Policy(), promise_memory=DAY)
    driver = Driver(policy).tell(promised("ann", "09:00", due="10:00")).until("1d 10:15")
    driver.tell(fulfilled("ann", "09:30")).until("9d 00:00")

    assert driver.count(TAKEN_BACK) == 0


def test_a_promise_made_anew_after_it_was_broken_is_no_longer_overdue() -> None:
    driver = Driver().tell(
        promised("ann", "09:00", due="10:00"), promised("ann", "12:00", due="3d 13:00")
    )

    assert overdue(driver, "11:59", "12:00", "3d 13:00") == [1, 0, 1]


def test_of_very_many_promises_the_oldest_is_forgotten_and_that_is_counted() -> None:
    driver = Driver(replace(Policy(), open_max=2))
    driver.tell(
        *(promised("ann", f"09:0{n}", due="10:00", commitment=f"p{n}") for n in range(3)),
        promised("ann", "11:00", due="3d 10:00", commitment="p9"),
    )

    assert overdue(driver, "10:30", "11:00") == [2, 1]
    assert driver.counts("cx_state_bounds_total", "bound") == {"open_max": 2}
