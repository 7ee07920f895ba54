"""Spam and tickets opened twice: what they had caused is taken back."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import EpisodeOutcome, Finding
from tests.build import (
    ai_says,
    claimed,
    handoff_requested,
    merged,
    moment,
    says,
    spam_marked,
    started,
)
from tests.driver import Driver

FAILURES = "cx_resolution_failures_total"
RETRACTED = "cx_resolution_failures_retractions_total"
CAUSES = "cx_resolution_failure_causes_retractions_total"
REFUND = {"intent": "refund/where", "intent_group": "refund"}
SECOND = {"conversation_id": "ann-2"}


def twice(**second: str) -> Driver:
    """A claim of midnight, and a second contact of two o'clock about the same."""
    again = {"channel": "email"} | REFUND | SECOND | second
    return Driver().tell(
        started("ann", "00:00", **REFUND),
        claimed("ann", "00:00", **REFUND),
        started("ann", "02:00", **again),
    )


def at_risk(driver: Driver) -> dict[str, float]:
    return driver.counts("cx_resolutions_at_risk", "bound")


def verdicts(driver: Driver) -> list[tuple[str, str, str | None]]:
    return [
        (outcome.verdict, outcome.bound, outcome.reason) for outcome in driver.said(EpisodeOutcome)
    ]


def findings(driver: Driver, sf: str) -> list[bool]:
    """For each finding of a kind, whether it is one that is taken back."""
    return [finding.retracted for finding in driver.said(Finding) if finding.sf == sf]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (merged("ann", "03:00", "ann-1", **SECOND), "merged_duplicate"),
        (spam_marked("ann", "03:00", **SECOND), "spam"),
    ],
)
def test_a_contact_that_was_none_takes_its_failures_back(end: Any, reason: str) -> None:
    driver = twice().tell(end).until("04:00")

    assert verdicts(driver) == [
        ("failed", "same_issue", None),
        ("retracted", "same_issue", reason),
    ]
    assert driver.counts(RETRACTED, "bound", "age") == {
        "any_issue/6h": 1,
        "same_issue/6h": 1,
    }
    assert driver.counts(CAUSES, "cause", "match", "age") == {
        "repeat_other_channel/same_intent/6h": 1
    }
    assert at_risk(driver) == {"any_issue": 1, "explicit": 1, "same_issue": 1}
    assert findings(driver, "SF-02") == [False, True]


def test_another_contact_s_failures_stay() -> None:
    driver = twice().tell(
        started("ann", "02:30", conversation_id="ann-3"),
        spam_marked("ann", "03:00", conversation_id="ann-3"),
    )

    assert verdicts(driver.until("04:00")) == [("failed", "same_issue", None)]
    assert findings(driver, "SF-02") == [False]


def test_a_hop_that_another_contact_made_certain_stays() -> None:
    order = {"entity_ref": "order-1", "channel": "email"} | REFUND
    driver = Driver().tell(
        started("ann", "00:00", entity_ref="order-1", **REFUND),
        claimed("ann", "00:00", **REFUND),
        started("ann", "02:00", channel="email", **REFUND, **SECOND),
        started("ann", "02:30", conversation_id="ann-3", **order),
        spam_marked("ann", "03:00", **SECOND),
    )

    assert findings(driver.until("04:00"), "SF-02") == [False, False]


def test_a_bound_that_a_stricter_failure_covers_goes_over_to_it() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "00:00", **REFUND),
            claimed("ann", "00:00", **REFUND),
            started("ann", "00:30", intent="login", **SECOND),
            started("ann", "02:00", conversation_id="ann-3", **REFUND),
            spam_marked("ann", "03:00", **SECOND),
        )
        .until("04:00")
    )

    assert driver.counts(FAILURES, "bound", "age") == {
        "any_issue/1h": 1,
        "any_issue/6h": 1,
        "same_issue/6h": 1,
    }
    assert driver.counts(RETRACTED, "bound", "age") == {"any_issue/1h": 1}
    assert at_risk(driver) == {"explicit": 1}


