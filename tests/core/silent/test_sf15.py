"""SF-15: a second contact while the AI still has the first."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import Finding
from tests.build import (
    ai_says,
    claimed,
    closed,
    handoff,
    handoff_requested,
    merged,
    reopened,
    says,
    spam_marked,
    started,
)
from tests.driver import Driver

REFUND = {"intent": "refund/where", "intent_group": "refund"}
SECOND = {"conversation_id": "ann-2"}


def waiting(*events: Any) -> Driver:
    """The AI has ann's question of nine o'clock, and answered last a minute later."""
    return Driver().tell(
        started("ann", "09:00", **REFUND), says("ann", "09:00"), ai_says("ann", "09:01"), *events
    )


def again(at: str = "10:00", **more: Any) -> Any:
    """A second contact about the same."""
    return started("ann", at, **{"channel": "email"} | SECOND | REFUND | more)


def found(driver: Driver) -> list[tuple[str, str | None, bool]]:
    return [
        (finding.confidence, finding.conversation_id, finding.retracted)
        for finding in driver.until("9d 00:00").said(Finding)
        if finding.sf == "SF-15"
    ]


PROBABLE = ("probable", "ann-1", False)


def test_who_asks_in_a_second_place_while_the_ai_has_the_first_despairs() -> None:
    driver = waiting(again())

    assert found(driver) == [PROBABLE]
    (finding,) = [one for one in driver.said(Finding) if one.sf == "SF-15"]
    assert [proof.event_id for proof in finding.evidence] == [again().id]


@pytest.mark.parametrize(
    "how",
    [
        {"intent": None, "intent_group": "refund"},
        {"intent": None, "intent_group": None, "in_reply_to": "ann-1"},
    ],
)
def test_the_matter_may_be_the_same_in_any_way(how: dict[str, Any]) -> None:
    assert found(waiting(again(**how))) == [PROBABLE]


@pytest.mark.parametrize(
    "other",
    [
        again(intent="login", intent_group="access"),
        again(intent=None, intent_group=None),
        again(origin="proactive"),
        again(origin="transfer"),
        again(identity_assurance="device"),
    ],
)
def test_another_matter_another_reason_and_nobody_known_are_none(other: Any) -> None:
    assert found(waiting(other)) == []


@pytest.mark.parametrize(
    "end",
    [
        [claimed("ann", "09:30")],
        [closed("ann", "09:30")],
        [handoff_requested("ann", "09:30")],
        [handoff_requested("ann", "09:30"), handoff("accepted", "ann", "09:31")],
        [spam_marked("ann", "09:30")],
    ],
)
def test_what_is_claimed_closed_or_handed_over_is_not_with_the_ai(end: list[Any]) -> None:
    assert found(waiting(*end, again())) == []


@pytest.mark.parametrize(
    "back",
    [
        [closed("ann", "09:30"), reopened("ann", "09:40")],
        [closed("ann", "09:30"), says("ann", "09:40")],
        [claimed("ann", "09:30"), says("ann", "09:40")],
    ],
)
def test_what_is_open_again_counts_again(back: list[Any]) -> None:
    assert found(waiting(*back, again())) == [PROBABLE]


def test_thanks_do_not_open_what_is_closed() -> None:
    assert found(waiting(closed("ann", "09:30"), says("ann", "09:40", "thanks"), again())) == []


def test_a_close_from_before_the_customer_s_last_word_closes_nothing() -> None:
    driver = waiting(says("ann", "09:10")).until("09:30").tell(closed("ann", "09:05"))

    assert found(driver.tell(again())) == [PROBABLE]


@pytest.mark.parametrize(("at", "want"), [("1d 09:00:59.999999", [PROBABLE]), ("1d 09:01", [])])
def test_a_day_after_the_last_word_it_is_no_despair(at: str, want: list[Any]) -> None:
    assert found(waiting(again(at))) == want


def test_a_third_contact_adds_nothing_to_the_first_and_finds_the_second() -> None:
    second_answer = ai_says("ann", "10:01", **SECOND)
    driver = waiting(again(), second_answer, again("11:00", conversation_id="ann-3"))

    assert found(driver) == [PROBABLE, ("probable", "ann-2", False)]


def test_a_contact_is_no_second_one_beside_itself() -> None:
    driver = waiting(again(origin="proactive"), ai_says("ann", "3d 10:30", **SECOND))

    assert found(driver.tell(says("ann", "3d 11:00", **SECOND))) == []


def test_the_same_ticket_twice_confirms_it() -> None:
    assert found(waiting(again(), merged("ann", "10:30", "ann-1", **SECOND))) == [
        PROBABLE,
        ("confirmed", "ann-1", False),
    ]


def test_a_restart_in_between_changes_nothing() -> None:
    driver = waiting(again()).until("10:10").restart()

    assert found(driver.tell(merged("ann", "10:30", "ann-1", **SECOND)))[-1][0] == "confirmed"


@pytest.mark.parametrize(
    "other",
    [
        merged("ann", "10:30", "ann-2"),
        merged("ann", "10:30", "ann-1", conversation_id="ann-3"),
    ],
)
def test_another_merge_confirms_nothing(other: Any) -> None:
    third = started("ann", "10:20", conversation_id="ann-3", intent="login")

    assert found(waiting(again(), third, other)) == [PROBABLE]


def test_who_has_not_yet_asked_does_not_ask_again() -> None:
    # Nobody told of a start, and the customer has said nothing there.
    driver = Driver().tell(ai_says("ann", "09:01", **REFUND), again())

    assert found(driver) == []
