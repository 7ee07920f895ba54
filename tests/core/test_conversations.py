"""Contacts: how many there were, in which the AI took part, and what is learnt of them."""

from __future__ import annotations

import pytest

from monitor.core.outputs import Contacted, Reopened
from schemas.published import EpisodeOutcome
from tests.build import (
    ai_says,
    claimed,
    handoff_requested,
    heartbeat,
    human_says,
    moment,
    reopened,
    said,
    says,
    spam_marked,
    started,
)
from tests.driver import Driver

DEMAND = "cx_conversations_total"
REPEAT = "cx_resolution_failure_causes_total"


def test_a_contact_is_counted_at_its_start() -> None:
    driver = (
        Driver()
        .tell(started("ann", "09:00", ai_version="v1", intent_group="refund", channel="email"))
        .until("10:00")
    )

    assert driver.counts(DEMAND, "channel", "intent_group", "origin", "ai_version") == {
        "email/refund/inbound/v1": 1
    }
    assert driver.counts("cx_identified_conversations_total", "channel") == {"email": 1}


def test_a_contact_whose_start_nobody_told_begins_with_the_customer_s_first_word() -> None:
    driver = Driver().tell(
        handoff_requested("ann", "08:00"), ai_says("ann", "08:30"), says("ann", "09:00")
    )

    assert driver.until("08:40").count(DEMAND) == 0
    assert driver.until("10:00").counts(DEMAND, "origin") == {"unknown": 1}
    assert driver.said(Contacted) == [Contacted("ann-1", None, moment("08:00"))]


@pytest.mark.parametrize(
    ("origin", "demand", "repeat"),
    [
        ("inbound", 1, 1),
        ("unheard_of", 1, 1),
        ("reply_to_proactive", 1, 0),
        ("proactive", 0, 0),
        ("transfer", 0, 0),
    ],
)
def test_origin_decides_what_is_demand_and_what_a_return(
    origin: str, demand: int, repeat: int
) -> None:
    driver = (
        Driver()
        .tell(
            claimed("ann", "09:00"),
            started("ann", "10:00", conversation_id="ann-2", origin=origin),
        )
        .until("11:00")
    )

    assert driver.count(DEMAND) == demand
    assert driver.count("cx_identified_conversations_total") == demand
    assert driver.count(REPEAT) == repeat


def test_a_customer_who_answers_a_contact_that_we_began_is_demand_but_no_return() -> None:
    driver = Driver().tell(
        claimed("ann", "09:00"),
        started("ann", "10:00", conversation_id="ann-2", origin="proactive"),
        ai_says("ann", "10:01", conversation_id="ann-2"),
        says("ann", "3d 10:00", conversation_id="ann-2"),
        ai_says("ann", "3d 10:01", conversation_id="ann-2"),
    )

    assert driver.until("11:00").count("cx_ai_involved_total") == 0
    assert driver.until("4d 00:00").counts(DEMAND, "origin") == {"reply_to_proactive": 1}
    assert driver.counts("cx_ai_involved_total", "origin") == {"reply_to_proactive": 1}
    assert driver.count(REPEAT) == 0


def test_who_answers_after_three_days_has_come_of_his_own() -> None:
    driver = (
        Driver()
        .tell(
            claimed("ann", "09:00"),
            started("ann", "10:00", conversation_id="ann-2", origin="proactive", intent="offer"),
            says("ann", "3d 10:00:01", conversation_id="ann-2"),
        )
        .until("4d 00:00")
    )

    assert driver.counts(DEMAND, "origin") == {"inbound": 1}
    assert driver.count(REPEAT) == 1


def test_an_automatic_answer_to_a_contact_that_we_began_is_no_demand() -> None:
    driver = Driver().tell(
        started("ann", "10:00", origin="proactive"), says("ann", "10:01", "auto_reply")
    )

    assert driver.until("11:00").count(DEMAND) == 0


def test_the_ai_takes_part_by_an_answer_once() -> None:
    driver = Driver().tell(
        started("ann", "09:00", ai_version="v1"),
        ai_says("ann", "09:01", "greeting"),
        ai_says("ann", "09:02", "question"),
    )
    assert driver.until("09:03").count("cx_ai_involved_total") == 0

    driver.tell(ai_says("ann", "09:04"), ai_says("ann", "09:05")).until("10:00")
    assert driver.counts("cx_ai_involved_total", "ai_version") == {"v1": 1}


def test_test_traffic_counts_as_read_and_as_nothing_else() -> None:
    driver = (
        Driver()
        .tell(started("ann", "09:00", test=True), claimed("ann", "10:00", test=True))
        .until("11:00")
    )

    assert set(driver.reading()) == {"cx_events_total"}
    assert [output for output in driver.outputs if isinstance(output, Contacted)] == []


