"""The customer's word after a claim: held until its kind is known, and put right when it comes."""

from __future__ import annotations

import pytest

from schemas.published import EpisodeOutcome
from tests.build import (
    ai_says,
    claimed,
    closed,
    moment,
    reopened,
    says,
    started,
)
from tests.driver import Driver

FAILURES = "cx_resolution_failures_total"
RETRACTED = "cx_resolution_failures_retractions_total"
ACKS = "cx_post_close_acks_total"
MATURED = "cx_resolutions_matured_total"
UNKNOWN = "unknown"


def on_trial() -> Driver:
    """A contact of ann's that the AI claims to have resolved at midnight."""
    return Driver().tell(started("ann", "00:00"), claimed("ann", "00:00"))


def verdicts(driver: Driver) -> list[tuple[str, str | None, float]]:
    return [
        (outcome.verdict, outcome.reason or outcome.cause, outcome.age_seconds)
        for outcome in driver.said(EpisodeOutcome)
    ]


def test_a_message_of_unknown_kind_is_a_return_when_nobody_says_what_it_was() -> None:
    driver = on_trial().tell(says("ann", "00:55", UNKNOWN))

    assert verdicts(driver.until("01:04:59.999999")) == []
    assert verdicts(driver.until("01:05")) == [("failed", "reopen", 55 * 60)]
    assert driver.counts(FAILURES, "age") == {"1h": 3}


@pytest.mark.parametrize("kind", ["thanks", "ack", "auto_reply"])
def test_a_message_that_turns_out_to_be_thanks_was_no_return(kind: str) -> None:
    driver = on_trial().tell(
        says("ann", "02:00", UNKNOWN, message_id="m"),
        says("ann", "02:09:59", kind, message_id="m"),
    )

    assert verdicts(driver.until("03:00")) == []
    assert driver.counts(ACKS, "kind") == {kind: 1}


def test_a_message_that_turns_out_to_ask_is_a_return_when_it_was_written() -> None:
    driver = on_trial().tell(
        says("ann", "00:59", UNKNOWN, message_id="m"),
        says("ann", "01:01", "question", message_id="m"),
    )

    assert verdicts(driver.until("01:02")) == [("failed", "reopen", 59 * 60)]
    assert driver.counts(FAILURES, "age") == {"1h": 3}


def test_another_message_says_nothing_of_the_one_that_is_held() -> None:
    driver = on_trial().tell(
        says("ann", "02:00", UNKNOWN, message_id="m"),
        says("ann", "02:01", "thanks", message_id="another"),
    )

    assert verdicts(driver.until("03:00")) == [("failed", "reopen", 2 * 3600)]


def test_unknown_said_twice_says_nothing() -> None:
    driver = on_trial().tell(
        says("ann", "02:00", UNKNOWN, message_id="m"),
        says("ann", "02:01", UNKNOWN, message_id="m"),
    )

    assert verdicts(driver.until("02:09")) == []
    assert verdicts(driver.until("02:10")) == [("failed", "reopen", 2 * 3600)]


def test_a_claim_that_comes_meanwhile_shows_that_there_was_something_to_answer() -> None:
    driver = on_trial().tell(says("ann", "02:00", UNKNOWN), claimed("ann", "02:05"))

    assert verdicts(driver.until("02:06")) == [("failed", "reopen", 2 * 3600)]
    assert driver.count("cx_resolutions_claimed_total") == 2
    assert driver.count("cx_resolutions_at_risk", bound="explicit") == 1


def test_a_bulk_close_meanwhile_shows_nothing_and_ends_the_trial() -> None:
    driver = on_trial().tell(
        says("ann", "02:00", UNKNOWN), claimed("ann", "02:05", by="system", basis="bulk")
    )

    assert [verdict for verdict, _, _ in verdicts(driver.until("03:00"))] == ["censored"]


def test_without_a_claim_nothing_is_held() -> None:
    driver = Driver().tell(started("ann", "09:00"), says("ann", "09:01", UNKNOWN))
    (customer,) = driver.until("09:02").tracker.customers.values()

    assert customer.words == {}


def test_a_claim_that_is_not_followed_falls_with_the_held_message_too() -> None:
    driver = Driver().tell(
        started("ann", "09:00", identity_assurance="none"),
        claimed("ann", "10:00", identity_assurance="none"),
        says("ann", "11:00", UNKNOWN, identity_assurance="none"),
        claimed("ann", "12:00", identity_assurance="none"),
    )

    assert driver.until("13:00").count("cx_resolutions_claimed_total") == 2


@pytest.mark.parametrize(("kind", "result"), [("thanks", "durable"), (UNKNOWN, "failed")])
def test_an_edge_waits_until_it_is_known_whether_the_customer_came_back(
    kind: str, result: str
) -> None:
    driver = on_trial().tell(
        says("ann", "23:55", UNKNOWN, message_id="m"), says("ann", "24:02", kind, message_id="m")
    )
    driver.until("24:30")

    assert driver.counts(MATURED, "horizon", "result") == {f"24h/{result}": 3}
    assert driver.counts(FAILURES, "age") == ({} if result == "durable" else {"24h": 3})


def test_a_restart_while_a_message_is_held_changes_nothing() -> None:
    driver = on_trial().tell(says("ann", "02:00", UNKNOWN, message_id="m")).until("02:05")

    driver.restart().tell(says("ann", "02:06", "thanks", message_id="m")).until("02:30")
    assert verdicts(driver) == []


