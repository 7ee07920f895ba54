"""What is remembered of one customer has bounds, and reaching one is counted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from monitor.core import fold
from monitor.core.memory import OF_CONVERSATION, OF_GROUP
from monitor.core.policy import Policy
from schemas.published import EpisodeOutcome
from tests.build import (
    acted,
    claimed,
    handoff_requested,
    heartbeat,
    issue_opened,
    moment,
    promised,
    said,
    says,
    shown,
    started,
)
from tests.driver import Driver

if TYPE_CHECKING:
    from monitor.core.state import Customer
    from schemas.envelope import Envelope

BOUNDS = "cx_state_bounds_total"


def bound(driver: Driver) -> dict[str, float]:
    return driver.counts(BOUNDS, "bound")


def ann(driver: Driver) -> Customer:
    return driver.tracker.customers["ann"]


def contact(number: int, **more: Any) -> Envelope:
    """One of many conversations, an hour after the one before, about something else."""
    about = {"conversation_id": f"c{number}", "intent": f"matter-{number}"}
    return started("ann", f"{number:02}:00", **about | more)


def test_the_journey_longest_silent_is_evicted() -> None:
    driver = Driver(replace(Policy(), conversations_max=2)).tell(
        contact(1), contact(2), says("ann", "02:30", conversation_id="c1"), contact(3)
    )

    assert list(ann(driver.until("04:00")).conversations) == ["c1", "c3"]
    assert bound(driver) == {"conversations_max": 1}


def test_what_is_evicted_leaves_the_trial_as_censored() -> None:
    driver = Driver(replace(Policy(), conversations_max=2)).tell(
        contact(1),
        claimed("ann", "01:30", conversation_id="c1"),
        handoff_requested("ann", "01:40", conversation_id="c1"),
        says("ann", "01:55", "unknown", conversation_id="c1"),
        contact(2),
        started("ann", "02:03", conversation_id="c3"),
    )
    driver.until("04:00").restart().until("90d 00:00")

    assert driver.counts("cx_resolution_censored_total", "reason") == {"eviction": 1}
    assert driver.count("cx_resolutions_at_risk") == 0
    assert driver.tracker.customers == {}


def test_a_journey_goes_with_all_its_conversations() -> None:
    driver = Driver(replace(Policy(), conversations_max=3)).tell(
        contact(1, case_id="7"), contact(2, case_id="7"), contact(3), contact(4)
    )

    assert list(ann(driver.until("05:00")).conversations) == ["c3", "c4"]
    assert bound(driver) == {"conversations_max": 1}


def test_a_step_of_what_was_evicted_finds_nothing_and_breaks_nothing() -> None:
    driver = Driver(replace(Policy(), conversations_max=2)).tell(
        contact(1),
        handoff_requested("ann", "01:40", conversation_id="c1"),
        contact(2),
        contact(3),
        said("handoff.accepted", "03:10", {"conversation_id": "c3", "handoff_id": "h1"}),
    )

    assert ann(driver.until("04:00")).handoffs == {}


@pytest.mark.parametrize(
    ("group", "one"),
    [
        ("actions", lambda at, n: acted("ann", at, "ai", action_id=n)),
        ("commitments", lambda at, n: promised("ann", at, "9d 00:00", n)),
        ("handoffs", lambda at, n: handoff_requested("ann", at, n, conversation_id=n)),
        ("issues", lambda at, n: issue_opened("ann", at, n)),
        ("suggestions", lambda at, n: shown("ann", at, n)),
        ("words", lambda at, n: says("ann", at, "thanks", message_id=n)),
    ],
)
def test_no_more_of_a_group_are_open_than_policy_allows(group: str, one: Any) -> None:
    driver = Driver(replace(Policy(), open_max=2)).tell(
        started("ann", "00:00"), claimed("ann", "00:30")
    )
    for minute in (1, 2, 3):
        driver.tell(one(f"01:0{minute}", f"n{minute}"))
    driver.until("01:10")

    kept = getattr(ann(driver), group)
    assert [name.rpartition("\x1f")[2] for name in kept] == ["n2", "n3"]
    assert bound(driver) == {"open_max": 1}
    driver.restart().until("90d 00:00")
    assert driver.tracker.customers == {}


def test_of_too_many_claims_on_trial_the_oldest_is_evicted() -> None:
    driver = Driver(replace(Policy(), open_max=2)).tell(started("ann", "00:00"))
    for hour in (1, 2, 3):
        driver.tell(claimed("ann", f"0{hour}:00", issue_id=f"i{hour}"))
    driver.until("04:00")
    (censored,) = driver.said(EpisodeOutcome)

    assert (censored.issue_id, censored.reason) == ("i1", "eviction")
    assert driver.count("cx_resolutions_at_risk", bound="explicit") == 2
    assert bound(driver) == {"open_max": 1}


def test_too_many_findings_are_let_stand() -> None:
    driver = Driver(replace(Policy(), open_max=2)).tell(started("ann", "00:00"))
    for hour in (1, 3, 5):
        driver.tell(claimed("ann", f"0{hour}:00"), says("ann", f"0{hour + 1}:00"))
    driver.until("07:00")

    assert driver.count("cx_silent_failures_total", sf="SF-01") == 3
    assert driver.count("cx_silent_failures_open", sf="SF-01") == 2
    assert driver.count("cx_silent_failures_retractions_total", sf="SF-01") == 0


def test_ids_that_had_to_be_forgotten_are_counted() -> None:
    driver = Driver(replace(Policy(), seen_max=100))
    driver.tell(*(says("ann", "09:00", id=f"{number:03}") for number in range(256)))

    assert bound(driver) == {"seen_max": 1}


def test_of_those_that_wait_no_more_are_kept_than_policy_allows() -> None:
    driver = Driver(replace(Policy(), waiting_max=2)).tell(
        started("ann", "09:00"), claimed("ann", "10:00"), says("ann", "11:00", message_id="m")
    )
    assert len(driver.tracker.waiting["ann"]) == 2
    assert bound(driver) == {"waiting_max": 1}

    driver.restart().until("12:00")
    assert driver.count("cx_events_total", result="applied", type="cx.message.created.v1") == 1
    assert driver.said(EpisodeOutcome) == []


def test_what_could_not_wait_is_exposed_only_from_where_the_fold_has_come() -> None:
    driver = Driver(replace(Policy(), waiting_max=2)).until("08:00")
    driver.tell(started("ann", "09:00"), says("ann", "09:30"), claimed("ann", "10:00"))

    assert driver.hours_exposed() == {"1h": 0.0}
    assert driver.until("10:30").hours_exposed() == {"1h": 2.5}


def test_other_customers_wait_as_before() -> None:
    driver = Driver(replace(Policy(), waiting_max=2)).tell(
        started("ann", "09:00"), started("ben", "09:00"), says("ben", "09:01"), says("ann", "09:02")
    )

    assert bound(driver) == {}


def test_every_kind_of_deadline_goes_with_what_it_belongs_to() -> None:
    listed = {kind for kinds in OF_GROUP.values() for kind in kinds} | set(OF_CONVERSATION)
    of_journeys = {"effort", "journey"}
    of_customers = {"alias", "arrival", "look"}

    assert listed <= set(fold.ON_DEADLINE)
    assert set(fold.ON_DEADLINE) - listed - of_journeys <= of_customers


def test_a_bound_is_policy_and_not_reached_by_ordinary_customers() -> None:
    driver = Driver().tell(started("ann", "09:00"), heartbeat("10:00"))

    assert bound(driver.until("11:00")) == {}
    assert moment("09:00") > 0
