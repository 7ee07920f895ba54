"""SF-17: the AI claimed it, and the customer says otherwise elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import EpisodeOutcome, Finding
from tests.build import claimed, rated, says, signalled, spam_marked, started
from tests.driver import Driver

FIRST = (started("ann", "08:00", entity_ref="order-1"), claimed("ann", "09:00"))
SECOND = (
    started("ann", "1d 08:00", conversation_id="ann-2", entity_ref="order-2"),
    claimed("ann", "1d 09:00", conversation_id="ann-2"),
)


def told(*events: Any, until: str = "70d 00:00") -> Driver:
    return Driver().tell(*events).until(until)


def findings(driver: Driver) -> list[str]:
    found = [finding for finding in driver.said(Finding) if finding.sf == "SF-17"]
    return [f"{finding.conversation_id} {finding.confidence}" for finding in found]


def failures(driver: Driver) -> list[str]:
    """The conversations whose claims failed, but for those that failed by the second contact."""
    failed = [one for one in driver.said(EpisodeOutcome) if one.verdict == "failed"]
    return [
        f"{outcome.conversation_id} {outcome.cause}"
        for outcome in failed
        if outcome.cause != "repeat_same_channel"
    ]


@pytest.mark.parametrize(
    ("scale", "value", "found"),
    [
        ("csat5", 1, True),
        ("csat5", 2, True),
        ("csat5", 3, False),
        ("thumb", 0, True),
        ("thumb", -1, True),
        ("thumb", 1, False),
        ("nps", 0, False),
        ("ces7", 1, False),
    ],
)
def test_a_bad_rating_makes_it_probable(scale: str, value: float, *, found: bool) -> None:
    driver = told(*FIRST, rated("ann", "10:00", value, scale))

    assert findings(driver) == ["ann-1 probable"] * found
    assert failures(driver) == []


@pytest.mark.parametrize(("at", "n"), [("7d 08:59:59", 1), ("7d 09:00", 0), ("08:59", 0)])
def test_a_rating_is_of_what_was_claimed_in_the_week_before(at: str, n: int) -> None:
    assert findings(told(*FIRST, rated("ann", at, 1))) == ["ann-1 probable"] * n


def test_a_rating_is_of_its_own_conversation() -> None:
    assert findings(told(*FIRST, rated("ann", "10:00", 1, conversation_id="ann-9"))) == []


@pytest.mark.parametrize("by", ["human", "system"])
def test_only_the_ai_s_own_claims_are_contradicted(by: str) -> None:
    claim = claimed("ann", "09:00", by=by)
    angry = signalled("ann", "1d 00:00", conversation_id="ann-1")

    assert findings(told(FIRST[0], claim, rated("ann", "10:00", 1), angry)) == []


@pytest.mark.parametrize("kind", ["complaint", "chargeback", "cancellation"])
def test_a_signal_that_names_the_conversation_confirms_it_and_fails_the_claim(kind: str) -> None:
    driver = told(*FIRST, *SECOND, signalled("ann", "2d 00:00", kind, conversation_id="ann-1"))

    assert findings(driver) == ["ann-1 confirmed"]
    assert failures(driver) == ["ann-1 contradicted"]
    (finding,) = driver.said(Finding)
    assert [proof.type for proof in finding.evidence] == [
        "cx.resolution.claimed.v1",
        "cx.external.signal.v1",
    ]


def test_a_signal_without_a_conversation_is_of_the_last_claim_about_its_entity() -> None:
    driver = told(*FIRST, *SECOND, signalled("ann", "2d 00:00", entity_ref="order-1"))

    assert findings(driver) == ["ann-1 confirmed"]
    assert failures(driver) == ["ann-1 contradicted"]


@pytest.mark.parametrize(
    "more",
    [{}, {"entity_ref": "order-9"}, {"entity_ref": "unknown"}, {"conversation_id": "ann-9"}],
)
def test_what_names_no_claim_is_laid_to_the_last_one_as_probable(more: dict[str, str]) -> None:
    driver = told(*FIRST, *SECOND, signalled("ann", "2d 00:00", **more))

    assert findings(driver) == ["ann-2 probable"]
    assert failures(driver) == []


def test_a_bad_review_confirms_nothing() -> None:
    review = signalled("ann", "2d 00:00", "review_negative", conversation_id="ann-1")

    assert findings(told(*FIRST, *SECOND, review)) == ["ann-2 probable"]


def test_a_signal_of_a_kind_that_is_not_known_says_nothing() -> None:
    assert findings(told(*FIRST, signalled("ann", "2d 00:00", "praise"))) == []


def test_a_complaint_after_a_bad_rating_makes_it_certain() -> None:
    angry = signalled("ann", "2d 00:00", conversation_id="ann-1")
    driver = told(*FIRST, rated("ann", "10:00", 1), angry)

    assert findings(driver) == ["ann-1 probable", "ann-1 confirmed"]
    assert driver.counts("cx_silent_failures_retractions_total", "confidence") == {"probable": 1}


@pytest.mark.parametrize("restart", [False, True])
def test_a_chargeback_contradicts_a_claim_whose_trial_is_over(*, restart: bool) -> None:
    driver = told(*FIRST, until="45d 00:00")
    assert driver.tracker.customers["ann"].episodes == {}
    if restart:
        driver.restart()
    driver.tell(signalled("ann", "60d 08:59", "chargeback", conversation_id="ann-1"))

    assert findings(driver.until("60d 08:59")) == ["ann-1 confirmed"]
    assert failures(driver) == []
    assert driver.until("80d 00:00").tracker.customers == {}


def test_after_two_months_nothing_is_contradicted_any_more() -> None:
    assert findings(told(*FIRST, signalled("ann", "60d 09:00", entity_ref="order-1"))) == []


def test_a_finding_goes_with_its_claim_though_its_conversation_went_before() -> None:
    beside = started("ann", "10:00", conversation_id="ann-2", entity_ref="order-1")
    driver = told(*FIRST, beside, until="45d 00:00")
    # What begins in a journey that has ended makes it forgotten, and begins anew.
    anew = claimed("ann", "50d 00:00", by="human", conversation_id="ann-2")
    driver.tell(anew, signalled("ann", "51d 00:00")).until("51d 00:00")
    assert findings(driver) == ["None probable"]
    assert driver.counts("cx_silent_failures_open", "sf") == {"SF-17": 1}

    driver.until("60d 09:00")
    assert "ann" in driver.tracker.customers
    assert driver.counts("cx_silent_failures_open", "sf") == {}


def test_a_finding_outlasts_its_conversation_and_is_not_made_twice() -> None:
    beside = started("ann", "10:00", conversation_id="ann-2", entity_ref="order-1")
    driver = told(*FIRST, beside, signalled("ann", "11:00"), until="45d 00:00")
    anew = claimed("ann", "50d 00:00", by="human", conversation_id="ann-2")
    driver.tell(anew, signalled("ann", "51d 00:00")).until("51d 00:00")
    assert "ann-1" not in driver.tracker.customers["ann"].conversations
    assert findings(driver) == ["ann-1 probable"]
    assert driver.counts("cx_silent_failures_open", "sf") == {"SF-17": 1}

    driver.until("60d 09:00")
    assert driver.counts("cx_silent_failures_open", "sf") == {}


def test_of_each_conversation_only_the_last_claim_is_remembered() -> None:
    again = (says("ann", "10:00"), claimed("ann", "11:00"))
    driver = told(*FIRST, *again, until="45d 00:00")
    (past,) = driver.tracker.customers["ann"].claims.values()
    assert past.claim.event_id == again[1].id

    driver.tell(signalled("ann", "45d 09:00", conversation_id="ann-1")).until("45d 09:00")
    (finding,) = [one for one in driver.said(Finding) if one.sf == "SF-17"]
    assert finding.evidence[0].event_id == again[1].id


@pytest.mark.parametrize("again", [[], [started("ann", "09:30", conversation_id="ann-2")]])
@pytest.mark.parametrize("at", ["2d 00:00", "40d 00:00"])
def test_what_was_censored_is_no_claim_any_more(again: list[Any], at: str) -> None:
    spam = spam_marked("ann", "10:00")
    angry = signalled("ann", at, entity_ref="order-1")

    assert findings(told(*FIRST, *again, spam, angry)) == []


def test_a_signal_from_before_the_claim_contradicts_nothing() -> None:
    before = signalled("ann", "08:30", entity_ref="order-1")
    assert findings(told(*FIRST, before)) == []

    assert findings(told(*FIRST, until="10:00").tell(before).until("11:00")) == []
