from __future__ import annotations

import json
from typing import Any

from monitor.core.report import report
from tests.build import ai_says, claimed, handoff_requested, promised, says, started
from tests.driver import Driver


def two_stories() -> Driver:
    """Ann comes back after two hours; ben is promised a call and a human, and gets neither."""
    return Driver().tell(
        started("ann", "09:00", ai_version="v1"),
        ai_says("ann", "09:01", ai_version="v1"),
        claimed("ann", "10:00", ai_version="v1"),
        says("ann", "12:00"),
        started("ben", "09:00", ai_version="v2"),
        promised("ben", "09:10", due="10:00"),
        handoff_requested("ben", "09:10"),
        claimed("ben", "10:00", by="human", customer_ref="cid", conversation_id="cid-1"),
    )


def told(until: str) -> dict[str, Any]:
    driver = two_stories().until(until)
    return report(driver.reading(), driver.policy)


def test_a_report_says_what_was_claimed_and_what_held() -> None:
    whole = told("40d 00:00")

    assert whole["conversations"] == {"chat": 2}
    assert (whole["ai_involved"], whole["identified"], whole["journeys"]) == (2, 2, 2)
    assert whole["claims"] == {"ai/agent_judged": 1, "human/agent_judged": 1}
    assert whole["failures"] == {"reopen/explicit/6h": 1}
    assert (whole["censored"], whole["mistaken_reopens"]) == ({}, 0)
    assert whole["handoffs"] == {
        "requested": {"ai_human": 1},
        "terminal": {"orphaned": 1},
        "verdict": {"undetermined": 1},
        "misrouted": 0,
    }
    assert whole["commitments"] == {"broken": 1}
    assert whole["findings"] == {
        "SF-01/probable": 1,
        "SF-05/confirmed": 1,
        "SF-09/confirmed": 1,
        "SF-12/confirmed": 1,
    }
    assert whole["findings_retracted"] == {}
    assert whole["dead_letters"] == {}
    assert whole["events"]["cx.conversations/cx.conversation.started.v1/applied"] == 2


def test_durability_comes_with_its_interval_and_the_number_at_risk() -> None:
    whole = told("40d 00:00")

    assert set(whole["durability"]) == {"explicit", "same_issue", "any_issue"}
    at_a_day = whole["durability"]["explicit"]["24h"]
    assert at_a_day["at_risk"] == at_a_day["matured_durable"] == 1
    assert at_a_day["matured_failed"] == 1
    assert 0 < at_a_day["lower95"] < at_a_day["durable"] < at_a_day["upper95"] < 1


def test_effort_is_told_on_average_by_checkpoint_and_outcome() -> None:
    whole = told("40d 00:00")

    assert set(whole["effort"]) == {
        *("24h/failed", "7d/failed", "end/failed"),
        *("24h/open", "7d/open", "end/open"),
    }
    # Ann wrote at noon and was never answered: a minute, and from noon to the next morning.
    assert whole["effort"]["24h/failed"] == {
        "journeys": 1,
        "contacts": 1,
        "channels": 1,
        "transfers": 0,
        "customer_messages": 1,
        "repeated_requests": 0,
        "wait_seconds": 60 + 21 * 3600,
    }
    assert whole["owner_seconds"]["customer"] == 59 * 60
    assert whole["time_to_resolution"] == {"first_claim": {"claims": 1, "seconds": 3600}}


def test_the_effort_of_two_journeys_is_their_mean() -> None:
    driver = Driver().tell(started("ann", "09:00"), started("bob", "09:00"), says("bob", "10:00"))
    effort = report(driver.until("2d 00:00").reading(), driver.policy)["effort"]

    assert effort["24h/open"]["journeys"] == 2
    assert effort["24h/open"]["customer_messages"] == 0.5


def test_what_cannot_be_known_yet_is_null_and_not_zero() -> None:
    horizons = told("2d 00:00")["durability"]["explicit"]

    assert [name for name, value in horizons.items() if value["durable"] is None] == [
        *("72h", "7d", "30d")
    ]


def test_each_version_answers_for_its_own() -> None:
    versions = told("40d 00:00")["durability_by_ai_version"]

    assert list(versions) == ["none", "v1"]
    assert versions["none"]["explicit"]["24h"]["durable"] == 1.0
    # Nobody was left to be watched beyond two hours.
    assert versions["v1"]["explicit"]["24h"]["durable"] is None
    assert versions["v1"]["explicit"]["24h"]["matured_failed"] == 1


def test_a_report_is_json_and_the_same_for_the_same_log() -> None:
    assert json.dumps(told("9d 00:00")) == json.dumps(told("9d 00:00"))


def test_an_empty_log_has_a_report() -> None:
    driver = Driver()
    whole = report(driver.reading(), driver.policy)

    assert whole["events"] == {}
    assert whole["durability"]["explicit"]["7d"] == {
        "durable": None,
        "lower95": None,
        "upper95": None,
        "at_risk": 0,
        "matured_durable": 0,
        "matured_failed": 0,
    }
