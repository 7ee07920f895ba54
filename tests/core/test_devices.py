"""References that share a device: perhaps the same person, and counted so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.core.policy import Policy
from tests.build import claimed, linked, says, started
from tests.driver import Driver

if TYPE_CHECKING:
    from schemas.envelope import Envelope

FAILURES = "cx_resolution_failures_total"
LINKS = "cx_identity_links_total"
LATE = "cx_identity_late_links_total"
SAME = {"intent": "where", "intent_group": "other"}


def resolved(customer: str, at: str, end: str) -> list[Envelope]:
    return [started(customer, at, **SAME), claimed(customer, end, **SAME)]


@pytest.mark.parametrize(("claims", "returns"), [("ann", "ben"), ("ben", "ann")])
def test_a_shared_device_counts_for_the_loosest_reading_only(claims: str, returns: str) -> None:
    driver = Driver().tell(*resolved(claims, "09:00", "09:30"))
    driver.tell(linked("ann", "ben", "10:00", "device"), started(returns, "11:00", **SAME))
    driver.until("12:00")

    assert driver.counts(FAILURES, "bound") == {"any_issue": 1}
    assert driver.counts("cx_resolution_failure_causes_total", "cause") == {
        "repeat_same_channel": 1
    }
    assert driver.count("cx_journeys_total") == 2
    assert (driver.count(LINKS), driver.count(LATE)) == (0, 0)


def test_another_channel_of_a_shared_device_is_told_as_such() -> None:
    driver = Driver().tell(*resolved("ann", "09:00", "09:30"))
    driver.tell(linked("ann", "ben", "10:00", "device"))
    driver.tell(started("ben", "11:00", **SAME, channel="email")).until("12:00")

    assert driver.counts("cx_resolution_failure_causes_total", "cause") == {
        "repeat_other_channel": 1
    }


@pytest.mark.parametrize(
    "told",
    [
        started("ben", "09:59", **SAME),
        started("ben", "11:00", **SAME, origin="proactive"),
        started("ben", "12d 11:00", **SAME),
    ],
)
def test_what_is_no_contact_after_the_link_and_within_the_gap_counts_nothing(
    told: Envelope,
) -> None:
    driver = Driver().tell(*resolved("ann", "09:00", "09:30"))
    driver.tell(linked("ann", "ben", "10:00", "device"), told).until("20d 00:00")

    assert driver.counts(FAILURES, "bound") == {}


def test_a_device_link_can_be_revoked() -> None:
    driver = Driver().tell(*resolved("ann", "09:00", "09:30"))
    driver.tell(linked("ann", "ben", "10:00", "device"), linked("ben", "ann", "10:30", "none"))
    driver.tell(started("ben", "11:00", **SAME)).until("12:00")

    assert driver.counts(FAILURES, "bound") == {}
    assert driver.counts("cx_resolution_censored_total", "reason") == {}
    assert [row.devices for row in driver.tracker.customers.values()] == [{}, {}]


def test_a_device_link_is_remembered_while_both_are_silent() -> None:
    driver = Driver().tell(linked("ann", "ben", "00:00", "device")).until("30d 00:00").restart()
    driver.tell(*resolved("ann", "31d 09:00", "31d 09:30"), started("ben", "31d 11:00", **SAME))
    driver.until("32d 00:00")
    assert driver.counts(FAILURES, "bound") == {"any_issue": 1}

    driver.until("200d 00:00")
    assert driver.tracker.customers == {}


def test_a_device_of_one_name_is_a_device_of_the_customer() -> None:
    driver = Driver().tell(*resolved("ann", "09:00", "09:30"))
    driver.tell(linked("ben", "cid", "10:00", "device"), linked("ann", "ben", "10:10"))
    driver.tell(started("cid", "11:00", **SAME)).until("12:00")

    assert driver.counts(FAILURES, "bound") == {"any_issue": 1}


def test_who_is_one_customer_shares_a_device_with_nobody_else() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "08:00", **SAME, identity_assurance="device"),
            started("ann", "09:00", **SAME, conversation_id="ann-2"),
            claimed("ann", "09:30", conversation_id="ann-2"),
            linked("ann", "ben", "10:00", "device"),
            linked("ann", "ben", "10:10"),
            started("ben", "11:00", **SAME),
        )
        .until("12:00")
    )

    assert driver.counts(FAILURES, "bound") == {
        "any_issue": 1,
        "same_issue": 1,
    }


def test_nobody_meets_himself_by_a_device_that_turned_out_to_be_his() -> None:
    driver = Driver().tell(linked("ann", "ben", "08:00", "device"), linked("ann", "ben", "08:10"))
    driver.tell(claimed("ann", "09:00"), says("ann", "09:30", "thanks")).until("12:00")

    assert driver.counts(FAILURES, "bound") == {}
    assert driver.count("cx_conversations_total") == 1


def test_no_more_devices_are_remembered_than_policy_allows() -> None:
    driver = Driver(replace(Policy(), open_max=2))
    for number in range(4):
        driver.tell(linked("ann", f"dev-{number}", f"09:0{number}", "device"))
    driver.tell(linked("ann", "dev-3", "09:05", "device")).until("10:00")

    assert list(driver.tracker.customers["ann"].devices) == ["dev-2", "dev-3"]
    assert driver.counts("cx_state_bounds_total", "bound") == {"open_max": 2}
