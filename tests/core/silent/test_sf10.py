"""SF-10: the AI did something, and it had to be undone or put right."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import EpisodeOutcome, Finding
from tests.build import acted, action, claimed, started
from tests.driver import Driver

DONE = action("executed", "ann", "09:00", entity_ref="order-1")
CORRECTED: dict[str, Any] = {"reason": "correction", "entity_ref": "order-1", "action_id": "a9"}


def undone(at: str, **more: Any) -> Any:
    return action("reversed", "ann", at, by="human", **more)


def told(*events: Any) -> Driver:
    return Driver().tell(*events).until("80d 00:00")


def findings(driver: Driver) -> list[str]:
    found = [finding for finding in driver.said(Finding) if finding.sf == "SF-10"]
    return [f"{finding.subject} {finding.confidence}" for finding in found]


def corrections(driver: Driver) -> dict[str, float]:
    return driver.counts("cx_ai_corrections_total", "what")


def test_work_that_is_reversed_was_wrong() -> None:
    driver = told(DONE, undone("1d 09:00"))

    assert findings(driver) == ["a1 confirmed"]
    assert corrections(driver) == {"action_reversed": 1}
    assert driver.counts("cx_ai_actions_total", "result") == {"reversed": 1, "unconfirmed": 1}
    (finding,) = [one for one in driver.said(Finding) if one.sf == "SF-10"]
    assert [proof.type for proof in finding.evidence] == [
        "cx.action.executed.v1",
        "cx.action.reversed.v1",
    ]


def test_what_the_customer_asked_to_have_undone_was_not_wrong() -> None:
    driver = told(DONE, undone("1d 09:00", reason="customer_request"))

    assert (findings(driver), corrections(driver)) == ([], {})


@pytest.mark.parametrize(("at", "want"), [("30d 08:59:59", ["a1 confirmed"]), ("30d 09:00", [])])
def test_after_a_month_it_is_another_matter(at: str, want: list[str]) -> None:
    assert findings(told(DONE, undone(at))) == want


def test_it_is_undone_once() -> None:
    driver = told(
        DONE,
        undone("1d 09:00"),
        undone("2d 09:00"),
        acted("ann", "3d 09:00", **CORRECTED),
    )

    assert findings(driver) == ["a1 confirmed"]
    assert corrections(driver) == {"action_reversed": 1}


def test_the_month_is_that_of_the_last_execution() -> None:
    again = action("executed", "ann", "20d 09:00")

    assert findings(told(DONE, again, undone("45d 09:00"))) == ["a1 confirmed"]


@pytest.mark.parametrize("by", ["human", "system"])
def test_what_others_did_is_not_the_ai_s(by: str) -> None:
    done = action("executed", "ann", "09:00", by=by)

    assert findings(told(done, undone("10:00"))) == []


def test_what_was_only_claimed_was_not_undone() -> None:
    assert findings(told(action("claimed", "ann", "09:00"), undone("10:00"))) == []


def test_a_human_s_correction_counts_without_a_reversal() -> None:
    driver = told(DONE, acted("ann", "10:00", **CORRECTED))

    assert findings(driver) == ["a1 confirmed"]
    assert corrections(driver) == {"action_corrected": 1}
    assert driver.counts("cx_ai_actions_total", "result") == {"unconfirmed": 1}


@pytest.mark.parametrize(
    "other",
    [
        {"reason": None},
        {"entity_ref": "order-2"},
        {"entity_ref": None},
        {"kind": "voucher"},
        {"by": "ai"},
    ],
)
def test_other_work_corrects_nothing(other: dict[str, Any]) -> None:
    assert findings(told(DONE, acted("ann", "10:00", **CORRECTED | other))) == []


def test_what_is_about_no_known_entity_is_not_the_same_thing() -> None:
    done = action("executed", "ann", "09:00")
    corrected = acted("ann", "10:00", action_id="a9", reason="correction")

    assert findings(told(done, corrected)) == []


def test_a_correction_is_of_the_last_that_it_may_be_of() -> None:
    second = action("executed", "ann", "09:30", action="a2", entity_ref="order-1")

    assert findings(told(DONE, second, acted("ann", "10:00", **CORRECTED))) == ["a2 confirmed"]


def test_the_conversation_s_claims_have_failed() -> None:
    driver = told(started("ann", "08:00"), DONE, claimed("ann", "09:01"), undone("10:00"))
    failed = [one.cause for one in driver.said(EpisodeOutcome) if one.verdict == "failed"]

    assert failed == ["action_reversed"]


def test_it_is_found_after_the_journey_has_ended_and_over_a_restart() -> None:
    driver = Driver().tell(started("ann", "08:00"), DONE).until("20d 00:00")
    assert driver.tracker.customers["ann"].conversations == {}

    driver.restart().tell(undone("20d 09:00")).until("20d 09:00")
    assert findings(driver) == ["a1 confirmed"]