def test_of_several_that_cover_it_the_first_takes_it_over() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "00:00", **REFUND),
            claimed("ann", "00:00", **REFUND),
            started("ann", "00:30", intent="login", **SECOND),
            started("ann", "02:00", conversation_id="ann-3", **REFUND),
            says("ann", "08:00", **REFUND),
            spam_marked("ann", "09:00", **SECOND),
        )
        .until("10:00")
    )

    assert driver.counts(FAILURES, "bound", "age") == {
        "any_issue/1h": 1,
        "any_issue/6h": 1,
        "explicit/24h": 1,
        "same_issue/6h": 1,
    }


def test_what_was_censored_meanwhile_does_not_stand_again() -> None:
    driver = (
        twice()
        .tell(
            claimed("ann", "02:30", by="system", basis="bulk"),
            merged("ann", "03:00", "ann-1", **SECOND),
        )
        .until("04:00")
    )
    (customer,) = driver.tracker.customers.values()

    assert at_risk(driver) == {}
    assert driver.count(RETRACTED) == 2
    assert customer.episodes == {}


def test_two_journeys_become_the_one_that_began_first() -> None:
    driver = Driver().tell(
        started("ann", "09:00"),
        started("ann", "3d 09:00", intent="login", **SECOND),
        merged("ann", "3d 10:00", "ann-2"),
    )
    (customer,) = driver.until("3d 11:00").tracker.customers.values()
    (journey,) = customer.journeys.values()

    assert journey.id == 1
    assert journey.started_at == moment("09:00")
    assert journey.last_at == moment("3d 10:00")
    assert sorted(journey.conversations) == ["ann-1", "ann-2"]
    assert {one.journey for one in customer.conversations.values()} == {1}


def test_a_united_journey_is_remembered_as_long_as_its_longer_half() -> None:
    driver = Driver().tell(
        started("ann", "09:00", intent="login"),
        started("ann", "1d 09:00", intent_group="billing", **SECOND),
        merged("ann", "1d 10:00", "ann-2"),
    )
    (customer,) = driver.until("36d 08:59").tracker.customers.values()
    assert list(customer.journeys) == [1]

    driver.restart().until("44d 09:00")
    assert [one.journeys for one in driver.tracker.customers.values()] == []


@pytest.mark.parametrize("into", ["ann-1", "elsewhere"])
def test_a_merge_into_itself_or_into_what_is_not_known_only_ends_the_trial(into: str) -> None:
    driver = Driver().tell(started("ann", "09:00"), claimed("ann", "10:00"))
    driver.tell(merged("ann", "11:00", into)).until("12:00")

    assert driver.counts("cx_resolution_censored_total", "reason") == {"merge": 1}


def test_a_merge_into_itself_takes_nothing_back() -> None:
    driver = twice().tell(merged("ann", "03:00", "ann-2", **SECOND)).until("04:00")

    assert driver.count(RETRACTED) == 0


def test_spam_is_no_demand_and_nothing_the_ai_took_part_in() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"),
            ai_says("ann", "09:01", intent_group="refund"),
            spam_marked("ann", "10:00", intent_group="billing", channel="email"),
            spam_marked("ann", "10:01"),
        )
        .until("11:00")
    )

    for name in ("conversations", "ai_involved"):
        labels = ("channel", "intent_group", "origin", "ai_version")
        assert driver.counts(f"cx_{name}_total", *labels) == (
            driver.counts(f"cx_{name}_retractions_total", *labels)
        )
    assert driver.counts("cx_identified_conversations_retractions_total", "channel") == {"chat": 1}


def test_what_is_known_to_be_spam_is_counted_as_nothing_more() -> None:
    driver = (
        Driver()
        .tell(
            spam_marked("ann", "09:00"),
            started("ann", "09:01"),
            ai_says("ann", "09:02"),
            handoff_requested("ann", "09:03"),
            claimed("ann", "10:00"),
            says("ann", "11:00"),
        )
        .until("12:00")
    )

    for name in ("conversations", "ai_involved", "resolutions_claimed"):
        assert driver.count(f"cx_{name}_total") == 0


def test_who_became_known_only_later_was_not_counted_and_is_not_taken_back() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00", identity_assurance="none"),
            says("ann", "09:01"),
            spam_marked("ann", "10:00"),
        )
        .until("11:00")
    )

    assert driver.count("cx_identified_conversations_retractions_total") == 0
