"""Links between references: who is one customer, and what becomes of what was known of each."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from monitor.core.outputs import Duplicate
from monitor.core.step import is_identified
from schemas.published import EpisodeOutcome, Finding
from tests.build import (
    ai_says,
    claimed,
    handoff,
    handoff_requested,
    linked,
    moment,
    promised,
    says,
    started,
)
from tests.driver import Driver

if TYPE_CHECKING:
    from schemas.envelope import Envelope

FAILURES = "cx_resolution_failures_total"
LINKS = "cx_identity_links_total"
LATE = "cx_identity_late_links_total"
SAME = {"intent": "where", "intent_group": "other"}


def resolved(customer: str, at: str, end: str, **more: str) -> list[Envelope]:
    return [started(customer, at, **SAME, **more), claimed(customer, end, **SAME, **more)]


@pytest.mark.parametrize("assurance", ["verified", "asserted"])
def test_a_contact_under_another_name_fails_the_claim(assurance: str) -> None:
    driver = Driver().tell(*resolved("ann", "09:00", "09:30"))
    driver.tell(linked("ben", "ann", "10:00", assurance), started("ben", "11:00", **SAME))
    driver.until("12:00")

    assert driver.counts(FAILURES, "bound") == {
        "any_issue": 1,
        "same_issue": 1,
    }
    assert driver.counts(LINKS, "assurance") == {assurance: 1}


def test_without_a_link_they_are_strangers() -> None:
    driver = Driver().tell(*resolved("ann", "09:00", "09:30"), started("ben", "11:00", **SAME))
    driver.until("12:00")

    assert driver.counts(FAILURES, "bound") == {}


def test_what_was_known_of_the_other_moves_to_the_smaller_reference() -> None:
    driver = Driver().tell(*resolved("ben", "09:00", "09:30"), linked("ben", "ann", "10:00"))
    driver.until("11:00")
    ann, ben = driver.tracker.customers["ann"], driver.tracker.customers["ben"]

    assert ann.conversations.keys() == {"ben-1"}
    assert ann.deadlines.keys() >= {f"age:{next(iter(ann.episodes))}", "journey:1"}
    assert ben.alias is not None
    assert ben.alias.to == "ann"
    assert (ben.conversations, ben.episodes, ben.journeys) == ({}, {}, {})
    assert ben.deadlines.keys() == {"alias:"}


def test_events_that_came_under_the_larger_reference_go_on_with_the_smaller() -> None:
    driver = Driver().tell(*resolved("ben", "09:00", "09:30"), linked("ann", "ben", "10:00"))
    driver.tell(says("ben", "11:00")).until("12:00")

    assert driver.counts(FAILURES, "bound") == {
        "any_issue": 1,
        "explicit": 1,
        "same_issue": 1,
    }


def test_no_failure_is_counted_backwards() -> None:
    driver = Driver().tell(*resolved("ann", "09:00", "09:30"), started("ben", "10:00", **SAME))
    driver.tell(linked("ann", "ben", "11:00")).until("12:00")
    assert driver.counts(FAILURES, "bound") == {}

    driver.tell(started("ben", "13:00", **SAME, conversation_id="ben-2")).until("14:00")
    assert driver.counts(FAILURES, "bound") == {"any_issue": 1, "same_issue": 1}


def test_a_link_counts_from_its_moment_whenever_it_arrives_within_the_lateness() -> None:
    events = [
        *resolved("ann", "09:00", "09:30"),
        linked("ann", "ben", "10:00"),
        started("ben", "10:00:30", **SAME),
    ]
    counted = [
        Driver().tell(*order).until("12:00").counts(FAILURES, "bound", "age")
        for order in permutations(events)
    ]

    assert counted == [{"any_issue/1h": 1, "same_issue/1h": 1}] * 24


CIRCLE = [("ann", "ben"), ("ben", "cid"), ("cid", "ann")]


@pytest.mark.parametrize("order", list(permutations(CIRCLE)))
@pytest.mark.parametrize("turned", [False, True])
def test_links_unite_the_same_in_any_order_and_direction(
    order: list[tuple[str, str]], *, turned: bool
) -> None:
    driver = Driver()
    for hour, name in enumerate(("cid", "ann", "ben"), start=6):
        driver.tell(*resolved(name, f"{hour:02}:00", f"{hour:02}:30"))
    for minute, (one, other) in enumerate(order):
        pair = (other, one) if turned else (one, other)
        driver.tell(linked(*pair, f"10:0{minute}"))
    driver.until("11:00")
    row = driver.tracker.customers["ann"]

    assert sorted(row.conversations) == ["ann-1", "ben-1", "cid-1"]
    assert {row.alias.to for row in driver.tracker.customers.values() if row.alias} <= {
        "ann",
        "ben",
    }
    assert driver.count(LINKS) == 2
    driver.tell(started("cid", "12:00", **SAME, conversation_id="cid-2")).until("13:00")
    assert driver.counts(FAILURES, "bound") == {"any_issue": 3, "same_issue": 3}


def test_a_link_that_is_repeated_unites_nothing() -> None:
    driver = Driver().tell(linked("ann", "ben", "09:00"), linked("ben", "ann", "10:00"))
    driver.tell(linked("ann", "ben", "09:00")).until("11:00")

    assert driver.count(LINKS) == 1
    assert len(driver.said(Duplicate)) == 1


def test_a_link_may_come_before_anything_is_heard_of_either() -> None:
    driver = Driver().tell(linked("ann", "ben", "08:00"))
    driver.tell(*resolved("ben", "09:00", "09:30"), started("ann", "11:00", **SAME)).until("12:00")

    assert driver.counts(FAILURES, "bound") == {"any_issue": 1, "same_issue": 1}
    assert driver.count(LATE) == 0


def test_a_reference_cannot_be_linked_with_itself() -> None:
    driver = Driver().tell(linked("ann", "ann", "08:00"), linked("ann", "ann", "08:00", "none"))
    driver.tell(*resolved("ann", "07:00", "07:30")).until("12:00")

    assert driver.count(LINKS) == 0
    assert driver.counts("cx_resolution_censored_total", "reason") == {}


def test_a_link_is_late_when_something_known_has_to_move() -> None:
    driver = Driver().tell(*resolved("ann", "09:00", "09:30"), linked("ann", "ben", "10:00"))
    driver.until("11:00")
    assert driver.count(LATE) == 0

    driver.tell(started("cid", "09:00"), linked("ben", "cid", "12:00")).until("13:00")
    assert driver.count(LATE) == 1


def test_journeys_are_numbered_after_those_of_the_smaller_reference_by_their_start() -> None:
    driver = Driver().tell(started("ann", "12:00"), started("ben", "10:00", intent="a"))
    # It comes late, so it has got the higher number.
    driver.until("12:30").tell(started("ben", "09:00", intent="b", conversation_id="ben-0"))
    driver.tell(linked("ann", "ben", "13:00")).until("14:00")
    row = driver.tracker.customers["ann"]

    assert {number: one.conversations for number, one in row.journeys.items()} == {
        1: ["ann-1"],
        2: ["ben-0"],
        3: ["ben-1"],
    }
    assert [one.journey for one in row.conversations.values()] == [1, 2, 3]
    assert {f"journey:{number}" for number in (1, 2, 3)} <= row.deadlines.keys()


def test_a_contact_joins_the_youngest_journey_of_either_reference() -> None:
    driver = Driver().tell(started("ann", "12:00", **SAME), started("ben", "09:00", **SAME))
    driver.tell(linked("ann", "ben", "13:00"))
    driver.tell(started("ben", "14:00", **SAME, conversation_id="ben-2")).until("15:00")
    row = driver.tracker.customers["ann"]

    assert row.conversations["ben-2"].journey == row.conversations["ann-1"].journey


def test_a_trial_goes_on_at_its_age() -> None:
    one, two = (Driver().tell(*resolved("ben", "09:00", "09:30")) for _ in range(2))
    one.tell(linked("ann", "ben", "12:00"))
    for driver in (one, two):
        driver.until("40d 00:00")

    assert one.hours_exposed() == two.hours_exposed()
    assert one.counts("cx_resolutions_matured_total", "horizon", "result") == two.counts(
        "cx_resolutions_matured_total", "horizon", "result"
    )
    assert {n for n, _ in one.tracker.totals.risk.values()} == {0}


def test_what_is_waited_for_is_waited_for_with_the_other() -> None:
    driver = Driver().tell(started("ben", "09:00"), handoff_requested("ben", "09:01"))
    driver.tell(promised("ben", "09:02", due="13:00"), linked("ann", "ben", "09:10"))
    driver.tell(handoff("accepted", "ben", "11:00")).until("3d 00:00")

    assert driver.counts("cx_handoff_terminal_total", "outcome") == {"served_late": 1}
    assert driver.counts("cx_commitments_total", "outcome") == {"broken": 1}
    assert driver.counts("cx_commitments_overdue", "kind") == {"callback": 1}
    overdue, retracted = (one for one in driver.said(Finding) if one.sf == "SF-05")
    assert (overdue.retracted, retracted.retracted) == (False, True)


def test_findings_that_stand_are_counted_once() -> None:
    driver = Driver().tell(started("ben", "09:00"), handoff_requested("ben", "09:01"))
    driver.until("10:00").tell(linked("ann", "ben", "10:30")).until("11:00")
    assert driver.count("cx_silent_failures_open", sf="SF-05") == 1

    driver.until("200d 00:00")
    assert driver.count("cx_silent_failures_open", sf="SF-05") == 0


def test_a_name_is_forgotten_when_it_was_not_used_for_long() -> None:
    driver = Driver().tell(linked("ann", "ben", "00:00"), started("ben", "30d 00:00"))
    driver.until("119d 23:00")
    assert driver.tracker.customers["ben"].alias is not None

    driver.until("120d 00:00")
    assert driver.tracker.customers == {}
    driver.tell(started("ben", "121d 00:00", conversation_id="ben-2")).until("122d 00:00")
    assert list(driver.tracker.customers) == ["ben"]


def test_a_link_that_is_repeated_is_remembered_anew() -> None:
    driver = Driver().tell(linked("ann", "ben", "00:00"), linked("ann", "ben", "30d 00:00"))
    driver.until("119d 23:00")

    assert driver.tracker.customers["ben"].alias is not None


def test_a_repeat_is_known_by_the_name_it_came_under() -> None:
    driver = Driver().tell(*resolved("ben", "09:00", "09:30"), linked("ann", "ben", "10:00"))
    driver.until("11:00").tell(*resolved("ben", "09:00", "09:30")).until("12:00")

    assert len(driver.said(Duplicate)) == 2
    assert driver.count("cx_resolutions_claimed_total") == 1


def test_a_restart_between_link_and_return_changes_nothing() -> None:
    driver = Driver().tell(*resolved("ann", "09:00", "09:30"), linked("ann", "ben", "10:00"))
    driver.restart().until("10:30").restart()
    driver.tell(started("ben", "11:00", **SAME)).restart().until("12:00").restart()

    assert driver.counts(FAILURES, "bound") == {"any_issue": 1, "same_issue": 1}


# Half-way a customer logs in: one conversation under two references.


def test_a_conversation_under_two_references_is_one() -> None:
    driver = (
        Driver()
        .tell(
            started("dev", "09:00", conversation_id="c", identity_assurance="device"),
            says("dev", "09:01", conversation_id="c"),
            ai_says("dev", "09:02", conversation_id="c", ai_version="v1"),
            says("ann", "09:10", conversation_id="c"),
            claimed("ann", "09:30", conversation_id="c"),
            linked("ann", "dev", "09:40"),
        )
        .until("10:00")
    )
    row = driver.tracker.customers["ann"]
    (conversation,) = row.conversations.values()
    (journey,) = row.journeys.values()

    assert conversation.started_at == journey.started_at == moment("09:00")
    assert conversation.journey == journey.id
    assert journey.conversations == ["c"]
    assert is_identified(conversation)
    assert conversation.answered_by_version == "v1"
    assert conversation.effort.customer_messages == 2
    driver.tell(says("dev", "11:00", conversation_id="c")).until("12:00")
    assert driver.counts(FAILURES, "bound") == {"any_issue": 1, "explicit": 1, "same_issue": 1}


def test_a_conversation_under_two_references_makes_one_of_their_journeys() -> None:
    driver = (
        Driver()
        .tell(
            started("dev", "08:00", conversation_id="d", **SAME),
            started("dev", "09:00", conversation_id="c", **SAME),
            says("ann", "09:10", conversation_id="c", **SAME),
            started("ann", "09:20", conversation_id="a", **SAME),
            linked("ann", "dev", "09:40"),
        )
        .until("10:00")
    )
    row = driver.tracker.customers["ann"]
    (journey,) = row.journeys.values()

    assert journey.started_at == moment("08:00")
    assert sorted(journey.conversations) == ["a", "c", "d"]
    assert {one.journey for one in row.conversations.values()} == {journey.id}


def test_what_waits_in_a_conversation_is_as_the_last_to_hear_it_knows() -> None:
    driver = (
        Driver()
        .tell(
            started("dev", "09:00", conversation_id="c"),
            ai_says("dev", "09:01", conversation_id="c"),
            says("dev", "09:02", conversation_id="c"),
            ai_says("ann", "09:03", conversation_id="c"),
            linked("ann", "dev", "09:04"),
        )
        .until("10:00")
    )

    assert driver.counts("cx_silent_failures_total", "sf") == {}


# A link is taken back: who is who is not known any more.


def test_when_identity_is_lost_the_claims_on_trial_leave_it() -> None:
    driver = Driver().tell(*resolved("ann", "07:00", "07:30"), *resolved("cid", "08:00", "08:30"))
    driver.tell(linked("ann", "ben", "09:00"), linked("cid", "ben", "09:10"))
    driver.tell(linked("ann", "cid", "10:00", "none")).until("11:00")

    assert driver.counts("cx_resolution_censored_total", "reason") == {"identity_loss": 2}
    (one, other) = driver.said(EpisodeOutcome)
    assert {one.reason, other.reason} == {"identity_loss"}
    driver.tell(*resolved("cid", "12:00", "12:30", conversation_id="cid-2"))
    driver.tell(started("ann", "13:00", **SAME, conversation_id="ann-2")).until("14:00")
    assert driver.counts(FAILURES, "bound") == {"any_issue": 1, "same_issue": 1}


def test_between_strangers_there_is_nothing_to_lose() -> None:
    driver = Driver().tell(*resolved("ann", "07:00", "07:30"))
    driver.tell(linked("ann", "ben", "10:00", "none"), linked("ann", "ben", "10:00", "unknown"))
    driver.until("11:00")

    assert driver.counts("cx_resolution_censored_total", "reason") == {}
    assert driver.count(LINKS) == 0
