"""A claim on trial: how it fails, how it holds, and how long it was watched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.moments import DAY, HOUR, MINUTE
from monitor.core.policy import Policy
from schemas.published import EpisodeOutcome
from tests.build import ai_says, claimed, closed, reopened, says, started
from tests.driver import Driver

FAILURES = "cx_resolution_failures_total"
MATURED = "cx_resolutions_matured_total"
REFUND = {"intent": "refund/where", "intent_group": "refund"}


def on_trial(at: str = "00:00") -> Driver:
    """A contact of ann's that the AI claims to have resolved."""
    return Driver().tell(started("ann", "00:00"), claimed("ann", at))


def verdicts(driver: Driver) -> list[tuple[str, str, str | None]]:
    return [
        (outcome.verdict, outcome.bound, outcome.horizon) for outcome in driver.said(EpisodeOutcome)
    ]


def test_a_return_to_the_conversation_fails_every_reading_once() -> None:
    driver = on_trial().tell(says("ann", "02:00"), says("ann", "03:00")).until("04:00")

    assert driver.counts(FAILURES, "bound", "age") == {
        "any_issue/6h": 1,
        "explicit/6h": 1,
        "same_issue/6h": 1,
    }
    assert driver.counts("cx_resolution_failure_causes_total", "cause", "match", "age") == {
        "reopen/explicit/6h": 1
    }
    assert verdicts(driver) == [("failed", "explicit", None)]


@pytest.mark.parametrize(
    ("first", "second", "bounds"),
    [
        ({"case_id": "7"}, {"case_id": "7"}, ["any_issue", "explicit", "same_issue"]),
        (REFUND, REFUND, ["any_issue", "same_issue"]),
        (REFUND, REFUND | {"intent": "refund/how"}, ["any_issue"]),
        (REFUND, {}, ["any_issue"]),
    ],
)
def test_the_bounds_are_nested(
    first: dict[str, str], second: dict[str, str], bounds: list[str]
) -> None:
    driver = Driver().tell(
        started("ann", "00:00", **first),
        claimed("ann", "00:00"),
        started("ann", "02:00", **{"conversation_id": "ann-2"} | second),
    )

    assert list(driver.until("03:00").counts(FAILURES, "bound")) == bounds


def test_what_failed_loosely_can_still_fail_strictly_but_no_bound_fails_twice() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "00:00", **REFUND),
            claimed("ann", "00:00"),
            started("ann", "00:30", conversation_id="ann-2"),
            started("ann", "02:00", conversation_id="ann-3", **REFUND),
            says("ann", "1d 02:00"),
            started("ann", "1d 03:00", conversation_id="ann-4", **REFUND),
        )
        .until("2d 00:00")
    )

    assert driver.counts(FAILURES, "bound", "age") == {
        "any_issue/1h": 1,
        "same_issue/6h": 1,
        "explicit/48h": 1,
    }
    assert verdicts(driver) == [
        ("failed", "any_issue", None),
        ("failed", "same_issue", None),
        ("durable", "explicit", "24h"),
        ("failed", "explicit", None),
    ]


def test_a_loose_return_leaves_the_strict_reading_under_observation() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "00:00"),
            claimed("ann", "00:00"),
            started("ann", "00:30", conversation_id="ann-2"),
        )
        .until("01:00")
    )

    assert driver.hours_exposed("explicit") == {"1h": 1.0, "6h": 0.0}
    assert driver.hours_exposed("any_issue") == {"1h": 0.5}


@pytest.mark.parametrize("kind", ["thanks", "ack", "auto_reply"])
def test_thanks_do_not_undo_a_claim(kind: str) -> None:
    driver = on_trial().tell(says("ann", "02:00", kind)).until("03:00")

    assert verdicts(driver) == []
    assert driver.counts("cx_post_close_acks_total", "kind") == {kind: 1}


def test_thanks_count_only_while_a_claim_stands() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "00:00"),
            says("ann", "00:10", "thanks"),
            claimed("ann", "01:00"),
            says("ann", "02:00"),
            says("ann", "03:00", "thanks"),
        )
        .until("04:00")
    )

    assert driver.counts("cx_post_close_acks_total", "kind") == {}


@pytest.mark.parametrize(
    "word", [ai_says("ann", "02:00"), says("ann", "02:00", visibility="internal")]
)
def test_only_what_the_customer_says_to_us_is_a_return(word: Any) -> None:
    assert verdicts(on_trial().tell(word).until("03:00")) == []


