"""SF-01: the AI claimed it, and the customer wrote again in the same place."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import Finding
from tests.build import acted, claimed, closed, human_says, reopened, says, started
from tests.driver import Driver


def found(*events: Any, by: str = "ai") -> list[str]:
    """The confidences of the findings about a claim of ten o'clock."""
    driver = Driver().tell(started("ann", "09:00"), claimed("ann", "10:00", by=by), *events)
    return [
        finding.confidence
        for finding in driver.until("40d 00:00").said(Finding)
        if finding.sf == "SF-01"
    ]


def test_a_customer_who_writes_again_was_probably_not_helped() -> None:
    assert found(says("ann", "11:00"), says("ann", "12:00")) == ["probable"]
    assert found(reopened("ann", "11:00", "customer")) == ["probable"]


@pytest.mark.parametrize("by", ["human", "system", "customer"])
def test_only_the_ai_s_own_claims_are_its_failures(by: str) -> None:
    assert found(says("ann", "11:00"), by=by) == []


@pytest.mark.parametrize("kind", ["thanks", "ack", "auto_reply"])
def test_thanks_are_no_failure(kind: str) -> None:
    assert found(says("ann", "11:00", kind)) == []


def test_after_the_trial_it_is_another_matter() -> None:
    assert found(says("ann", "30d 10:00")) == []


def test_another_conversation_is_another_place() -> None:
    assert found(started("ann", "11:00", conversation_id="ann-2", case_id="7")) == []


def test_a_human_who_then_acts_and_claims_it_confirms_it() -> None:
    again = [acted("ann", "12:00"), claimed("ann", "13:00", by="human")]

    assert found(says("ann", "11:00"), *again) == ["probable", "confirmed"]


def test_confirmed_names_the_claim_the_return_and_the_redo() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"),
            claimed("ann", "10:00"),
            says("ann", "11:00"),
            acted("ann", "12:00"),
            claimed("ann", "13:00", by="human"),
        )
        .until("14:00")
    )
    probable, confirmed = driver.said(Finding)

    assert confirmed.replaces == probable.id
    assert confirmed.subject == probable.subject
    assert [proof.event_id for proof in confirmed.evidence] == [
        claimed("ann", "10:00").id,
        says("ann", "11:00").id,
        claimed("ann", "13:00").id,
    ]


@pytest.mark.parametrize(
    "redo",
    [
        [claimed("ann", "13:00", by="human")],
        [human_says("ann", "12:00"), claimed("ann", "13:00", by="human")],
        [acted("ann", "12:00", by="ai"), claimed("ann", "13:00", by="human")],
        [acted("ann", "09:30"), claimed("ann", "13:00", by="human")],
        [acted("ann", "12:00"), claimed("ann", "13:00", by="ai")],
        [acted("ann", "12:00"), claimed("ann", "13:00", by="human", basis="bulk")],
    ],
)
def test_anything_less_confirms_nothing(redo: list[Any]) -> None:
    assert found(says("ann", "11:00"), *redo) == ["probable"]


def test_staff_who_reopen_it_show_nothing_of_what_the_customer_wants() -> None:
    assert found(reopened("ann", "11:00"), claimed("ann", "12:00", by="human")) == []
    assert found(reopened("ann", "11:00"), closed("ann", "11:04")) == []


def test_a_customer_who_speaks_up_after_staff_reopened_it_was_not_helped() -> None:
    assert found(reopened("ann", "11:00", "system"), says("ann", "11:01")) == ["probable"]


def test_a_message_that_turns_out_to_be_thanks_takes_it_back() -> None:
    driver = Driver().tell(
        started("ann", "09:00"),
        claimed("ann", "10:00"),
        says("ann", "11:00", "question", message_id="m"),
        acted("ann", "12:00"),
        says("ann", "12:30", "thanks", message_id="m"),
        claimed("ann", "13:00", by="human"),
    )
    driver.until("14:00")

    told = [finding for finding in driver.said(Finding) if finding.sf == "SF-01"]
    assert [(one.confidence, one.retracted) for one in told] == [
        ("probable", False),
        ("probable", True),
    ]


def test_each_claim_has_its_own_finding() -> None:
    again = [claimed("ann", "12:00"), says("ann", "13:00")]

    assert found(says("ann", "11:00"), *again) == ["probable", "probable"]
