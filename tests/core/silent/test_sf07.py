"""SF-07: taken, nothing done, and soon passed on to another queue."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.core.outputs import Misrouted
from schemas.published import Finding
from tests.build import acted, handoff, handoff_requested, human_says, started
from tests.driver import Driver

MISROUTED = "cx_misroutes_total"
TAKEN_BACK = "cx_misroutes_retractions_total"
ROLES = ("kind", "from_role", "to_role")


def passed_on(*events: Any, at: str = "09:15", **request: Any) -> Driver:
    """Requested at nine, taken at ten past, and passed on from the first queue to the second."""
    return Driver().tell(
        started("ann", "08:00"),
        handoff_requested("ann", "09:00", **request),
        handoff("accepted", "ann", "09:10", queue="first", queue_role="desk"),
        *events,
        handoff("transferred", "ann", at, queue="second", queue_role="billing"),
    )


def found(driver: Driver) -> list[tuple[str, bool]]:
    return [
        (finding.confidence, finding.retracted)
        for finding in driver.until("20d 00:00").said(Finding)
        if finding.sf == "SF-07"
    ]


def test_it_is_confirmed_and_counted_by_the_roles_it_went_between() -> None:
    driver = passed_on()

    assert found(driver) == [("confirmed", False)]
    assert driver.counts(MISROUTED, *ROLES) == {"ai_human/desk/billing": 1}
    (finding,) = (one for one in driver.said(Finding) if one.sf == "SF-07")
    assert finding.subject == "h1"
    assert [proof.type for proof in finding.evidence] == [
        "cx.handoff.requested.v1",
        "cx.handoff.transferred.v1",
    ]


def test_roles_that_nobody_named_are_unknown() -> None:
    driver = Driver().tell(
        handoff_requested("ann", "09:00", to_queue="first"),
        handoff("accepted", "ann", "09:10"),
        handoff("transferred", "ann", "09:15", queue="second"),
    )

    assert driver.until("10:00").counts(MISROUTED, *ROLES) == {"ai_human/unknown/unknown": 1}


@pytest.mark.parametrize(("at", "times"), [("09:10", 1), ("09:24:59", 1), ("09:25", 0)])
def test_soon_is_a_quarter_of_an_hour_and_no_moment_more(at: str, times: int) -> None:
    driver = passed_on(at=at)

    assert len(found(driver)) == driver.count(MISROUTED) == times


def test_a_word_is_no_help_but_an_act_is() -> None:
    assert len(found(passed_on(human_says("ann", "09:12")))) == 1
    assert found(passed_on(acted("ann", "09:12"))) == []
    assert found(passed_on(acted("ann", "09:05"))) == []
    assert len(found(passed_on(acted("ann", "08:50")))) == 1
    assert len(found(passed_on(acted("ann", "09:12", by="ai")))) == 1


def test_a_triage_queue_is_there_to_pass_things_on() -> None:
    triage = handoff("first_reply", "ann", "09:11", queue="first", queue_role="triage")

    assert found(passed_on(triage)) == []


def test_an_act_before_that_comes_late_takes_it_back() -> None:
    driver = passed_on().until("09:30").restart().tell(acted("ann", "09:12"))

    assert found(driver) == [("confirmed", False), ("confirmed", True)]
    assert driver.counts(TAKEN_BACK, *ROLES) == {"ai_human/desk/billing": 1}
    assert driver.said(Misrouted) == [
        Misrouted("ann-1", "h1"),
        Misrouted("ann-1", "h1", retracted=True),
    ]


@pytest.mark.parametrize("at", ["08:59", "09:15", "09:20"])
def test_an_act_at_another_time_does_not(at: str) -> None:
    driver = passed_on().until("09:30").tell(acted("ann", at))

    assert found(driver) == [("confirmed", False)]
    assert driver.count(TAKEN_BACK) == 0


def test_a_handoff_bounces_once() -> None:
    driver = passed_on().tell(handoff("transferred", "ann", "09:16", queue="third"))

    assert found(driver) == [("confirmed", False)]
    assert driver.count(MISROUTED) == 1


def test_what_was_taken_back_does_not_bounce_again() -> None:
    driver = passed_on().until("09:20").tell(acted("ann", "09:12"))
    driver.tell(handoff("transferred", "ann", "09:21", queue="third"))

    assert found(driver) == [("confirmed", False), ("confirmed", True)]
    assert driver.count(MISROUTED) == 1
