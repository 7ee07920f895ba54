"""SF-12: the AI has the conversation, the customer waits, and nothing comes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.moments import HOUR
from monitor.core.policy import Policy
from schemas.published import Finding
from tests.build import (
    ai_says,
    claimed,
    closed,
    deleted,
    handoff,
    handoff_requested,
    human_says,
    merged,
    message,
    says,
    spam_marked,
    started,
)
from tests.driver import Driver

BEGUN = started("ann", "08:00")
HELLO = ai_says("ann", "09:00", "greeting")
WRITES = says("ann", "09:10")


def findings(driver: Driver) -> list[tuple[str, bool]]:
    return [
        (finding.confidence, finding.retracted)
        for finding in driver.said(Finding)
        if finding.sf == "SF-12"
    ]


def found(*events: Any) -> list[tuple[str, bool]]:
    return findings(Driver().tell(BEGUN, HELLO, *events).until("12:00"))


MUTE = ("confirmed", False)
BACK = ("confirmed", True)


def test_a_customer_whom_the_ai_does_not_answer_is_failed() -> None:
    assert found(WRITES) == [MUTE]


def test_the_finding_comes_after_five_minutes_and_names_the_message() -> None:
    driver = Driver().tell(BEGUN, HELLO, WRITES, says("ann", "09:12"))
    assert findings(driver.until("09:14:59").restart()) == []

    (finding,) = driver.until("09:15").said(Finding)
    assert finding.decided_at == says("ann", "09:15").time
    assert [proof.event_id for proof in finding.evidence] == [WRITES.id]
    assert finding.subject == "ann-1"


@pytest.mark.parametrize("channel", ["email", "web_form"])
def test_by_letter_the_ai_has_half_an_hour(channel: str) -> None:
    driver = Driver().tell(BEGUN, HELLO, says("ann", "09:10", channel=channel))

    assert findings(driver.until("09:39:59")) == []
    assert findings(driver.until("09:40")) == [MUTE]


@pytest.mark.parametrize(
    "end",
    [
        ai_says("ann", "09:14:59"),
        ai_says("ann", "09:14:59", "greeting"),
        human_says("ann", "09:14:59"),
        handoff_requested("ann", "09:14:59"),
        handoff("accepted", "ann", "09:14:59"),
        claimed("ann", "09:14:59"),
        claimed("ann", "09:14:59", "system", basis="bulk"),
        closed("ann", "09:14:59"),
        merged("ann", "09:14:59", "ann-2"),
        spam_marked("ann", "09:14:59"),
        deleted("ann", "09:14:59"),
    ],
)
def test_an_answer_or_the_end_of_the_matter_ends_the_wait(end: Any) -> None:
    assert found(WRITES, end) == []


@pytest.mark.parametrize(
    "word",
    [
        ai_says("ann", "09:11", visibility="internal"),
        ai_says("ann", "09:11", turn_outcome="empty"),
        ai_says("ann", "09:11", turn_outcome="failed"),
        message("ann", "09:11", "system", "other", {}),
        ai_says("ann", "09:15"),
    ],
)
def test_what_says_nothing_or_comes_too_late_is_no_answer(word: Any) -> None:
    assert found(WRITES, word) == [MUTE]


@pytest.mark.parametrize("outcome", ["empty", "failed"])
def test_a_turn_in_which_the_ai_says_nothing_waits_by_itself(outcome: str) -> None:
    (finding,) = (
        Driver()
        .tell(BEGUN, says("ann", "09:00"), ai_says("ann", "09:01", turn_outcome=outcome))
        .until("12:00")
        .said(Finding)
    )

    assert [proof.event_id for proof in finding.evidence] == ["ai answer ann 09:01"]


@pytest.mark.parametrize("kind", ["ack", "thanks", "auto_reply"])
def test_thanks_want_no_answer(kind: str) -> None:
    assert found(says("ann", "09:10", kind)) == []


def test_where_the_ai_does_not_have_it_it_is_not_mute() -> None:
    driver = Driver().tell(BEGUN, says("ann", "09:00")).until("12:00")

    assert findings(driver) == []
    assert found(human_says("ann", "09:05"), WRITES) == []


@pytest.mark.parametrize(
    ("start", "word"),
    [
        (started("ann", "09:00", ai_version="v1"), says("ann", "09:00")),
        (started("ann", "09:00"), says("ann", "09:00", ai_version="v1")),
    ],
)
def test_an_ai_that_was_named_is_mute_from_the_first_word(start: Any, word: Any) -> None:
    driver = Driver().tell(start, word)

    assert findings(driver.until("09:04:59")) == []
    assert findings(driver.until("12:00")) == [MUTE]
    (finding,) = driver.said(Finding)
    assert (finding.ai_version, len(finding.evidence)) == ("v1", 1)


@pytest.mark.parametrize("first", [ai_says, human_says])
def test_an_ai_that_was_named_and_somebody_who_speaks_first_leave_nobody_waiting(
    first: Any,
) -> None:
    named = started("ann", "09:00", ai_version="v1")
    driver = Driver().tell(named, says("ann", "09:00"), first("ann", "09:04:59")).until("12:00")

    assert findings(driver) == []


def test_in_a_contact_that_we_began_nobody_waits() -> None:
    silent = ai_says("ann", "09:00", turn_outcome="failed")
    driver = Driver().tell(started("ann", "08:00", origin="proactive"), silent)

    assert findings(driver.until("12:00")) == []


def test_who_answers_a_contact_that_we_began_waits() -> None:
    driver = Driver().tell(started("ann", "08:00", origin="proactive"), HELLO, WRITES)

    assert findings(driver.until("12:00")) == [MUTE]


def test_a_conversation_is_mute_once() -> None:
    later = (ai_says("ann", "10:00"), says("ann", "10:10"))

    assert found(WRITES, *later) == [MUTE]


@pytest.mark.parametrize("late", [ai_says("ann", "09:12"), handoff_requested("ann", "09:12")])
def test_an_answer_that_comes_late_takes_it_back(late: Any) -> None:
    driver = Driver().tell(BEGUN, HELLO, WRITES).until("10:00").restart().tell(late)

    assert findings(driver.until("12:00")) == [MUTE, BACK]


def test_a_late_answer_takes_it_back_though_the_next_came_first() -> None:
    driver = Driver().tell(BEGUN, HELLO, WRITES, ai_says("ann", "09:30")).until("10:00")

    assert findings(driver.tell(ai_says("ann", "09:12")).until("12:00")) == [MUTE, BACK]


@pytest.mark.parametrize("at", ["09:05", "09:15"])
def test_a_word_from_before_or_after_the_window_does_not(at: str) -> None:
    driver = Driver().tell(BEGUN, HELLO, WRITES).until("10:00")

    assert findings(driver.tell(ai_says("ann", at)).until("12:00")) == [MUTE]


def test_a_word_from_before_does_not_end_the_wait() -> None:
    driver = Driver().tell(BEGUN, HELLO, WRITES).until("09:12")

    assert findings(driver.tell(ai_says("ann", "09:05")).until("12:00")) == [MUTE]


def test_a_message_that_comes_late_and_was_answered_does_not_wait() -> None:
    driver = Driver().tell(BEGUN, HELLO, ai_says("ann", "09:12")).until("10:00")

    assert findings(driver.tell(WRITES).until("12:00")) == []


def test_the_wait_outlives_a_short_journey() -> None:
    driver = Driver(replace(Policy(), gap=HOUR, reply_window=2 * HOUR))

    assert findings(driver.tell(BEGUN, HELLO, WRITES).until("2d 00:00")) == [MUTE]


UNKNOWN = says("ann", "09:10", "unknown", message_id="m1")
THANKS = says("ann", "09:12", "thanks", message_id="m1")


def test_a_message_that_turns_out_to_be_thanks_waits_no_longer() -> None:
    assert found(UNKNOWN) == [MUTE]
    assert found(UNKNOWN, THANKS) == []
    assert found(UNKNOWN, says("ann", "09:12", "question", message_id="m1")) == [MUTE]


def test_when_that_becomes_known_after_the_finding_it_is_taken_back() -> None:
    known = says("ann", "09:40", "thanks", message_id="m1")

    assert found(UNKNOWN, known) == [MUTE, BACK]
    assert found(UNKNOWN, ai_says("ann", "09:30"), known) == [MUTE]


def test_thanks_for_something_else_leave_the_question_waiting() -> None:
    more = says("ann", "09:11", "unknown", message_id="m2")

    assert found(WRITES, more, says("ann", "09:12", "thanks", message_id="m2")) == [MUTE]
