"""Each issue of a conversation is claimed, held and failed for itself."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import EpisodeOutcome
from tests.build import (
    ai_says,
    claimed,
    closed,
    human_says,
    issue_opened,
    issue_resolved,
    reopened,
    says,
    started,
)
from tests.driver import Driver

CLAIMS = "cx_resolutions_claimed_total"


def two_issues(*events: Any, **who: str) -> Driver:
    """A refund (i1) and a parcel (i2), and claims of ten o'clock: of each and of the whole."""
    return Driver().tell(
        started("ann", "09:00", **who),
        issue_opened("ann", "09:01", "i1", intent="refund", **who),
        issue_opened("ann", "09:02", "i2", intent="parcel", **who),
        claimed("ann", "10:00", issue_id="i1", **who),
        claimed("ann", "10:00:01", issue_id="i2", **who),
        claimed("ann", "10:00:02", **who),
        *events,
    )


def failed(driver: Driver) -> list[str | None]:
    """The issues whose claims failed by midday."""
    return [
        outcome.issue_id
        for outcome in driver.until("12:00").said(EpisodeOutcome)
        if outcome.verdict == "failed"
    ]


def test_each_issue_has_a_claim_of_its_own_and_so_has_the_whole() -> None:
    driver = two_issues(claimed("ann", "10:30", issue_id="i1")).until("11:00")

    assert driver.count(CLAIMS) == 3
    assert driver.count("cx_resolutions_at_risk", bound="explicit") == 3


def test_a_return_for_one_issue_fails_it_and_the_whole() -> None:
    assert failed(two_issues(says("ann", "11:00", intent="parcel"))) == ["i2", None]


def test_a_resolved_issue_can_be_returned_for_as_well() -> None:
    resolved = issue_resolved("ann", "09:30", "i2")

    assert failed(two_issues(resolved, says("ann", "11:00", intent="parcel"))) == ["i2", None]


@pytest.mark.parametrize(
    "back",
    [
        says("ann", "11:00"),
        says("ann", "11:00", intent="login"),
        says("ann", "11:00", intent="unknown"),
        reopened("ann", "11:00", "customer", intent="parcel"),
    ],
)
def test_a_return_for_nothing_in_particular_fails_every_issue(back: Any) -> None:
    assert failed(two_issues(back)) == ["i1", "i2", None]


def test_issues_with_the_same_intent_are_returned_for_together() -> None:
    third = issue_opened("ann", "10:01", "i3", intent="parcel")
    driver = two_issues(third, claimed("ann", "10:02", issue_id="i3"))

    assert failed(driver.tell(says("ann", "11:00", intent="parcel"))) == ["i2", None, "i3"]


def test_an_issue_of_another_conversation_is_not_meant() -> None:
    elsewhere = {"conversation_id": "ann-2", "case_id": "7"}
    driver = two_issues(
        issue_opened("ann", "10:10", "i9", intent="login", **elsewhere),
        says("ann", "11:00", intent="login"),
    )

    assert failed(driver) == ["i1", "i2", None]


def test_the_kind_that_becomes_known_may_bring_the_issue_with_it() -> None:
    held = says("ann", "11:00", "unknown", message_id="m")
    known = says("ann", "11:01", "question", message_id="m", intent="refund")

    assert failed(two_issues(held, known)) == ["i1", None]


def test_a_repeat_contact_fails_every_issue() -> None:
    again = started("ann", "11:00", conversation_id="ann-2", case_id="7")
    driver = two_issues(case_id="7").tell(again)

    assert failed(driver) == ["i1", "i2", None]


def test_staff_s_reopening_is_one_mistake_for_all_issues() -> None:
    driver = two_issues(reopened("ann", "11:00"), closed("ann", "11:01"))

    assert failed(driver) == []
    assert driver.count("cx_mistaken_reopens_total") == 1


def test_who_speaks_of_one_issue_shows_that_no_issue_was_reopened_by_mistake() -> None:
    back = says("ann", "11:00:30", intent="refund")
    driver = two_issues(reopened("ann", "11:00"), back, closed("ann", "11:01"))

    assert failed(driver) == ["i1", "i2", None]
    assert driver.count("cx_mistaken_reopens_total") == 0


def test_a_trial_that_ends_without_a_verdict_ends_for_every_issue() -> None:
    driver = two_issues(claimed("ann", "11:00", by="system", basis="bulk")).until("12:00")

    assert driver.counts("cx_resolution_censored_total", "reason") == {"bulk": 3}


def test_who_is_not_followed_claims_each_issue_once_as_well() -> None:
    unknown = {"identity_assurance": "none"}
    again = [claimed("ann", f"11:3{n}", issue_id=f"i{n}", **unknown) for n in (1, 2)]
    driver = two_issues(says("ann", "11:00", intent="parcel", **unknown), *again, **unknown)

    assert driver.until("12:00").count(CLAIMS) == 4


def test_an_outcome_says_which_version_came_first_and_whether_a_human_had_helped() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00", ai_version="v1"),
            ai_says("ann", "09:01", ai_version="v2"),
            claimed("ann", "10:00", issue_id="i1"),
            human_says("ann", "10:30"),
            claimed("ann", "10:31"),
            says("ann", "11:00"),
        )
        .until("12:00")
    )
    alone, helped = driver.said(EpisodeOutcome)

    assert (alone.ai_version, alone.entry_ai_version, alone.assisted) == ("v2", "v1", False)
    assert (helped.issue_id, helped.assisted) == (None, True)


def test_a_conversation_without_an_ai_has_no_version_of_entry() -> None:
    driver = Driver().tell(started("ann", "09:00"), claimed("ann", "10:00"), says("ann", "11:00"))
    (outcome,) = driver.until("12:00").said(EpisodeOutcome)

    assert outcome.entry_ai_version == "none"
