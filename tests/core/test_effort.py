"""What a journey costs its customer: counted once, for whom it was, until when it was asked."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.core.effort import OWNERS
from monitor.core.moments import DAY, HOUR, MINUTE
from monitor.core.policy import Policy
from schemas.published import JourneyOutcome
from tests.build import (
    ai_says,
    claimed,
    closed,
    deleted,
    handoff,
    handoff_requested,
    human_says,
    merged,
    moment,
    reopened,
    said,
    says,
    spam_marked,
    started,
)
from tests.driver import Driver

COUNTS = ("contacts", "channels", "transfers", "customer_messages", "repeated_requests")
REFUND = {"intent": "refund", "intent_group": "billing"}


def waited(driver: Driver, at: str, journey: str = "ann-1") -> dict[str, float]:
    """In minutes, on whom the conversation of a journey has waited until then."""
    (effort,) = [
        customer.conversations[journey].effort
        for customer in driver.tracker.customers.values()
        if journey in customer.conversations
    ]
    passed = [*(effort.waited or [0] * 4)]
    if effort.waits_on >= 0:
        passed[effort.waits_on] += max(0, moment(at) - effort.since)
    return {owner: length / MINUTE for owner, length in zip(OWNERS, passed, strict=True) if length}


def seen(driver: Driver, name: str) -> dict[str, float]:
    """What a histogram of journeys summed up to, by checkpoint and outcome."""
    return driver.counts(f"cx_journey_{name}_sum", "at", "outcome")


def ended(driver: Driver) -> dict[str, float]:
    """The effort of the one journey that has ended."""
    (outcome,) = driver.said(JourneyOutcome)
    return dict(outcome.effort)


def test_the_customer_waits_from_the_start_until_the_first_answer() -> None:
    driver = Driver().tell(started("ann", "09:00"), ai_says("ann", "09:04")).until("10:00")
    assert waited(driver, "09:30") == {"company": 4, "customer": 26}


def test_the_customer_waits_for_whoever_has_the_conversation() -> None:
    driver = Driver().tell(
        started("ann", "09:00"),
        ai_says("ann", "09:01"),
        says("ann", "09:10"),
        handoff_requested("ann", "09:12"),
        handoff("accepted", "ann", "09:17"),
        human_says("ann", "09:20"),
        says("ann", "09:30"),
        human_says("ann", "09:31"),
    )
    driver.until("10:00")
    # 9 and 10 minutes until the customer wrote; 2 for the AI; 5 in the queue; 3 and 1 for a human.
    assert waited(driver, "09:31") == {
        "company": 1 + 5,
        "customer": 9 + 10,
        "ai": 2,
        "human": 3 + 1,
    }


@pytest.mark.parametrize("kind", ["ack", "thanks", "auto_reply"])
def test_thanks_ask_for_nothing(kind: str) -> None:
    driver = Driver().tell(
        started("ann", "09:00"), ai_says("ann", "09:00"), says("ann", "09:10", kind)
    )
    assert waited(driver.until("10:00"), "09:30") == {"customer": 30}


@pytest.mark.parametrize("outcome", ["empty", "failed"])
def test_a_turn_that_says_nothing_answers_nothing(outcome: str) -> None:
    driver = Driver().tell(started("ann", "09:00"), ai_says("ann", "09:01", turn_outcome=outcome))
    assert waited(driver.until("10:00"), "09:30") == {"company": 1, "ai": 29}


def test_internal_notes_neither_ask_nor_answer() -> None:
    driver = Driver().tell(
        started("ann", "09:00"),
        human_says("ann", "09:01", visibility="internal"),
        says("ann", "09:02", visibility="internal"),
    )
    assert waited(driver.until("10:00"), "09:30") == {"company": 30}
    assert ended(driver.until("40d 00:00"))["customer_messages"] == 0


@pytest.mark.parametrize(
    "stop",
    [
        claimed("ann", "09:05"),
        closed("ann", "09:05"),
        closed("ann", "09:05", "system"),
        merged("ann", "09:05", "elsewhere"),
        deleted("ann", "09:05"),
    ],
    ids=lambda event: event.type,
)
def test_the_clock_stops_until_the_customer_asks_again(stop: object) -> None:
    told = (
        started("ann", "09:00"),
        ai_says("ann", "09:01"),
        says("ann", "09:02"),
        stop,
        human_says("ann", "09:10"),
        says("ann", "09:20", "thanks"),
        reopened("ann", "09:25"),
    )
    driver = Driver().tell(*told)  # type: ignore[arg-type]  # a parameter is an object
    assert waited(driver.until("10:00"), "09:30") == {"company": 1, "customer": 1, "ai": 3}

    driver.tell(says("ann", "10:30")).until("11:00")
    assert waited(driver, "10:40") == {"company": 1, "customer": 1, "ai": 3, "human": 10}


@pytest.mark.parametrize("basis", ["bulk", "merge"])
def test_what_claims_nothing_stops_no_clock(basis: str) -> None:
    driver = Driver().tell(started("ann", "09:00"), claimed("ann", "09:05", basis=basis))
    assert waited(driver.until("10:00"), "09:30") == {"company": 30}


def test_a_message_that_turns_out_to_be_thanks_stops_the_clock_again() -> None:
    unknown = says("ann", "09:20", "unknown", message_id="m9")
    thanks = says("ann", "09:24", "thanks", message_id="m9")
    driver = Driver().tell(
        started("ann", "09:00"), ai_says("ann", "09:00"), claimed("ann", "09:10"), unknown, thanks
    )
    assert waited(driver.until("10:00"), "10:00") == {"customer": 10, "ai": 4}
    assert ended(driver.until("100d 00:00"))["customer_messages"] == 1


def test_of_a_contact_that_we_began_the_clock_starts_with_the_customer() -> None:
    driver = Driver().tell(
        started("ann", "09:00", origin="proactive"),
        ai_says("ann", "09:01"),
        says("ann", "10:00"),
        ai_says("ann", "10:05"),
    )
    assert waited(driver.until("11:00"), "10:10") == {"ai": 5, "customer": 5}


def test_what_comes_late_changes_only_what_came_before_it() -> None:
    driver = Driver().tell(started("ann", "09:00"), says("ann", "09:30")).until("12:00")
    driver.tell(ai_says("ann", "10:00"))
    assert waited(driver, "13:00") == {"company": 60, "customer": 180}

    driver.tell(closed("ann", "09:45"))
    assert waited(driver, "13:00") == {"company": 60, "customer": 180}


def test_effort_is_counted_at_each_checkpoint_and_at_the_end() -> None:
    driver = Driver().tell(
        started("ann", "09:00", **REFUND),
        says("ann", "09:01"),
        ai_says("ann", "09:02", "asks_known_info"),
        says("ann", "09:03", "auto_reply"),
        closed("ann", "09:05"),
        started("ann", "2d 09:00", conversation_id="ann-2", channel="email", **REFUND),
        human_says("ann", "2d 10:00", "asks_known_info", conversation_id="ann-2"),
        says("ann", "2d 11:00", conversation_id="ann-2"),
        handoff_requested("ann", "2d 11:10", conversation_id="ann-2", kind="human_human"),
        handoff("transferred", "ann", "2d 11:20", conversation_id="ann-2", queue="tier2"),
        closed("ann", "2d 12:00", conversation_id="ann-2"),
    )
    driver.until("60d 00:00")

    early, late = (1, 1, 0, 1, 1), (2, 2, 2, 2, 2)
    for name, first, then in zip(COUNTS, early, late, strict=True):
        want = {"24h/open": first, "7d/open": then, "end/open": then}
        assert seen(driver, name) == {key: n for key, n in want.items() if n}
    minutes = (2, 2 + 60 + 60)
    assert seen(driver, "wait_seconds") == {
        "24h/open": 60 * minutes[0],
        "7d/open": 60 * minutes[1],
        "end/open": 60 * minutes[1],
    }
    assert driver.counts("cx_journey_contacts_count", "at") == {"24h": 1, "7d": 1, "end": 1}


def test_at_the_very_moment_of_a_checkpoint_it_is_too_late() -> None:
    def messages(at: str) -> float:
        driver = Driver().tell(started("ann", "09:00"), says("ann", at)).until("2d 00:00")
        return seen(driver, "customer_messages").get("24h/open", 0)

    assert messages("1d 08:59:59.999999") == 1
    assert messages("1d 09:00") == 0


def test_the_end_says_on_whom_the_journey_had_waited() -> None:
    driver = Driver().tell(
        started("ann", "09:00"),
        ai_says("ann", "09:02"),
        says("ann", "09:12"),
        ai_says("ann", "09:15"),
        claimed("ann", "09:15"),
    )
    owners = driver.until("7d 00:00").counts("cx_journey_owner_seconds_total", "owner")
    assert owners == {}

    driver.until("40d 00:00")
    assert driver.counts("cx_journey_owner_seconds_total", "owner", "outcome") == {
        "ai/durable": 180,
        "company/durable": 120,
        "customer/durable": 600,
    }
    effort = ended(driver)
    assert effort["wait_seconds"] == 300
    assert [effort[f"{owner}_seconds"] for owner in OWNERS] == [180, 0, 120, 600]


def test_who_is_never_answered_waits_to_the_end_of_the_journey() -> None:
    driver = Driver().tell(started("ann", "09:00"), says("ann", "10:00")).until("20d 00:00")

    assert seen(driver, "wait_seconds") == {
        "24h/open": 86_400,
        "7d/open": 7 * 86_400,
        "end/open": (7 * DAY + HOUR + 1) / 1_000_000,
    }


def test_a_journey_that_ends_before_a_checkpoint_is_observed_at_it_with_its_end() -> None:
    policy = Policy(gap=2 * HOUR, gap_by_intent_group={}, gap_unknown_intent=HOUR)
    driver = Driver(policy).tell(started("ann", "09:00"), ai_says("ann", "09:30"))
    driver.until("11:29")
    assert seen(driver, "wait_seconds") == {}

    driver.until("11:31")
    assert seen(driver, "wait_seconds") == {"24h/open": 1800, "7d/open": 1800, "end/open": 1800}
    assert seen(driver.until("20d 00:00"), "contacts") == {
        "24h/open": 1,
        "7d/open": 1,
        "end/open": 1,
    }


@pytest.mark.parametrize("origin", ["proactive", "transfer"])
def test_a_journey_without_demand_is_not_observed(origin: str) -> None:
    driver = Driver().tell(started("ann", "09:00", origin=origin), ai_says("ann", "09:30"))
    driver.until("20d 00:00")

    assert seen(driver, "wait_seconds") == {}
    assert driver.counts("cx_journey_owner_seconds_total", "owner") == {}
    assert driver.said(JourneyOutcome) == []


def test_spam_took_no_effort() -> None:
    driver = Driver().tell(
        started("ann", "09:00", **REFUND),
        closed("ann", "09:10"),
        started("ann", "10:00", conversation_id="ann-2", **REFUND),
        says("ann", "10:01", conversation_id="ann-2"),
        spam_marked("ann", "10:30", conversation_id="ann-2"),
    )
    driver.until("60d 00:00")

    assert seen(driver, "contacts")["end/open"] == 1
    assert seen(driver, "customer_messages") == {}
    assert seen(driver, "wait_seconds")["end/open"] == 600


def test_the_effort_of_united_journeys_is_added_up_and_observed_once() -> None:
    driver = Driver().tell(
        started("ann", "09:00", intent="refund", intent_group="billing"),
        says("ann", "09:00"),
        closed("ann", "09:10"),
        started("ann", "12:00", conversation_id="ann-2", intent="parcel", intent_group="shipping"),
        says("ann", "12:00", conversation_id="ann-2"),
        closed("ann", "12:20", conversation_id="ann-2"),
    )
    assert seen(driver.until("1d 10:00"), "contacts") == {"24h/open": 1}

    driver.tell(merged("ann", "1d 10:30", into="ann-1", conversation_id="ann-2"))
    driver.until("40d 00:00")

    assert seen(driver, "contacts") == {"24h/open": 1, "7d/open": 2, "end/open": 2}
    assert seen(driver, "channels")["end/open"] == 1
    assert seen(driver, "wait_seconds")["end/open"] == 600 + 1200
    assert driver.counts("cx_journey_contacts_count", "at") == {"24h": 1, "7d": 1, "end": 1}


def test_the_clock_goes_on_after_a_restart() -> None:
    driver = Driver().tell(started("ann", "09:00"), ai_says("ann", "09:01"), says("ann", "09:02"))
    driver.until("10:00").restart().tell(ai_says("ann", "10:30")).until("11:00").restart()

    assert waited(driver, "10:40") == {"company": 1, "customer": 1 + 10, "ai": 88}


def times(driver: Driver) -> dict[str, float]:
    """Minutes to resolution, by stage."""
    sums = driver.counts("cx_time_to_resolution_seconds_sum", "stage")
    return {stage: seconds / 60 for stage, seconds in sums.items()}


def test_time_to_resolution_runs_from_the_first_question_to_the_first_claim() -> None:
    driver = Driver().tell(
        started("ann", "09:00", **REFUND),
        says("ann", "09:05"),
        ai_says("ann", "09:06", ai_version="v7"),
        claimed("ann", "09:10"),
        says("ann", "09:20"),
        claimed("ann", "09:30"),
    )
    driver.until("10:00")

    assert times(driver) == {"first_claim": 5}
    assert driver.counts("cx_time_to_resolution_seconds_count", "stage", "ai_version") == {
        "first_claim/v7": 1
    }


def test_without_a_question_it_runs_from_the_first_contact() -> None:
    driver = Driver().tell(started("ann", "09:00"), claimed("ann", "09:10")).until("10:00")
    assert times(driver) == {"first_claim": 10}


def test_where_neither_is_known_nothing_is_measured() -> None:
    driver = Driver().tell(claimed("ann", "09:10"), claimed("ann", "09:20")).until("10:00")
    assert times(driver) == {}


def test_a_later_contact_of_the_journey_has_no_first_claim() -> None:
    driver = Driver().tell(
        started("ann", "09:00", **REFUND),
        claimed("ann", "09:10"),
        started("ann", "2d 09:00", conversation_id="ann-2", **REFUND),
        claimed("ann", "2d 09:30", conversation_id="ann-2"),
    )
    assert times(driver.until("3d 00:00")) == {"first_claim": 10}

    # The claim that held is the second; it took the customer two days and half an hour.
    driver.until("20d 00:00")
    assert times(driver) == {"first_claim": 10, "durable": 2 * 24 * 60 + 30}


def test_a_journey_is_durable_once_though_two_claims_hold() -> None:
    driver = Driver().tell(
        started("ann", "09:00"),
        claimed("ann", "09:10", issue_id="i1"),
        claimed("ann", "09:40", issue_id="i2"),
    )
    assert times(driver.until("40d 00:00")) == {"first_claim": 10, "durable": 10}


def test_a_claim_that_failed_is_not_durable() -> None:
    driver = Driver().tell(
        started("ann", "09:00"), claimed("ann", "09:10"), says("ann", "1d 09:00")
    )
    assert times(driver.until("40d 00:00")) == {"first_claim": 10}


def test_whom_nobody_knows_is_measured_to_the_claim_and_no_further() -> None:
    who: dict[str, Any] = {"customer_ref": None, "identity_assurance": None}
    driver = Driver().tell(started("ann", "09:00", **who), claimed("ann", "09:10", **who))
    assert times(driver.until("40d 00:00")) == {"first_claim": 10}


def test_what_one_event_says_of_a_message_twice_is_one_message() -> None:
    driver = Driver().tell(
        started("ann", "09:00"),
        says("ann", "09:01", message_id="m1"),
        said("intent.assigned", "09:02", {"conversation_id": "ann-1", "customer_ref": "ann"}),
        says("ann", "09:03", message_id="m1", id="said again"),
    )
    assert ended(driver.until("20d 00:00"))["customer_messages"] == 1
