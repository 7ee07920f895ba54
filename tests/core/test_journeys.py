"""Which contacts belong together: the linking rules, strongest first, and how journeys end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.policy import Policy
from tests.build import (
    ai_says,
    claimed,
    closed,
    handoff_requested,
    message,
    promised,
    said,
    says,
    started,
)
from tests.driver import Driver

REFUND = {"intent": "refund/where", "intent_group": "refund"}
PARCEL = {"intent": "parcel/where", "intent_group": "shipping"}


def pair(first: dict[str, Any], second: dict[str, Any], at: str, policy: Policy) -> Driver:
    """One contact with a claim, and a second contact on the same channel."""
    driver = Driver(policy).tell(
        started("ann", "00:00", **first),
        claimed("ann", "00:00"),
        started("ann", at, **{"conversation_id": "ann-2"} | second),
    )
    return driver.until(at)


def related(
    first: dict[str, Any], second: dict[str, Any], at: str, policy: Policy | None = None
) -> tuple[list[str], bool]:
    """How the second contact matches the first, and whether it joins the first's journey."""
    driver = pair(first, second, at, policy or Policy())
    joined = driver.count("cx_journeys_total") == 1
    return list(driver.counts("cx_resolution_failure_causes_total", "match")), joined


@pytest.mark.parametrize(
    ("first", "second", "match"),
    [
        (REFUND | {"case_id": "7"}, PARCEL | {"case_id": "7"}, "explicit"),
        (REFUND, PARCEL | {"in_reply_to": "ann-1"}, "explicit"),
        (REFUND | {"entity_ref": "o1"}, PARCEL | {"entity_ref": "o1"}, "explicit"),
        (REFUND, REFUND, "same_intent"),
        (REFUND, REFUND | {"intent": "refund/how"}, "compatible"),
        ({}, {}, "any_intent"),
        (REFUND, {}, "any_intent"),
    ],
)
def test_each_rule_joins_the_contact_to_the_journey(
    first: dict[str, Any], second: dict[str, Any], match: str
) -> None:
    assert related(first, second, "20:00") == ([match], True)


def test_another_matter_counts_as_a_return_for_any_reason_but_does_not_join() -> None:
    assert related(REFUND, PARCEL, "20:00") == (["any_intent"], False)
    assert related({}, REFUND, "20:00") == (["any_intent"], False)


def test_a_pair_that_policy_holds_compatible_joins() -> None:
    policy = replace(Policy(), compatible_groups=frozenset({frozenset({"refund", "shipping"})}))

    assert related(REFUND, PARCEL, "20:00", policy) == (["compatible"], True)
    assert related(PARCEL, REFUND, "20:00", policy) == (["compatible"], True)


def test_only_the_strongest_match_is_counted() -> None:
    everything = REFUND | {"case_id": "7", "entity_ref": "o1"}
    by_entity = REFUND | {"entity_ref": "o1"}

    assert related(everything, everything, "20:00") == (["explicit"], True)
    assert related(by_entity, by_entity, "20:00") == (["explicit"], True)
    assert related(REFUND, REFUND, "20:00") == (["same_intent"], True)


@pytest.mark.parametrize(
    ("said_of_both", "last", "too_late"),
    [
        ({"entity_ref": "o1"} | REFUND, "7d 00:00", "7d 00:00:01"),
        (REFUND, "7d 00:00", "7d 00:00:01"),
        (PARCEL, "14d 00:00", "14d 00:00:01"),
        ({"intent_group": "billing"}, "29d 00:00", None),
    ],
)
def test_a_contact_joins_within_the_gap_of_its_group(
    said_of_both: dict[str, Any], last: str, too_late: str | None
) -> None:
    assert related(said_of_both, said_of_both, last)[1]
    if too_late is not None:
        assert related(said_of_both, said_of_both, too_late) == ([], False)


def test_the_gap_is_counted_from_the_last_sign_of_life() -> None:
    driver = Driver().tell(
        started("ann", "00:00", **REFUND),
        says("ann", "5d 00:00"),
        started("ann", "12d 00:00", conversation_id="ann-2", **REFUND),
        started("ann", "19d 00:00:01", conversation_id="ann-3", **REFUND),
    )

    assert driver.until("20d 00:00").count("cx_journeys_total") == 2


def test_a_contact_exactly_at_the_gap_joins_though_nothing_is_open() -> None:
    def journeys(at: str) -> float:
        driver = Driver().tell(
            started("ann", "00:00", **REFUND),
            started("ann", at, conversation_id="ann-2", **REFUND),
        )
        return driver.until(at).count("cx_journeys_total")

    assert journeys("7d 00:00") == 1
    assert journeys("7d 00:00:00.000001") == 2


@pytest.mark.parametrize(
    "machine",
    [
        closed("ann", "6d 00:00", "system"),
        claimed("ann", "6d 00:00", by="system", basis="inactivity_timeout"),
        message("ann", "6d 00:00", "system", "other", {}),
    ],
)
def test_what_a_machine_does_by_itself_is_no_sign_of_life(machine: Any) -> None:
    driver = Driver().tell(
        started("ann", "00:00", **REFUND),
        machine,
        started("ann", "8d 00:00", conversation_id="ann-2", **REFUND),
    )

    assert driver.until("8d 00:00").count("cx_journeys_total") == 2


def test_what_the_ai_says_is_a_sign_of_life() -> None:
    driver = Driver().tell(
        started("ann", "00:00", **REFUND),
        ai_says("ann", "6d 00:00"),
        started("ann", "8d 00:00", conversation_id="ann-2", **REFUND),
    )

    assert driver.until("8d 00:00").count("cx_journeys_total") == 1


