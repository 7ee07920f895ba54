"""The board says on paper what is claimed, in practice what lasts, and nothing where nothing is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.core import overview
from monitor.core.estimate import durability
from monitor.core.policy import Policy
from monitor.core.silent.names import NAMES
from tests.build import ai_says, claimed, handoff_requested, promised, says, started
from tests.core.test_rules import kinds
from tests.driver import Driver

if TYPE_CHECKING:
    from monitor.core.reading import Reading
    from schemas.api import Version

POLICY = Policy()
SAME = {"case_id": "case"}


def reading() -> Reading:
    """Ann, ben and cid are told that it is resolved; ann comes back after a day and a half."""
    driver = Driver()
    for who in ("ann", "ben", "cid", "dan"):
        driver.tell(
            started(who, "09:00", ai_version="v1", **SAME), ai_says(who, "09:01", ai_version="v1")
        )
    for who in ("ann", "ben", "cid"):
        driver.tell(claimed(who, "10:00", ai_version="v1"))
    driver.tell(promised("dan", "09:10", due="10:00"), handoff_requested("dan", "09:10"))
    driver.tell(started("ann", "1d 22:00", conversation_id="call", channel="voice", **SAME))
    return driver.until("20d 00:00").reading()


def version() -> Version:
    (one,) = [one for one in overview.versions(reading(), POLICY) if one.ai_version == "v1"]
    return one


def test_on_paper_all_claims_count() -> None:
    one = version()

    assert (one.claimed, one.involved) == (3, 4)
    assert one.paper is not None
    assert one.paper.value == 3 / 4


def test_in_practice_only_what_lasts_counts() -> None:
    one = version()
    lasting = durability(reading(), POLICY, POLICY.durable_horizon, "same_issue", "v1")

    assert one.practice is not None
    assert lasting is not None
    assert 0 < lasting.value < 1
    assert one.practice.value == pytest.approx(lasting.value * 3 / 4, abs=1e-6)
    assert one.practice.lower95 == pytest.approx(lasting.lower * 3 / 4, abs=1e-6)


def test_what_did_not_hold_is_told_less_what_was_no_failure() -> None:
    whole = reading()
    assert version().failed == 1
    failures = whole["cx_resolution_failures_total"]
    whole["cx_resolution_failures_retractions_total"] = dict(failures)

    assert [one.failed for one in overview.versions(whole, POLICY)] == [0]


def test_each_age_of_a_curve_is_the_estimate_of_all_others() -> None:
    """The versions are taken apart first, which must change nothing."""
    whole = reading()
    for held in version().curve:
        edge = next(edge for edge in POLICY.age_edges if edge == held.seconds * 1_000_000)
        wanted = durability(whole, POLICY, edge, "same_issue", "v1")
        got = None if held.durable is None else held.durable.value
        assert got == (None if wanted is None else round(wanted.value, 6))


def test_at_a_horizon_is_told_how_many_have_got_there() -> None:
    held = {one.age: (one.matured_durable, one.matured_failed) for one in version().curve}

    assert held["24h"] == (3, 0)
    assert held["7d"] == (2, 1)
    assert held["48h"] == (None, None)


def test_where_nothing_was_read_there_is_nothing() -> None:
    assert overview.counts({}) == {}
    assert list(overview.versions({}, POLICY)) == []
    assert list(overview.escalations({})) == []
    assert list(overview.silent_failures({})) == []
    assert list(overview.effort({})) == []
    assert (overview.missed({}), overview.blind({})) == ({}, ())


def test_what_no_source_told_of_is_no_zero() -> None:
    """Nobody wrote, was asked again or passed on, as far as was told; but there was a contact."""
    driver = Driver()
    driver.tell(started("ann", "09:00"), claimed("ann", "10:00"))
    (silent,) = overview.effort(driver.until("1d 12:00").reading())
    driver.tell(started("ben", "1d 13:00"), says("ben", "1d 13:01"), claimed("ben", "1d 14:00"))
    (told,) = overview.effort(driver.until("2d 16:00").reading())

    nothing = (None, None, None)
    assert (silent.contacts, silent.journeys) == (1.0, 1)
    assert (silent.customer_messages, silent.repeated_requests, silent.transfers) == nothing
    assert (told.customer_messages, told.repeated_requests, told.journeys) == (0.5, None, 2)


def test_what_was_taken_back_stands_no_more() -> None:
    labels = ("SF-04", "confirmed", "v1", "low")
    (one,) = overview.silent_failures(
        {
            "cx_conversations_total": {("chat", "billing", "inbound", "v1"): 60},
            "cx_conversations_retractions_total": {("chat", "billing", "inbound", "v1"): 10},
            "cx_silent_failures_total": {labels: 5},
            "cx_silent_failures_retractions_total": {labels: 2},
        }
    )

    assert (one.found, one.taken_back, one.standing, one.per_100) == (5, 2, 3, 6.0)


def test_a_kind_of_a_newer_worker_is_passed_over() -> None:
    counted: Reading = {"cx_silent_failures_total": {("SF-98", "confirmed", "v1", "low"): 5}}

    assert list(overview.silent_failures(counted)) == []


def test_a_verdict_that_was_overruled_counts_no_more() -> None:
    (one,) = overview.escalations(
        {
            "cx_handoffs_total": {("ai_human", "ai", "knowledge_gap", "v1"): 2},
            "cx_handoff_verdict_total": {
                ("ai_human", "needed", "knowledge_gap", "v1"): 2,
                ("ai_human", "unnecessary", "knowledge_gap", "v1"): 1,
            },
            "cx_handoff_verdict_retractions_total": {
                ("ai_human", "unnecessary", "knowledge_gap", "v1"): 1
            },
        }
    )

    assert (one.requested, one.ended, one.needed) == (2, {}, {"needed": 2})


def test_only_signals_that_are_blind_now_are_named() -> None:
    assert overview.blind({"cx_monitor_blind": {("a",): 0, ("b",): 1}}) == ("b",)


def test_every_kind_has_the_name_of_its_module() -> None:
    assert kinds() == NAMES
