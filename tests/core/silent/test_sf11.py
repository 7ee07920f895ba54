"""SF-11: the customer asked for a human, and the AI just went on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.moments import HOUR, MINUTE
from monitor.core.policy import Policy
from schemas.published import Finding
from tests.build import (
    ai_says,
    claimed,
    closed,
    handoff,
    handoff_requested,
    human_says,
    merged,
    says,
    spam_marked,
    started,
)
from tests.driver import Driver

BEGUN = started("ann", "08:00")
ASKED = says("ann", "09:00", requests_human=True)
WENT_ON = (ai_says("ann", "09:01"), ai_says("ann", "09:02"))
MISSED = "cx_missed_escalations_total"
MADE = "cx_missed_escalations_retractions_total"


def findings(driver: Driver) -> list[tuple[str, bool]]:
    return [
        (finding.confidence, finding.retracted)
        for finding in driver.said(Finding)
        if finding.sf == "SF-11"
    ]


def told(*events: Any) -> Driver:
    return Driver().tell(BEGUN, *events).until("2d 00:00")


def found(*events: Any) -> list[tuple[str, bool]]:
    return findings(told(*events))


@pytest.mark.parametrize(
    "end", [(), (claimed("ann", "09:10"),), (claimed("ann", "09:10", "human"),)]
)
def test_silence_or_a_claim_shows_that_the_request_was_ignored(end: tuple[Any, ...]) -> None:
    driver = told(ASKED, *WENT_ON, *end)

    assert findings(driver) == [("confirmed", False)]
    assert driver.counts(MISSED, "why", "age") == {"asked_for_human/1h": 1}


def test_a_close_shows_it_at_once() -> None:
    (finding,) = told(ASKED, *WENT_ON, closed("ann", "09:10")).said(Finding)

    assert finding.decided_at == closed("ann", "09:10").time
    assert [proof.type for proof in finding.evidence] == [
        "cx.message.created.v1",
        "cx.conversation.closed.v1",
    ]
    assert finding.evidence[0].event_id == ASKED.id


def test_silence_counts_from_the_last_word_of_anybody() -> None:
    driver = Driver().tell(BEGUN, ASKED, *WENT_ON, says("ann", "09:20", "thanks"))
    assert findings(driver.until("09:49:59")) == []

    assert findings(driver.restart().until("09:50")) == [("confirmed", False)]


def test_a_word_that_comes_late_does_not_shorten_the_silence() -> None:
    driver = Driver().tell(BEGUN, ASKED, *WENT_ON, says("ann", "09:20", "thanks")).until("09:30")

    assert findings(driver.tell(ai_says("ann", "09:05")).until("09:49:59")) == []


def test_one_message_of_the_ai_may_be_a_question_back() -> None:
    assert found(ASKED, WENT_ON[0], closed("ann", "09:10")) == []
    noted = ai_says("ann", "09:02", visibility="internal")
    assert found(ASKED, WENT_ON[0], noted) == []


def test_what_the_ai_said_before_does_not_count() -> None:
    assert found(ai_says("ann", "08:50"), ASKED, WENT_ON[0]) == []


@pytest.mark.parametrize(
    "help_",
    [
        handoff_requested("ann", "09:03"),
        handoff("accepted", "ann", "09:03"),
        handoff("first_reply", "ann", "09:03"),
        human_says("ann", "09:03"),
        merged("ann", "09:03", "ann-2"),
        spam_marked("ann", "09:03"),
    ],
)
def test_a_human_or_the_end_of_the_matter_ends_the_wait(help_: Any) -> None:
    assert found(ASKED, *WENT_ON, help_, closed("ann", "09:10")) == []


def test_who_is_in_the_queue_or_with_a_human_has_been_heard() -> None:
    queued = handoff_requested("ann", "08:30")
    assert found(queued, ASKED, *WENT_ON, closed("ann", "09:10")) == []
    assert found(human_says("ann", "08:30"), ASKED, *WENT_ON) == []


def test_in_a_contact_that_we_began_an_auto_reply_asks_for_nobody() -> None:
    automatic = says("ann", "09:00", "auto_reply", requests_human=True)
    driver = Driver().tell(started("ann", "08:00", origin="proactive"), automatic, *WENT_ON)

    assert findings(driver.until("2d 00:00")) == []


def test_it_is_found_once() -> None:
    again = says("ann", "10:00", requests_human=True)
    more = (ai_says("ann", "10:01"), ai_says("ann", "10:02"))
    driver = told(ASKED, *WENT_ON, again, *more)

    assert findings(driver) == [("confirmed", False)]
    assert driver.count(MISSED) == 1


def test_a_handoff_requested_after_all_takes_it_back() -> None:
    driver = Driver().tell(BEGUN, ASKED, *WENT_ON).until("10:00").restart()
    driver.tell(handoff_requested("ann", "11:00")).until("12:00")

    assert findings(driver) == [("confirmed", False), ("confirmed", True)]
    assert driver.counts(MADE, "why", "age") == {"asked_for_human/1h": 1}


def test_after_that_it_can_be_ignored_anew() -> None:
    story = (
        handoff_requested("ann", "11:00"),
        handoff("returned", "ann", "11:30"),
        says("ann", "12:00", requests_human=True),
        ai_says("ann", "12:01"),
        ai_says("ann", "12:02"),
    )
    driver = told(ASKED, *WENT_ON, *story)

    assert findings(driver) == [("confirmed", False), ("confirmed", True), ("confirmed", False)]
    assert (driver.count(MISSED), driver.count(MADE)) == (2, 1)


def test_what_comes_late_and_was_said_before_changes_nothing() -> None:
    went_on = Driver().tell(BEGUN, ASKED, WENT_ON[0]).until("09:10")
    assert findings(went_on.tell(ai_says("ann", "08:50")).until("2d 00:00")) == []

    helped = Driver().tell(BEGUN, ASKED, *WENT_ON).until("09:10")
    assert findings(helped.tell(human_says("ann", "08:50")).until("2d 00:00")) == [
        ("confirmed", False)
    ]


def test_nothing_is_waited_for_when_a_human_came() -> None:
    driver = Driver().tell(BEGUN, ASKED, *WENT_ON, human_says("ann", "09:10")).until("09:15")

    assert "ignored:ann-1" not in driver.tracker.customers["ann"].deadlines


def test_it_is_waited_for_though_the_journey_is_silent() -> None:
    driver = Driver(replace(Policy(), gap=HOUR, ignored_window=90 * MINUTE))
    driver.tell(BEGUN, ASKED, *WENT_ON).until("2d 00:00")

    assert findings(driver) == [("confirmed", False)]


def test_a_request_may_be_seen_in_a_message_afterwards() -> None:
    said = {"message_id": "m1"}
    later = says("ann", "09:00:30", id="classified", requests_human=True, **said)

    assert found(says("ann", "09:00", **said), later, *WENT_ON) == [("confirmed", False)]