def test_spam_takes_the_demand_back_once_as_it_was_counted() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"),
            said("intent.assigned", "09:01", {"conversation_id": "ann-1", "customer_ref": "ann"}),
            says("ann", "09:02", intent_group="refund", ai_version="v2"),
            spam_marked("ann", "10:00"),
            spam_marked("ann", "11:00"),
        )
        .until("12:00")
    )

    labels = ("channel", "intent_group", "origin", "ai_version")
    assert driver.counts("cx_conversations_retractions_total", *labels) == driver.counts(
        DEMAND, *labels
    )
    assert driver.count(DEMAND) == 1


def test_spam_that_was_no_demand_takes_nothing_back() -> None:
    driver = Driver().tell(started("ann", "09:00", origin="proactive"), spam_marked("ann", "10:00"))

    assert driver.until("11:00").count("cx_conversations_retractions_total") == 0


@pytest.mark.parametrize(
    ("first", "second", "cause"),
    [
        ("chat", "chat", "repeat_same_channel"),
        ("chat", "email", "repeat_other_channel"),
        ("chat", None, "repeat_same_channel"),
        (None, "email", "repeat_same_channel"),
    ],
)
def test_another_channel_is_one_that_is_known_to_be_another(
    first: str | None, second: str | None, cause: str
) -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00", channel=first),
            claimed("ann", "10:00"),
            started("ann", "11:00", conversation_id="ann-2", channel=second),
        )
        .until("12:00")
    )

    assert driver.counts(REPEAT, "cause") == {cause: 1}


def test_a_contact_fails_the_claims_of_every_journey_it_comes_back_to() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "08:00", conversation_id="a", intent="x", intent_group="x"),
            claimed("ann", "09:00", conversation_id="a"),
            started("ann", "10:00", conversation_id="b", intent="y", intent_group="y"),
            claimed("ann", "11:00", conversation_id="b"),
            started("ann", "12:00", conversation_id="c", intent="y", intent_group="y"),
        )
        .until("13:00")
    )

    assert [
        (outcome.conversation_id, outcome.match) for outcome in driver.said(EpisodeOutcome)
    ] == [("a", "any_intent"), ("b", "same_intent")]


def test_every_reopening_is_told() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"),
            reopened("ann", "10:00"),
            reopened("ann", "11:00", "customer"),
            reopened("ann", "12:00", "system"),
        )
        .until("13:00")
    )

    assert [output.at for output in driver.said(Reopened)] == [
        moment("10:00"),
        moment("11:00"),
        moment("12:00"),
    ]


def test_the_version_that_answered_last_answers_for_the_conversation() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00", ai_version="v1"),
            ai_says("ann", "09:01", ai_version="v2"),
            ai_says("ann", "09:02", "question", ai_version="v3"),
            human_says("ann", "09:03"),
            claimed("ann", "10:00"),
            claimed("ben", "10:00", ai_version="v4"),
            claimed("cid", "10:00"),
        )
        .until("11:00")
    )

    assert driver.counts("cx_resolutions_claimed_total", "ai_version") == {
        "v2": 1,
        "v4": 1,
        "none": 1,
    }


def test_one_conversation_under_two_customers_is_two_contacts() -> None:
    # Which of them it was nobody can say; they may live on different partitions.
    driver = (
        Driver()
        .tell(
            started("ann", "09:00", conversation_id="c"),
            started("ben", "09:00", conversation_id="c", id="other"),
            claimed("ann", "10:00", conversation_id="c"),
            says("ben", "11:00", conversation_id="c"),
        )
        .until("12:00")
    )

    assert driver.count(DEMAND) == 2
    assert driver.said(EpisodeOutcome) == []


def test_a_heartbeat_begins_nothing() -> None:
    driver = Driver().tell(heartbeat("09:00")).until("10:00")

    assert driver.tracker.customers == {}


def test_an_older_answer_that_comes_late_is_not_the_one_that_was_claimed_to_help() -> None:
    driver = Driver().tell(
        started("ann", "09:00"),
        ai_says("ann", "09:30", ai_version="v2", gen_ai_response_id="r-7"),
    )
    driver.until("11:00").tell(
        ai_says("ann", "09:20", ai_version="v1", gen_ai_response_id="r-6"),
        claimed("ann", "12:00"),
    )
    (outcome,) = driver.until("1d 13:00").said(EpisodeOutcome)

    assert (outcome.ai_version, outcome.gen_ai_response_id) == ("v2", "r-7")
