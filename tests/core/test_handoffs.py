"""From the request to how it ended: one terminal state for each handoff."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.core.outputs import HandoffOpened, Misrouted
from schemas.published import HandoffOutcome
from tests.build import (
    acted,
    claimed,
    handoff,
    handoff_requested,
    human_says,
    says,
    started,
)
from tests.driver import Driver

TERMINAL = "cx_handoff_terminal_total"


def asked(at: str = "09:00", **more: Any) -> Driver:
    """A contact of ann's that is to be handed over at nine."""
    return Driver().tell(started("ann", "08:00"), handoff_requested("ann", at, **more))


def ends(driver: Driver) -> list[tuple[str, float | None]]:
    return [
        (outcome.verdict, outcome.waited_seconds)
        for outcome in driver.said(HandoffOutcome)
        if outcome.aspect == "terminal"
    ]


def test_a_request_is_counted_by_who_asked_and_why() -> None:
    driver = asked(ai_version="v2").until("09:01")

    assert driver.counts(
        "cx_handoffs_total", "kind", "requested_by", "reason_code", "ai_version"
    ) == {"ai_human/ai/knowledge_gap/v2": 1}
    assert driver.said(HandoffOpened) == [HandoffOpened("ann-1", "h1")]


def test_the_same_id_again_is_the_same_handoff() -> None:
    driver = (
        asked()
        .tell(
            handoff_requested("ann", "09:10"),
            handoff("accepted", "ann", "09:20"),
            handoff("completed", "ann", "09:30"),
            handoff_requested("ann", "09:40"),
        )
        .until("20d 00:00")
    )

    assert driver.count("cx_handoffs_total") == 1
    assert ends(driver) == [("served_in_sla", 1200)]


@pytest.mark.parametrize(
    "sign",
    [
        handoff("accepted", "ann", "09:20"),
        handoff("first_reply", "ann", "09:20"),
        human_says("ann", "09:20"),
        claimed("ann", "09:20", by="human"),
        handoff("completed", "ann", "09:20"),
    ],
)
def test_whoever_takes_it_speaks_or_decides_serves_it(sign: Any) -> None:
    driver = asked().tell(sign).until("2d 00:00")

    assert ends(driver) == [("served_in_sla", 1200)]


@pytest.mark.parametrize(
    "sign",
    [
        human_says("ann", "09:20", visibility="internal"),
        claimed("ann", "09:20", by="human", basis="bulk"),
        says("ann", "09:20"),
        handoff("announced", "ann", "09:20"),
        handoff("transferred", "ann", "09:20", queue="other"),
    ],
)
def test_nothing_else_serves_it(sign: Any) -> None:
    driver = asked().tell(sign).until("2d 00:00")

    assert ends(driver) == [("orphaned", 86_400)]


@pytest.mark.parametrize(
    ("at", "end"),
    [("09:29:59", "served_in_sla"), ("09:30", "served_late"), ("32:59:59", "served_late")],
)
def test_half_an_hour_in_a_chat_is_the_agreed_time(at: str, end: str) -> None:
    driver = asked().tell(handoff("accepted", "ann", at)).until("2d 00:00")

    assert [verdict for verdict, _ in ends(driver)] == [end]


@pytest.mark.parametrize("channel", ["email", "web_form"])
def test_a_day_is_the_agreed_time_where_nobody_waits_at_the_screen(channel: str) -> None:
    driver = asked(channel=channel).tell(handoff("accepted", "ann", "32:59")).until("2d 00:00")

    assert [verdict for verdict, _ in ends(driver)] == ["served_in_sla"]


def test_between_desks_a_day_is_the_agreed_time() -> None:
    driver = asked(kind="human_human").tell(handoff("accepted", "ann", "32:59"))

    assert [verdict for verdict, _ in ends(driver.until("2d 00:00"))] == ["served_in_sla"]


def test_nobody_takes_it_in_a_day_and_it_is_orphaned_for_good() -> None:
    driver = asked().tell(handoff("accepted", "ann", "33:00")).until("3d 00:00")

    assert ends(driver) == [("orphaned", 86_400)]


@pytest.mark.parametrize(
    ("step", "end"),
    [
        ("abandoned", "abandoned"),
        ("expired", "orphaned"),
        ("failed", "failed"),
        ("returned", "returned"),
    ],
)
def test_a_handoff_ends_once(step: str, end: str) -> None:
    driver = (
        asked()
        .tell(
            handoff(step, "ann", "09:10"),
            handoff("accepted", "ann", "09:20"),
            handoff("abandoned", "ann", "09:30"),
            handoff("expired", "ann", "09:40"),
        )
        .until("2d 00:00")
    )

    assert ends(driver) == [(end, 600)]
    assert driver.counts(TERMINAL, "outcome") == {end: 1}


def test_a_new_request_takes_the_place_of_the_one_that_waits() -> None:
    driver = (
        asked()
        .tell(handoff_requested("ann", "09:10", "h2"), human_says("ann", "09:20"))
        .until("2d 00:00")
    )

    assert ends(driver) == [("superseded", 600), ("served_in_sla", 600)]


def test_a_hop_to_another_ai_takes_nobody_s_place() -> None:
    driver = asked().tell(handoff_requested("ann", "09:10", "h2", kind="ai_ai"))

    assert ends(driver.until("2d 00:00")) == [("orphaned", 86_400)]


