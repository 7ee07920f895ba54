"""SF-18: the AI's claim stands, nobody was asked to take over, and a human does it again."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import EpisodeOutcome, Finding
from tests.build import acted, claimed, handoff_requested, says, started
from tests.driver import Driver

CLAIM = (started("ann", "08:00", entity_ref="order-1"), claimed("ann", "09:00"))


def told(*events: Any) -> Driver:
    return Driver().tell(*events).until("20d 00:00")


def findings(driver: Driver) -> list[str]:
    found = [finding for finding in driver.said(Finding) if finding.sf == "SF-18"]
    return [f"{finding.conversation_id} {finding.confidence}" for finding in found]


def failures(driver: Driver) -> list[str | None]:
    return [one.cause for one in driver.said(EpisodeOutcome) if one.verdict == "failed"]


@pytest.mark.parametrize(
    "where", [{}, {"conversation_id": None, "entity_ref": "order-1"}], ids=["thread", "entity"]
)
def test_a_human_who_acts_after_the_claim_does_it_again(where: dict[str, Any]) -> None:
    driver = told(*CLAIM, acted("ann", "10:00", **where))

    assert findings(driver) == ["ann-1 confirmed"]
    assert failures(driver) == ["human_redo"]
    (finding,) = driver.said(Finding)
    assert [proof.type for proof in finding.evidence] == [
        "cx.resolution.claimed.v1",
        "cx.action.executed.v1",
    ]


@pytest.mark.parametrize(
    "where",
    [
        {"conversation_id": None},
        {"conversation_id": "ann-2", "entity_ref": "order-2"},
        {"conversation_id": None, "entity_ref": "unknown"},
        {"by": "ai"},
        {"by": "system"},
    ],
)
def test_work_elsewhere_or_by_others_is_none(where: dict[str, Any]) -> None:
    driver = told(*CLAIM, acted("ann", "10:00", **where))

    assert (findings(driver), failures(driver)) == ([], [])


@pytest.mark.parametrize(("at", "n"), [("7d 08:59:59", 1), ("7d 09:00", 0), ("08:30", 0)])
def test_only_the_week_after_the_claim_counts(at: str, n: int) -> None:
    assert findings(told(*CLAIM, acted("ann", at))) == ["ann-1 confirmed"] * n


def test_a_human_who_merely_claims_it_may_be_courteous() -> None:
    driver = told(*CLAIM, claimed("ann", "10:00", by="human"))

    assert findings(driver) == ["ann-1 probable"]
    assert failures(driver) == []


@pytest.mark.parametrize("more", [{"basis": "bulk"}, {"basis": "merge"}, {"by": "system"}])
def test_a_claim_that_nobody_looked_at_is_no_redo(more: dict[str, str]) -> None:
    assert findings(told(*CLAIM, claimed("ann", "10:00", **{"by": "human"} | more))) == []


def test_a_claim_elsewhere_is_no_redo() -> None:
    other = claimed("ann", "10:00", by="human", conversation_id="ann-2", entity_ref="order-1")

    assert findings(told(*CLAIM, other)) == []


def test_the_deed_after_the_word_makes_it_certain() -> None:
    driver = told(*CLAIM, claimed("ann", "10:00", by="human"), acted("ann", "10:01"))

    assert findings(driver) == ["ann-1 probable", "ann-1 confirmed"]


def test_where_somebody_was_asked_to_take_over_it_is_no_secret() -> None:
    asked = handoff_requested("ann", "09:30")

    assert findings(told(*CLAIM, asked, acted("ann", "10:00"))) == []


def test_what_the_customer_has_undone_before_does_not_stand() -> None:
    driver = told(*CLAIM, says("ann", "09:30"), acted("ann", "10:00"))

    assert findings(driver) == []
    assert failures(driver) == ["reopen"]


def test_only_the_ai_s_own_claims_are_redone() -> None:
    assert (
        findings(told(CLAIM[0], claimed("ann", "09:00", by="human"), acted("ann", "10:00"))) == []
    )


def test_it_is_found_once_and_over_a_restart() -> None:
    driver = Driver().tell(*CLAIM).until("09:30").restart()
    driver.tell(acted("ann", "10:00")).until("10:00").restart()
    driver.tell(acted("ann", "11:00"), claimed("ann", "12:00", by="human")).until("20d 00:00")

    assert findings(driver) == ["ann-1 confirmed"]
