"""SF-16: the conversation is over, and one of its issues is not."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import Finding
from tests.build import (
    claimed,
    closed,
    issue_opened,
    issue_resolved,
    reopened,
    spam_marked,
    started,
)
from tests.driver import Driver

CLOSE = closed("ann", "10:00")
OPENING = issue_opened("ann", "09:10", "i2")


def half_done(*events: Any) -> Driver:
    """Two issues of nine o'clock, of which one is settled."""
    return Driver().tell(
        started("ann", "09:00"),
        issue_opened("ann", "09:05", "i1"),
        OPENING,
        issue_resolved("ann", "09:30", "i1"),
        *events,
    )


def found(driver: Driver) -> list[tuple[str, bool]]:
    return [
        (finding.confidence, finding.retracted)
        for finding in driver.until("2d 00:00").said(Finding)
        if finding.sf == "SF-16"
    ]


ONE = [("confirmed", False)]
TAKEN_BACK = [("confirmed", False), ("confirmed", True)]


@pytest.mark.parametrize("end", [CLOSE, claimed("ann", "10:00"), closed("ann", "10:00", "system")])
def test_what_is_over_with_an_issue_open_was_solved_in_part(end: Any) -> None:
    driver = half_done(end)

    assert found(driver) == ONE
    (finding,) = [one for one in driver.said(Finding) if one.sf == "SF-16"]
    assert [proof.event_id for proof in finding.evidence] == [OPENING.id, end.id]


@pytest.mark.parametrize(
    "end",
    [
        claimed("ann", "10:00", issue_id="i1"),
        claimed("ann", "10:00", by="system", basis="bulk"),
        claimed("ann", "10:00", by="system", basis="merge"),
    ],
)
def test_a_claim_of_one_issue_or_of_none_ends_nothing(end: Any) -> None:
    assert found(half_done(end)) == []


@pytest.mark.parametrize("at", ["09:59", "10:00"])
def test_where_every_issue_is_settled_nothing_is_missing(at: str) -> None:
    assert found(half_done(issue_resolved("ann", at, "i2"), CLOSE)) == []


def test_an_issue_of_later_or_of_another_conversation_is_not_missing() -> None:
    elsewhere = issue_opened("ann", "09:40", "i9", conversation_id="ann-2")
    settled = issue_resolved("ann", "09:40", "i2")

    assert found(half_done(settled, elsewhere, CLOSE, issue_opened("ann", "10:01", "i3"))) == []


def test_an_issue_that_came_up_again_is_missing_again() -> None:
    settled = issue_resolved("ann", "09:40", "i2")

    assert found(half_done(settled, issue_opened("ann", "09:50", "i2"), CLOSE)) == ONE


def test_it_is_said_once_until_the_conversation_is_reopened() -> None:
    again = [closed("ann", "10:10"), claimed("ann", "10:20")]
    assert found(half_done(CLOSE, *again)) == ONE

    driver = half_done(CLOSE, *again, reopened("ann", "10:30"), closed("ann", "11:00"))
    assert found(driver) == [*ONE, *ONE]
    assert driver.count("cx_silent_failures_open", sf="SF-16") == 1


def test_a_resolution_that_comes_late_takes_it_back() -> None:
    driver = half_done(CLOSE).until("10:30").restart()

    assert found(driver.tell(issue_resolved("ann", "10:00", "i2"))) == TAKEN_BACK


@pytest.mark.parametrize(
    "late", [issue_resolved("ann", "10:00:01", "i2"), issue_resolved("ann", "09:50", "i1")]
)
def test_a_resolution_of_later_or_of_another_issue_takes_nothing_back(late: Any) -> None:
    assert found(half_done(CLOSE).until("10:30").tell(late)) == ONE


def test_a_close_that_comes_late_knows_only_what_was_settled_by_then() -> None:
    driver = half_done(issue_resolved("ann", "10:30", "i2")).until("11:00")

    assert found(driver.tell(CLOSE)) == ONE


def test_only_the_last_missing_issue_takes_it_back() -> None:
    driver = half_done(issue_opened("ann", "09:20", "i3"), CLOSE).until("10:30")

    assert found(driver.tell(issue_resolved("ann", "09:50", "i3"))) == ONE
    assert found(driver.tell(issue_resolved("ann", "09:50", "i2"))) == TAKEN_BACK


def test_where_nobody_tells_issues_apart_there_is_none() -> None:
    assert found(Driver().tell(started("ann", "09:00"), CLOSE)) == []


def test_spam_leaves_nothing_open() -> None:
    assert found(half_done(spam_marked("ann", "09:50"), CLOSE)) == []