@pytest.mark.parametrize("kind", ["ai_ai", "human_ai"])
def test_a_hop_to_an_ai_is_counted_and_waits_for_nobody(kind: str) -> None:
    driver = asked(kind=kind).until("20d 00:00")

    assert driver.counts("cx_handoffs_total", "kind") == {kind: 1}
    assert driver.said(HandoffOutcome) == []


def test_duty_hours_are_told_apart() -> None:
    driver = (
        Driver()
        .tell(
            handoff_requested("ann", "09:00", "a", within_hours=True),
            handoff_requested("ben", "09:00", "b", within_hours=False),
            handoff_requested("cid", "09:00", "c", within_hours=None),
        )
        .until("2d 00:00")
    )

    assert driver.counts(TERMINAL, "within_hours") == {"true": 1, "false": 1, "unknown": 1}


def test_a_step_of_a_handoff_that_nobody_requested_changes_nothing() -> None:
    driver = Driver().tell(started("ann", "08:00"))
    for step in ("accepted", "first_reply", "transferred", "returned", "abandoned"):
        driver.tell(handoff(step, "ann", "09:00"))
    for step in ("expired", "failed", "completed"):
        driver.tell(handoff(step, "ann", "09:00"))

    assert driver.until("20d 00:00").said(HandoffOutcome) == []


def test_a_step_may_come_by_the_human_s_own_conversation() -> None:
    driver = (
        asked()
        .tell(
            handoff("accepted", "ann", "09:10", conversation_id="desk-1"),
            handoff("transferred", "ann", "09:12", conversation_id="desk-1", queue="other"),
            handoff("completed", "ann", "09:20", conversation_id="desk-1", human_actions=1),
        )
        .until("2d 00:00")
    )

    assert {outcome.conversation_id for outcome in driver.said(HandoffOutcome)} == {"ann-1"}
    assert driver.said(Misrouted) == [Misrouted("ann-1", "h1")]


def test_a_human_who_spoke_before_the_request_serves_nobody() -> None:
    driver = asked().until("10:00").tell(human_says("ann", "08:30")).until("2d 00:00")

    assert ends(driver) == [("orphaned", 86_400)]


def test_who_took_it_by_a_slow_clock_took_it_at_once() -> None:
    driver = asked().until("10:00").tell(handoff("accepted", "ann", "08:59"))

    assert ends(driver) == [("served_in_sla", 0)]


def test_a_contact_that_we_began_hands_nothing_off() -> None:
    driver = (
        Driver()
        .tell(started("ann", "08:00", origin="proactive"), handoff_requested("ann", "09:00"))
        .until("20d 00:00")
    )

    assert driver.count("cx_handoffs_total") == 0
    assert driver.said(HandoffOutcome) == []


def test_what_is_used_up_is_no_participation_of_the_ai() -> None:
    assert asked(reason_code="usage_limit").until("10:00").count("cx_ai_involved_total") == 0
    assert asked(kind="human_human").until("10:00").count("cx_ai_involved_total") == 0
    assert asked(kind="ai_ai").until("10:00").count("cx_ai_involved_total") == 1
    assert asked().until("10:00").count("cx_ai_involved_total") == 1


def passed_on(at: str, **taken: Any) -> Driver:
    """Taken by the first queue at 9:10, passed on to the second."""
    return asked().tell(
        handoff("accepted", "ann", "09:10", queue="first", **taken),
        handoff("transferred", "ann", at, queue="second"),
    )


def test_passed_on_soon_after_it_was_taken_it_had_come_wrongly() -> None:
    driver = passed_on("09:24:59").tell(handoff("transferred", "ann", "09:26", queue="third"))

    assert driver.until("10:00").said(Misrouted) == [Misrouted("ann-1", "h1")]
    assert driver.counts("cx_misroutes_total", "kind") == {"ai_human": 1}


def test_passed_on_later_it_had_come_rightly() -> None:
    assert passed_on("09:25").until("10:00").count("cx_misroutes_total") == 0


def test_a_triage_queue_is_there_to_pass_things_on() -> None:
    assert passed_on("09:12", queue_role="triage").until("10:00").count("cx_misroutes_total") == 0


def test_a_request_to_triage_makes_it_the_triage_s() -> None:
    driver = (
        asked(to_queue="first", queue_role="triage")
        .tell(
            handoff("accepted", "ann", "09:10", queue="first"),
            handoff("transferred", "ann", "09:12", queue="second"),
            handoff("transferred", "ann", "09:14", queue="third"),
        )
        .until("10:00")
    )

    assert driver.count("cx_misroutes_total") == 1


def test_passed_on_after_something_was_done_it_was_helped() -> None:
    driver = (
        asked()
        .tell(
            handoff("accepted", "ann", "09:10", queue="first"),
            acted("ann", "09:11"),
            handoff("transferred", "ann", "09:12", queue="second"),
        )
        .until("10:00")
    )

    assert driver.count("cx_misroutes_total") == 0


@pytest.mark.parametrize(
    "steps",
    [
        [handoff("transferred", "ann", "09:12", queue="second")],
        [
            handoff("accepted", "ann", "09:10", queue="first"),
            handoff("transferred", "ann", "09:12", queue="first"),
        ],
        [
            handoff("accepted", "ann", "09:10", queue="first"),
            handoff("transferred", "ann", "09:12"),
        ],
    ],
)
def test_what_nobody_took_or_no_other_queue_got_is_no_misroute(steps: list[Any]) -> None:
    driver = asked().tell(*steps).until("10:00")

    assert driver.count("cx_misroutes_total") == 0