def test_thanks_that_were_taken_for_a_return_are_taken_back() -> None:
    driver = on_trial().tell(
        says("ann", "02:00", "question", message_id="m"),
        says("ann", "05:00", "thanks", message_id="m"),
    )
    driver.until("06:00")
    failed, retracted = driver.said(EpisodeOutcome)

    assert (retracted.verdict, retracted.reason) == ("retracted", "reclassified")
    assert retracted.replaces == failed.id
    assert driver.counts(RETRACTED, "bound", "age") == driver.counts(FAILURES, "bound", "age")
    assert driver.counts("cx_resolution_failure_causes_retractions_total", "cause") == {"reopen": 1}
    assert driver.counts(ACKS, "kind") == {"thanks": 1}
    assert driver.counts("cx_resolutions_at_risk", "bound") == {
        "any_issue": 1,
        "explicit": 1,
        "same_issue": 1,
    }


def test_what_stands_again_is_exposed_from_then_on_and_matures() -> None:
    driver = on_trial().tell(
        says("ann", "02:00", "question", message_id="m"),
        says("ann", "05:00", "thanks", message_id="m"),
    )

    assert driver.until("08:00").hours_exposed() == {"1h": 1, "6h": 2, "24h": 2}
    assert driver.until("1d 01:00").counts(MATURED, "result") == {"durable": 3}


def test_what_matured_meanwhile_stays_as_it_was_counted() -> None:
    driver = on_trial().tell(
        says("ann", "02:00", "question", message_id="m"),
        says("ann", "1d 02:00", "thanks", message_id="m"),
    )

    assert driver.until("3d 01:00").counts(MATURED, "horizon", "result") == {
        "24h/failed": 3,
        "72h/durable": 3,
    }


def test_after_the_trial_nothing_is_taken_back() -> None:
    driver = on_trial().tell(says("ann", "02:00", message_id="m"), ai_says("ann", "29d 00:00"))
    driver.tell(says("ann", "30d 00:00", "thanks", message_id="m")).until("31d 00:00")

    assert driver.counts(RETRACTED, "bound") == {}


def test_a_message_can_be_judged_as_often_as_somebody_changes_his_mind() -> None:
    kinds = ["question", "thanks", "other", "ack"]
    driver = on_trial().tell(
        *(says("ann", f"02:0{n}", kind, message_id="m") for n, kind in enumerate(kinds))
    )
    driver.until("03:00")
    told = driver.said(EpisodeOutcome)

    assert verdicts(driver) == [
        ("failed", "reopen", 7200),
        ("retracted", "reclassified", 7260),
        ("failed", "reopen", 7200),
        ("retracted", "reclassified", 7380),
    ]
    assert len({outcome.id for outcome in told}) == 4
    assert told[3].replaces == told[2].id


def test_an_acknowledgement_that_turns_out_to_ask_is_a_return_when_it_was_written() -> None:
    driver = on_trial().tell(
        says("ann", "02:00", "thanks", message_id="m"),
        says("ann", "3d 02:00", "question", message_id="m"),
    )

    assert verdicts(driver.until("3d 03:00"))[-1] == ("failed", "reopen", 7200)
    assert driver.counts(FAILURES, "age") == {"6h": 3}
    assert driver.counts(ACKS, "kind") == {"thanks": 1}


def test_what_is_said_of_a_message_from_before_the_claim_is_no_return() -> None:
    driver = Driver().tell(
        started("ann", "09:00"),
        says("ann", "09:01", UNKNOWN, message_id="m"),
        claimed("ann", "09:02"),
        says("ann", "09:03", "question", message_id="m"),
    )

    assert verdicts(driver.until("10:00")) == []


def test_what_is_said_again_of_a_return_does_not_undo_the_next_claim() -> None:
    driver = on_trial().tell(
        says("ann", "02:00", "question", message_id="m"),
        claimed("ann", "02:01"),
        says("ann", "02:02", "other", message_id="m"),
    )

    assert verdicts(driver.until("03:00")) == [("failed", "reopen", 7200)]


def test_a_claim_made_meanwhile_stands_beside_the_one_that_stands_again() -> None:
    driver = on_trial().tell(
        says("ann", "02:00", "question", message_id="m"),
        claimed("ann", "02:01"),
        says("ann", "02:02", "thanks", message_id="m"),
    )
    driver.until("02:30")
    assert driver.count("cx_resolutions_at_risk", bound="explicit") == 2

    driver.tell(says("ann", "03:00")).until("03:30")
    assert driver.count("cx_resolutions_at_risk", bound="explicit") == 0


def test_what_is_said_again_of_a_message_is_no_sign_of_life() -> None:
    driver = Driver().tell(
        started("ann", "09:00"),
        says("ann", "09:01", UNKNOWN, message_id="m"),
        says("ann", "3d 09:00", "thanks", message_id="m"),
    )
    (customer,) = driver.until("3d 10:00").tracker.customers.values()

    assert customer.journeys[1].last_at == moment("09:01")


def test_a_held_message_does_not_show_that_staff_reopened_it_on_purpose() -> None:
    driver = on_trial().tell(
        reopened("ann", "02:00"),
        says("ann", "02:01", UNKNOWN, message_id="m"),
        closed("ann", "02:04"),
        says("ann", "02:05", "thanks", message_id="m"),
    )

    assert verdicts(driver.until("03:00")) == []
    assert driver.count("cx_mistaken_reopens_total") == 1
