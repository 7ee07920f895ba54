"""After the AI's claim a human had to do it: a missed escalation and a correction, once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import acted, claimed, handoff_requested, says, started
from tests.driver import Driver

CLAIM = (started("ann", "08:00", intent="refund"), claimed("ann", "09:00"))
HOP = started("ann", "3d 09:00", conversation_id="ann-2", channel="voice", intent="refund")


def there(event: Any, at: str, **more: Any) -> Any:
    """Something in the conversation by which the customer came back."""
    return event("ann", at, conversation_id="ann-2", **more)


def told(*events: Any) -> Driver:
    return Driver().tell(*events).until("20d 00:00")


def counted(driver: Driver) -> tuple[dict[str, float], dict[str, float]]:
    return (
        driver.counts("cx_missed_escalations_total", "why", "age"),
        driver.counts("cx_ai_corrections_total", "what"),
    )


def once(age: str) -> tuple[dict[str, float], dict[str, float]]:
    return {f"human_redo/{age}": 1}, {"human_redo": 1}


def test_a_silent_redo_is_a_missed_escalation_when_it_is_confirmed() -> None:
    word = claimed("ann", "09:30", by="human")
    assert counted(told(*CLAIM, word)) == ({}, {})

    assert counted(told(*CLAIM, word, acted("ann", "16:00"))) == once("24h")


def test_so_is_a_return_after_which_a_human_acts_and_claims() -> None:
    back = (says("ann", "10:30"), acted("ann", "11:00"))
    assert counted(told(*CLAIM, *back)) == ({}, {})

    assert counted(told(*CLAIM, *back, claimed("ann", "11:30", by="human"))) == once("6h")


def test_so_is_a_hop_where_a_human_acts_and_claims() -> None:
    done = (there(acted, "3d 10:00"), there(claimed, "3d 11:00", by="human"))

    assert counted(told(*CLAIM, HOP, *done)) == once("5d")


@pytest.mark.parametrize(
    "done",
    [
        [there(claimed, "3d 11:00", by="human")],
        [there(acted, "3d 10:00"), there(claimed, "3d 11:00")],
        [there(acted, "3d 10:00"), there(claimed, "3d 11:00", by="human", basis="bulk")],
        [there(acted, "3d 10:00", by="ai"), there(claimed, "3d 11:00", by="human")],
    ],
)
def test_a_hop_without_a_human_s_deed_and_word_is_none(done: list[Any]) -> None:
    assert counted(told(*CLAIM, HOP, *done)) == ({}, {})


def test_who_was_asked_before_the_claim_was_not_forgotten() -> None:
    asked = handoff_requested("ann", "08:30")
    back = (says("ann", "10:30"), acted("ann", "11:00"), claimed("ann", "11:30", by="human"))
    assert counted(told(CLAIM[0], asked, CLAIM[1], *back)) == ({}, {})

    later = handoff_requested("ann", "10:45")
    assert counted(told(*CLAIM, later, *back)) == once("6h")


def test_each_claim_counts_once_over_a_restart() -> None:
    driver = Driver().tell(*CLAIM, acted("ann", "10:00")).until("10:00").restart()
    driver.tell(HOP, there(acted, "3d 10:00"), there(claimed, "3d 11:00", by="human"))

    assert counted(driver.until("20d 00:00")) == once("6h")


def test_a_human_s_own_claim_that_is_redone_is_no_missed_escalation() -> None:
    driver = told(CLAIM[0], claimed("ann", "09:00", by="human"), says("ann", "10:30"))
    driver.tell(acted("ann", "21d 00:00"), claimed("ann", "21d 01:00", by="human"))

    assert counted(driver.until("22d 00:00")) == ({}, {})
