"""SF-04: the customer was told of a handoff that nobody requested."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.moments import HOUR
from monitor.core.policy import Policy
from schemas.published import Finding
from tests.build import ai_says, handoff, handoff_requested, human_says, started
from tests.driver import Driver

NOTICE = ai_says("ann", "09:00", "handoff_notice")


def found(*events: Any) -> list[tuple[str, bool]]:
    driver = Driver().tell(started("ann", "08:00"), *events).until("40d 00:00")
    return [
        (finding.confidence, finding.retracted)
        for finding in driver.said(Finding)
        if finding.sf == "SF-04"
    ]


@pytest.mark.parametrize("notice", [NOTICE, handoff("announced", "ann", "09:00")])
def test_a_notice_without_a_request_is_a_phantom(notice: Any) -> None:
    assert found(notice) == [("confirmed", False)]


@pytest.mark.parametrize("at", ["08:30", "09:00", "09:00:59"])
@pytest.mark.parametrize("kind", ["ai_human", "ai_ai"])
def test_a_request_before_or_within_a_minute_is_what_was_announced(at: str, kind: str) -> None:
    assert found(NOTICE, handoff_requested("ann", at, kind=kind)) == []


def test_a_request_that_comes_late_takes_the_finding_back() -> None:
    assert found(NOTICE, handoff_requested("ann", "10:00")) == [
        ("confirmed", False),
        ("confirmed", True),
    ]


def test_a_customer_is_told_often_and_failed_once() -> None:
    again = [ai_says("ann", f"09:0{minute}", "handoff_notice") for minute in range(1, 5)]

    assert found(NOTICE, *again) == [("confirmed", False)]


def test_after_it_was_requested_late_another_notice_is_no_phantom() -> None:
    again = ai_says("ann", "11:00", "handoff_notice")

    assert len(found(NOTICE, handoff_requested("ann", "10:00"), again)) == 2


def test_a_human_s_word_is_no_notice() -> None:
    assert found(human_says("ann", "09:00", "handoff_notice")) == []
    assert found(ai_says("ann", "09:00", "handoff_notice", visibility="internal")) == []


def test_a_notice_is_waited_for_though_its_journey_is_over_before() -> None:
    driver = Driver(replace(Policy(), gap=HOUR, notice_window=2 * HOUR))
    driver.tell(started("ann", "08:00"), NOTICE).until("2d 00:00")

    assert len(driver.said(Finding)) == 1


def test_the_finding_comes_a_minute_after_the_notice_and_names_it() -> None:
    again = ai_says("ann", "09:00:30", "handoff_notice")
    driver = Driver().tell(started("ann", "08:00"), NOTICE, again)
    assert driver.until("09:00:59").said(Finding) == []

    (finding,) = driver.until("09:01").said(Finding)
    assert finding.decided_at == ai_says("ann", "09:01").time
    assert [proof.event_id for proof in finding.evidence] == [NOTICE.id]
    assert finding.subject == "ann-1"


def test_a_request_in_a_contact_that_we_began_is_a_request() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "08:00", origin="proactive"), NOTICE, handoff_requested("ann", "09:00")
        )
        .until("20d 00:00")
    )

    assert driver.said(Finding) == []
