"""Handoffs by business hours: who is on duty, when it is due, and how long it waited."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.calendars import Calendar, Week
from monitor.core.moments import DAY, HOUR
from monitor.core.policy import Policy
from schemas.published import HandoffOutcome
from schemas.vocabulary import Channel
from tests.build import (
    OFFICE_HOURS,
    claimed,
    handoff,
    handoff_requested,
    human_says,
    says,
    started,
)
from tests.driver import Driver

TERMINAL = "cx_handoff_terminal_total"
WAITS = "cx_handoff_wait_seconds_count"
WAITED = "cx_handoff_wait_seconds_sum"


def asked(at: str, policy: Policy = OFFICE_HOURS, **more: Any) -> Driver:
    """Somebody is asked to take over; nobody says whether anybody is on duty."""
    return Driver(policy).tell(
        started("ann", "08:00"),
        handoff_requested("ann", at, **({"within_hours": None} | more)),
    )


def ended(driver: Driver, until: str = "20d 00:00") -> dict[str, float]:
    return driver.until(until).counts(TERMINAL, "outcome", "within_hours")


@pytest.mark.parametrize(
    ("at", "within_hours"),
    [("08:59", "false"), ("09:00", "true"), ("16:59", "true"), ("17:00", "false")],
)
def test_the_calendar_says_whether_people_were_on_duty(at: str, within_hours: str) -> None:
    assert ended(asked(at)) == {f"orphaned/{within_hours}": 1}


@pytest.mark.parametrize(("told", "said"), [(True, "true"), (False, "false")])
def test_the_record_knows_better(*, told: bool, said: str) -> None:
    assert ended(asked("12:00", within_hours=told)) == {f"orphaned/{said}": 1}
    assert ended(asked("20:00", within_hours=told)) == {f"orphaned/{said}": 1}


def test_without_a_calendar_nobody_knows() -> None:
    assert ended(asked("12:00", Policy())) == {"orphaned/unknown": 1}
    of_mail = replace(OFFICE_HOURS, calendar="", calendar_by_channel={Channel.EMAIL: "office"})
    assert ended(asked("12:00", of_mail)) == {"orphaned/unknown": 1}
    assert ended(asked("12:00", of_mail, channel="email")) == {"orphaned/true": 1}


def test_the_calendar_is_that_of_the_queue_asked_for() -> None:
    night = Calendar("UTC", Week(monday=((18 * HOUR, DAY),)))
    policy = replace(
        OFFICE_HOURS,
        calendars=OFFICE_HOURS.calendars | {"night": night},
        calendar_by_queue={"late": "night"},
    )

    assert ended(asked("20:00", policy, to_queue="late")) == {"orphaned/true": 1}
    assert ended(asked("20:00", policy, to_queue="early")) == {"orphaned/false": 1}


@pytest.mark.parametrize(
    ("at", "taken", "end"),
    [
        ("12:00", "12:29:59", "served_in_sla/true"),
        ("12:00", "12:30", "served_late/true"),
        ("16:50", "1d 09:19:59", "served_in_sla/true"),
        ("16:50", "1d 09:20", "served_late/true"),
        ("20:00", "22:00", "served_in_sla/false"),
        ("20:00", "1d 09:30", "served_late/false"),
        ("4d 16:50", "5d 16:49", "served_in_sla/true"),  # on Saturday nobody was expected
    ],
)
def test_the_agreed_time_runs_while_people_are_on_duty(at: str, taken: str, end: str) -> None:
    assert ended(asked(at).tell(handoff("accepted", "ann", taken))) == {end: 1}


def test_after_a_day_on_the_wall_it_is_orphaned_whoever_was_on_duty() -> None:
    taken = handoff("accepted", "ann", "7d 09:01")

    assert ended(asked("4d 16:50").tell(taken)) == {"orphaned/true": 1}


def test_by_mail_a_working_day_may_be_agreed() -> None:
    policy = replace(
        OFFICE_HOURS,
        handoff_sla_by_channel={Channel.EMAIL: 8 * HOUR},
        handoff_wall_max=4 * DAY,
    )
    friday = asked("4d 12:00", policy, channel="email")

    assert ended(friday.tell(human_says("ann", "7d 11:59"))) == {"served_in_sla/true": 1}


def test_the_agreed_time_is_that_of_the_channel_known_at_the_request() -> None:
    driver = asked("12:00", Policy()).tell(
        says("ann", "12:10", channel="email"), handoff("accepted", "ann", "12:40")
    )

    assert ended(driver) == {"served_late/unknown": 1}


def test_the_wait_is_measured_on_the_wall_and_in_business_hours() -> None:
    driver = asked("16:50").tell(handoff("accepted", "ann", "1d 09:30")).until("2d 00:00")

    assert driver.counts(WAITS, "within_hours", "clock") == {"true/business": 1, "true/wall": 1}
    assert driver.counts(WAITED, "clock") == {"business": 40 * 60, "wall": (16 * 60 + 40) * 60}


def test_without_a_calendar_only_the_wall_knows_how_long_it_was() -> None:
    driver = asked("12:00", Policy()).tell(handoff("accepted", "ann", "12:10")).until("1d 00:00")

    assert driver.counts(WAITED, "within_hours", "clock") == {"unknown/wall": 600}


@pytest.mark.parametrize(
    "sign",
    [
        handoff("accepted", "ann", "12:20"),
        handoff("first_reply", "ann", "12:20"),
        human_says("ann", "12:20"),
        claimed("ann", "12:20", by="human"),
        handoff("completed", "ann", "12:20"),
    ],
)
def test_whatever_serves_it_ends_the_wait_once(sign: Any) -> None:
    driver = asked("12:00").tell(sign, human_says("ann", "12:30")).until("1d 00:00")

    assert driver.counts(WAITED, "clock") == {"business": 1200, "wall": 1200}
    assert driver.counts(WAITS, "clock") == {"business": 1, "wall": 1}


@pytest.mark.parametrize("end", ["abandoned", "failed", "returned", "expired"])
def test_who_was_not_served_is_in_no_wait(end: str) -> None:
    driver = asked("12:00").tell(handoff(end, "ann", "12:10"), human_says("ann", "12:20"))

    assert driver.until("1d 00:00").count(WAITS) == 0


def test_of_two_requests_for_one_customer_the_last_waits() -> None:
    driver = asked("12:00").tell(
        handoff_requested("ann", "12:10", "h2"), human_says("ann", "12:20")
    )

    assert driver.until("1d 00:00").counts(WAITED, "clock") == {"business": 600, "wall": 600}


def test_a_slow_clock_makes_no_negative_wait() -> None:
    driver = asked("12:00").until("12:10").tell(handoff("accepted", "ann", "11:59"))

    assert driver.until("13:00").counts(WAITS, "clock") == {"business": 1, "wall": 1}
    assert driver.counts(WAITED, "clock") == {}


def test_a_handoff_keeps_the_clock_it_was_given() -> None:
    driver = asked("16:50").until("17:00")
    driver.policy = Policy()
    driver.restart().tell(handoff("accepted", "ann", "1d 09:10")).until("2d 00:00")

    (end,) = driver.said(HandoffOutcome)[:1]
    assert end.verdict == "served_in_sla"
    assert driver.counts(WAITED, "clock") == {"wall": (16 * 60 + 20) * 60}


def test_each_time_that_a_customer_is_passed_on_is_a_transfer() -> None:
    driver = Driver().tell(
        started("ann", "08:00"),
        handoff_requested("ann", "09:00"),
        handoff("accepted", "ann", "09:05", queue="first"),
        handoff("transferred", "ann", "11:00", queue="second"),
        handoff("transferred", "ann", "12:00", queue="second"),
        handoff("transferred", "ann", "12:30", "unheard-of", queue="second"),
        handoff_requested("ann", "13:00", "h2", kind="human_human"),
        handoff("transferred", "ann", "13:30", "h2", queue="third"),
        handoff_requested("ann", "14:00", "h3", kind="ai_ai"),
        handoff_requested("ann", "14:01", "h3", kind="ai_ai"),
        handoff("transferred", "ann", "14:30", "h3", queue="fourth"),
        handoff_requested("ann", "15:00", "h4", kind="human_ai"),
    )

    assert driver.until("1d 00:00").counts("cx_transfers_total", "kind") == {
        "ai_ai": 1,
        "ai_human": 2,
        "human_human": 2,
    }
