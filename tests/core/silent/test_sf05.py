"""SF-05: a handoff was requested, and nobody took it or spoke to the customer."""

from __future__ import annotations

from typing import Any

from schemas.published import Finding
from tests.build import OFFICE_HOURS, handoff, handoff_requested, human_says, started
from tests.driver import Driver


def found(*events: Any, **request: Any) -> list[tuple[str, str, bool]]:
    """When it was found, how surely, and whether it was taken back; requested at nine."""
    driver = Driver().tell(
        started("ann", "08:00"), handoff_requested("ann", "09:00", **request), *events
    )
    return [
        (f"{finding.decided_at:%d %H:%M}", finding.confidence, finding.retracted)
        for finding in driver.until("20d 00:00").said(Finding)
        if finding.sf == "SF-05"
    ]


def test_on_duty_it_is_found_at_the_agreed_time() -> None:
    assert found() == [("02 09:30", "confirmed", False)]
    assert found(within_hours=None) == [("02 09:30", "confirmed", False)]


def test_off_duty_it_is_found_after_a_day() -> None:
    assert found(within_hours=False) == [("03 09:00", "confirmed", False)]


def test_where_a_calendar_applies_it_is_found_in_its_hours() -> None:
    assert found_at_the_office("09:00") == ["02 09:30"]
    assert found_at_the_office("16:50") == ["03 09:20"]
    assert found_at_the_office("16:50", within_hours=False) == ["03 09:20"]
    # Over the weekend the wall clock comes first.
    assert found_at_the_office("4d 16:50") == ["07 16:50"]


def found_at_the_office(at: str, **request: Any) -> list[str]:
    """When it was found where people work from nine to five, on weekdays."""
    driver = Driver(OFFICE_HOURS).tell(
        started("ann", "08:00"), handoff_requested("ann", at, **({"within_hours": None} | request))
    )
    return [
        f"{finding.decided_at:%d %H:%M}"
        for finding in driver.until("20d 00:00").said(Finding)
        if finding.sf == "SF-05"
    ]


def test_by_mail_it_is_found_after_a_day() -> None:
    assert found(channel="email") == [("03 09:00", "confirmed", False)]


def test_between_desks_it_is_only_suspected_after_a_day() -> None:
    assert found(kind="human_human") == [("03 09:00", "suspected", False)]


def test_taken_in_time_there_is_nothing_to_find() -> None:
    assert found(handoff("accepted", "ann", "09:29")) == []
    assert found(human_says("ann", "09:29")) == []
    assert found(handoff("abandoned", "ann", "09:29")) == []
    assert found(handoff("failed", "ann", "09:29")) == []


def test_taken_late_the_finding_is_taken_back() -> None:
    assert found(human_says("ann", "10:00")) == [
        ("02 09:30", "confirmed", False),
        ("02 10:00", "confirmed", True),
    ]


def test_taken_after_a_day_it_was_given_up_all_the_same() -> None:
    assert found(handoff("accepted", "ann", "34:00")) == [("02 09:30", "confirmed", False)]


def test_a_queue_that_gives_up_says_it_itself() -> None:
    assert found(handoff("expired", "ann", "09:10")) == [("02 09:10", "confirmed", False)]
    assert found(handoff("expired", "ann", "09:40")) == [("02 09:30", "confirmed", False)]


def test_a_customer_who_left_after_the_agreed_time_was_orphaned_until_then() -> None:
    assert found(handoff("abandoned", "ann", "09:40")) == [("02 09:30", "confirmed", False)]


def test_one_customer_is_not_orphaned_twice_at_once() -> None:
    again = handoff_requested("ann", "09:10", "h2")

    assert found(again) == [("02 09:40", "confirmed", False)]