def test_a_case_joins_after_any_gap_while_the_journey_is_remembered() -> None:
    assert related({"case_id": "7"}, {"case_id": "7"}, "20d 00:00") == (["explicit"], True)


def test_unknown_intent_joins_for_a_day_and_counts_for_a_week() -> None:
    assert related(REFUND, {}, "24:00") == (["any_intent"], True)
    assert related(REFUND, {}, "24:00:01") == (["any_intent"], False)
    assert related(REFUND, {}, "7d 00:00") == (["any_intent"], False)
    assert related(REFUND, {}, "7d 00:00:01") == ([], False)


def test_the_word_unknown_is_no_intent_that_two_contacts_share() -> None:
    unknown = {"intent": "unknown", "intent_group": "unknown", "entity_ref": "unknown"}

    assert related(unknown, unknown, "20:00") == (["any_intent"], True)


@pytest.mark.parametrize("assurance", ["device", "none"])
def test_who_only_seems_to_be_the_customer_joins_by_nothing_but_the_case(assurance: str) -> None:
    seeming = {"identity_assurance": assurance, "entity_ref": "o1"} | REFUND

    assert related({"entity_ref": "o1"} | REFUND, seeming, "20:00") == (["any_intent"], False)
    assert related(REFUND, seeming, "7d 00:00:01") == ([], False)
    assert related({"case_id": "7"}, seeming | {"case_id": "7"}, "20:00") == (["explicit"], True)


def test_a_contact_joins_the_journey_that_it_matches_best() -> None:
    driver = Driver().tell(
        started("ann", "00:00", conversation_id="a", **REFUND, entity_ref="o1"),
        started("ann", "01:00", conversation_id="b", **PARCEL),
        started("ann", "02:00", conversation_id="c", **PARCEL | {"entity_ref": "o1"}),
    )
    journeys = driver.until("03:00").tracker.customers["ann"].journeys

    assert [journey.conversations for journey in journeys.values()] == [["a", "c"], ["b"]]


def test_of_two_alike_matches_the_later_journey_is_joined() -> None:
    driver = Driver().tell(
        started("ann", "00:00", conversation_id="a", **REFUND),
        started("ann", "01:00", conversation_id="b", **PARCEL),
        started("ann", "10:00", conversation_id="d"),
    )
    journeys = driver.until("11:00").tracker.customers["ann"].journeys

    assert [journey.conversations for journey in journeys.values()] == [["a"], ["b", "d"]]


def test_two_customers_never_share_a_journey() -> None:
    driver = Driver().tell(
        started("ann", "00:00", case_id="7"), started("ben", "01:00", case_id="7")
    )

    assert driver.until("02:00").count("cx_journeys_total") == 2


def test_a_contact_heard_of_before_its_start_moves_with_all_it_brought() -> None:
    driver = Driver().tell(
        started("ann", "00:00", case_id="7"),
        handoff_requested("ann", "01:00", conversation_id="ann-2"),
        started("ann", "02:00", conversation_id="ann-2", case_id="7"),
    )
    customer = driver.until("03:00").tracker.customers["ann"]

    assert [journey.conversations for journey in customer.journeys.values()] == [["ann-1", "ann-2"]]
    assert customer.handoffs["h1"].conversation_id == "ann-2"


def test_a_journey_stays_while_a_claim_is_on_trial() -> None:
    driver = Driver().tell(started("ann", "00:00"), claimed("ann", "00:00", "human"))

    assert driver.until("29d 23:00").tracker.customers["ann"].journeys != {}
    assert driver.until("38d 00:00").tracker.customers == {}


def test_two_journeys_of_one_customer_end_each_in_its_time() -> None:
    driver = Driver().tell(
        started("ann", "00:00", **REFUND),
        claimed("ann", "00:00", "human"),
        started("ann", "00:00", conversation_id="ann-2", **PARCEL),
        claimed("ann", "1d 00:00", "human", conversation_id="ann-2"),
    )

    assert len(driver.until("29d 23:59").tracker.customers["ann"].journeys) == 2
    assert set(driver.until("30d 00:00").tracker.customers["ann"].journeys) == {2}
    driver.until("31d 00:00")
    assert driver.tracker.customers == {} or not driver.tracker.customers["ann"].journeys


def test_a_conversation_is_a_contact_once() -> None:
    driver = Driver().tell(
        says("ann", "00:00"),
        started("ann", "01:00"),
        started("ann", "02:00"),
        said("intent.assigned", "03:00", {"conversation_id": "ann-1", "customer_ref": "ann"}),
    )

    assert driver.until("04:00").count("cx_journeys_total") == 1
    assert driver.count("cx_conversations_total") == 1


def test_who_first_speaks_in_a_conversation_known_before_is_back_for_what_joined_it() -> None:
    driver = Driver().tell(
        promised("ann", "08:00", due="20:00", **REFUND),
        started("ann", "09:00", conversation_id="ann-2", **REFUND),
        claimed("ann", "09:10", conversation_id="ann-2"),
        claimed("ann", "09:20"),
        says("ann", "10:00", "thanks"),
    )

    assert driver.until("10:00").count("cx_journeys_total") == 1
    assert driver.counts("cx_resolution_failures_total", "bound") == {
        "any_issue": 1,
        "same_issue": 1,
    }


def test_who_answers_a_contact_of_ours_late_is_back_for_what_it_was_about() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "00:00", case_id="7"),
            claimed("ann", "00:10"),
            started("ann", "01:00", conversation_id="ann-2", origin="proactive", case_id="7"),
            says("ann", "3d 02:00", conversation_id="ann-2"),
        )
        .until("4d 00:00")
    )

    assert driver.counts("cx_resolution_failures_total", "bound") == {
        "any_issue": 1,
        "explicit": 1,
        "same_issue": 1,
    }
