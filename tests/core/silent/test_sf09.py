"""SF-09: a promise whose time and grace have passed, and nobody kept it."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import Finding
from tests.build import clock, fulfilled, promised, started, withdrawn
from tests.driver import Driver


def found(*events: Any, **promise: Any) -> list[Finding]:
    driver = Driver().tell(promised("ann", "09:00", due="10:00", **promise), *events)
    return [finding for finding in driver.until("2d 00:00").said(Finding) if finding.sf == "SF-09"]


def test_a_broken_promise_is_confirmed_when_its_grace_ends() -> None:
    (finding,) = found(ai_version="v1")

    assert (finding.confidence, finding.subject) == ("confirmed", "p1")
    assert finding.decided_at == clock("10:15")
    assert [proof.type for proof in finding.evidence] == ["cx.commitment.made.v1"]
    assert (finding.conversation_id, finding.ai_version) == ("ann-1", "v1")


def test_kept_late_or_taken_back_it_is_not_broken() -> None:
    assert found(fulfilled("ann", "09:30")) == []
    assert found(fulfilled("ann", "10:14")) == []
    assert found(withdrawn("ann", "09:30")) == []


def test_a_promise_to_a_customer_without_a_conversation_can_be_broken() -> None:
    (finding,) = found(conversation_id=None)

    assert (finding.conversation_id, finding.ai_version) == (None, "unknown")


def test_two_promises_are_broken_each_by_itself() -> None:
    other = promised("ann", "09:00", due="11:00", commitment="p2")

    assert [finding.subject for finding in found(other)] == ["p1", "p2"]


def test_it_says_how_much_is_at_stake() -> None:
    (finding,) = found(value_band="high")

    assert finding.value_band == "high"


@pytest.mark.parametrize("where", ["ann-1", None])
@pytest.mark.parametrize("late", [fulfilled, withdrawn])
def test_word_that_comes_late_takes_it_back(where: str | None, late: Any) -> None:
    driver = Driver().tell(promised("ann", "09:00", due="10:00", conversation_id=where))
    driver.until("3d 00:00").restart().tell(late("ann", "10:14", conversation_id=where))
    first, second = (one for one in driver.until("4d 00:00").said(Finding) if one.sf == "SF-09")

    assert (second.retracted, second.replaces) == (True, first.id)
    assert driver.count("cx_silent_failures_open", sf="SF-09") == 0


def test_what_was_done_after_the_grace_leaves_it_broken() -> None:
    assert [finding.retracted for finding in found(fulfilled("ann", "10:15"))] == [False]


def test_a_promise_that_is_forgotten_stays_broken_and_is_no_longer_open() -> None:
    driver = Driver().tell(promised("ann", "09:00", due="10:00", conversation_id=None))
    driver.tell(started("ann", "5d 00:00"))  # for as long as its customer is known

    assert driver.until("7d 10:14").count("cx_silent_failures_open", sf="SF-09") == 1
    assert driver.until("7d 10:15").count("cx_silent_failures_open", sf="SF-09") == 0
    assert driver.count("cx_silent_failures_retractions_total", sf="SF-09") == 0