def test_a_customer_s_reopening_is_a_return() -> None:
    driver = on_trial().tell(reopened("ann", "02:00", "customer"), closed("ann", "02:01"))

    assert verdicts(driver.until("03:00")) == [("failed", "explicit", None)]


@pytest.mark.parametrize(
    ("at", "age"),
    [
        ("00:00", "1h"),
        ("00:59:59.999999", "1h"),
        ("01:00", "6h"),
        ("06:00", "24h"),
        ("1d 00:00", "48h"),
        ("2d 00:00", "72h"),
        ("3d 00:00", "5d"),
        ("5d 00:00", "7d"),
        ("7d 00:00", "14d"),
        ("14d 00:00", "30d"),
        ("29d 23:59:59.999999", "30d"),
    ],
)
def test_a_failure_is_counted_at_its_age(at: str, age: str) -> None:
    driver = on_trial().tell(says("ann", at, sequence="later")).until("40d 00:00")

    assert driver.counts(FAILURES, "bound", "age") == {
        f"{bound}/{age}": 1 for bound in ("any_issue", "explicit", "same_issue")
    }


def test_exactly_at_the_horizon_is_too_late_to_fail_it() -> None:
    driver = on_trial().tell(says("ann", "1d 00:00")).until("4d 00:00")

    assert driver.counts(MATURED, "bound", "horizon", "result") == {
        f"{bound}/{horizon}/{result}": 1
        for bound in ("any_issue", "explicit", "same_issue")
        for horizon, result in (("24h", "durable"), ("72h", "failed"))
    }


def test_the_trial_ends_after_thirty_days() -> None:
    driver = on_trial().tell(says("ann", "30d 00:00")).until("31d 00:00")

    assert driver.counts(FAILURES, "bound") == {}
    assert verdicts(driver) == [
        ("durable", "any_issue", horizon) for horizon in ("24h", "72h", "7d", "30d")
    ]
    assert driver.hours_exposed() == {
        "1h": 1,
        "6h": 5,
        "24h": 18,
        "48h": 24,
        "72h": 24,
        "5d": 48,
        "7d": 48,
        "14d": 168,
        "30d": 384,
    }
    assert driver.count("cx_resolutions_at_risk") == 0


def test_every_horizon_counts_a_claim_once_under_each_bound() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "00:00", **REFUND),
            claimed("ann", "00:00"),
            started("ann", "02:00", conversation_id="ann-2"),
        )
        .until("40d 00:00")
    )

    assert driver.counts(MATURED, "bound", "result") == {
        "any_issue/failed": 4,
        "explicit/durable": 4,
        "same_issue/durable": 4,
    }


def test_what_is_under_observation_is_exposed_up_to_the_watermark() -> None:
    driver = on_trial().until("09:00")

    assert driver.hours_exposed() == {"1h": 1.0, "6h": 5.0, "24h": 3.0}
    assert driver.counts("cx_resolutions_at_risk", "bound", "age") == {
        "any_issue/24h": 1,
        "explicit/24h": 1,
        "same_issue/24h": 1,
    }


def test_a_failed_claim_is_exposed_no_longer() -> None:
    driver = on_trial().tell(says("ann", "02:00")).until("09:00")

    assert driver.hours_exposed() == {"1h": 1.0, "6h": 1.0}


def test_a_return_from_before_the_claim_undoes_nothing() -> None:
    driver = on_trial("10:00").until("12:00").tell(says("ann", "09:00")).until("13:00")

    assert verdicts(driver) == []


def test_a_claim_that_comes_late_matures_with_its_true_age_and_without_exposure() -> None:
    driver = Driver().tell(started("ann", "00:00")).until("2d 00:00")
    driver.tell(claimed("ann", "00:00")).until("2d 01:00")

    assert verdicts(driver) == [("durable", "any_issue", "24h")]
    assert driver.hours_exposed() == {"1h": 0, "6h": 0, "24h": 0, "48h": 0, "72h": 1}


def test_edges_closer_than_a_suspicion_lasts_are_left_in_their_order() -> None:
    policy = replace(
        Policy(),
        age_edges=(0, MINUTE, 2 * MINUTE, 3 * MINUTE, HOUR, DAY),
        horizons=(DAY,),
        durable_horizon=DAY,
    )
    driver = Driver(policy).tell(
        started("ann", "09:00"),
        claimed("ann", "09:00"),
        reopened("ann", "09:00:30"),
        closed("ann", "09:05"),
    )
    exposed = driver.until("09:06").hours_exposed()

    assert min(exposed.values()) >= 0
    assert sum(exposed.values()) == pytest.approx(0.1, abs=1e-4)
    assert verdicts(driver) == []


@pytest.mark.parametrize("actor", ["human", "system", "ai"])
def test_a_reopening_by_mistake_undoes_nothing(actor: str) -> None:
    driver = on_trial().tell(reopened("ann", "02:00", actor), closed("ann", "02:05"))

    assert verdicts(driver.until("03:00")) == []
    assert driver.count("cx_mistaken_reopens_total") == 1
    assert driver.count("cx_resolutions_at_risk", bound="explicit") == 1


def test_claiming_it_again_at_once_shows_the_mistake_as_well() -> None:
    driver = on_trial().tell(reopened("ann", "02:00"), claimed("ann", "02:04", by="human"))

    assert verdicts(driver.until("03:00")) == []
    assert driver.count("cx_mistaken_reopens_total") == 1
    assert driver.count("cx_resolutions_claimed_total") == 1


def test_a_reopening_that_lasts_fails_the_claim_when_it_was_made() -> None:
    driver = on_trial().tell(reopened("ann", "00:58"), closed("ann", "01:03:00.000001"))
    (failed,) = driver.until("03:00").said(EpisodeOutcome)

    assert (failed.age_seconds, failed.cause) == (58 * 60, "reopen")
    assert driver.counts(FAILURES, "bound", "age") == {
        "any_issue/1h": 1,
        "explicit/1h": 1,
        "same_issue/1h": 1,
    }
    assert driver.count("cx_mistaken_reopens_total") == 0


def test_a_second_reopening_does_not_prolong_the_suspicion() -> None:
    driver = on_trial().tell(
        reopened("ann", "02:00"), reopened("ann", "02:04"), closed("ann", "02:06")
    )

    assert [outcome.age_seconds for outcome in driver.until("3:00").said(EpisodeOutcome)] == [7200]


def test_a_customer_who_speaks_up_shows_that_it_was_no_mistake() -> None:
    driver = on_trial().tell(reopened("ann", "02:00"), says("ann", "02:01"), closed("ann", "02:02"))
    (failed,) = driver.until("03:00").said(EpisodeOutcome)

    assert failed.age_seconds == 7200
    assert driver.count("cx_mistaken_reopens_total") == 0


def test_thanks_do_not_show_that_it_was_no_mistake() -> None:
    driver = on_trial().tell(
        reopened("ann", "02:00"), says("ann", "02:01", "thanks"), closed("ann", "02:02")
    )

    assert verdicts(driver.until("03:00")) == []


@pytest.mark.parametrize("mistaken", [True, False])
def test_a_reopening_just_before_an_edge_is_settled_before_the_edge(*, mistaken: bool) -> None:
    driver = on_trial().tell(reopened("ann", "23:58"))
    if mistaken:
        driver.tell(closed("ann", "24:01"))
    driver.until("25:00")

    result = "durable" if mistaken else "failed"
    assert driver.counts(MATURED, "bound", "horizon", "result") == {
        f"{bound}/24h/{result}": 1 for bound in ("any_issue", "explicit", "same_issue")
    }
    assert driver.counts(FAILURES, "age") == ({} if mistaken else {"24h": 3})


def test_after_a_mistake_across_an_edge_a_return_belongs_to_the_new_age() -> None:
    driver = (
        on_trial()
        .tell(reopened("ann", "23:58"), closed("ann", "24:01"), says("ann", "24:02"))
        .until("25:00")
    )

    assert driver.counts(FAILURES, "age") == {"48h": 3}
    assert driver.counts(MATURED, "result") == {"durable": 3}


def test_a_reopening_from_before_the_claim_is_no_suspicion() -> None:
    driver = on_trial("10:00").until("12:00").tell(reopened("ann", "09:00")).until("13:00")

    assert verdicts(driver) == []
    assert driver.tell(closed("ann", "13:30")).count("cx_mistaken_reopens_total") == 0


def test_a_repeat_contact_while_staff_s_reopening_is_in_doubt_counts_once_for_each_bound() -> None:
    driver = (
        on_trial()
        .tell(reopened("ann", "02:00"), started("ann", "02:01", conversation_id="ann-2"))
        .until("03:00")
    )

    assert driver.counts(FAILURES, "bound") == {
        "any_issue": 1,
        "explicit": 1,
        "same_issue": 1,
    }
