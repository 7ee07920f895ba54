"""What counts as a claim, whose claims are followed, and what ends a trial without a verdict."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.core.outputs import Claimed
from schemas.published import EpisodeOutcome
from tests.build import (
    ai_says,
    claimed,
    closed,
    deleted,
    merged,
    reopened,
    says,
    spam_marked,
    started,
)
from tests.driver import Driver

CLAIMS = "cx_resolutions_claimed_total"
CENSORED = "cx_resolution_censored_total"
MATURED = "cx_resolutions_matured_total"


def test_a_claim_is_counted_by_who_made_it_and_on_what_ground() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00", intent_group="refund"),
            ai_says("ann", "09:01", ai_version="v2"),
            claimed("ann", "10:00", basis="customer_confirmed"),
        )
        .until("11:00")
    )

    assert driver.counts(CLAIMS, "by", "basis", "ai_version", "intent_group") == {
        "ai/customer_confirmed/v2/refund": 1
    }


def test_while_a_claim_stands_another_says_nothing_new() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"), claimed("ann", "10:00"), claimed("ann", "11:00", by="system")
        )
        .until("12:00")
    )

    assert len(driver.said(Claimed)) == driver.count(CLAIMS) == 1
    assert driver.count("cx_resolutions_at_risk", bound="explicit") == 1


def test_a_claim_after_a_failure_is_a_new_one() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"),
            claimed("ann", "10:00"),
            says("ann", "11:00"),
            claimed("ann", "12:00"),
            says("ann", "12:30"),
        )
        .until("13:00")
    )

    assert driver.count(CLAIMS) == 2
    assert [outcome.age_seconds for outcome in driver.said(EpisodeOutcome)] == [3600, 1800]
    assert len({outcome.episode_id for outcome in driver.said(EpisodeOutcome)}) == 2


def test_a_return_for_another_matter_does_not_reopen_the_claim() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"),
            claimed("ann", "10:00"),
            started("ann", "11:00", conversation_id="ann-2"),
            claimed("ann", "12:00"),
        )
        .until("13:00")
    )

    assert driver.count(CLAIMS) == 1


def test_two_conversations_have_their_claims_side_by_side() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00", case_id="7"),
            claimed("ann", "10:00"),
            started("ann", "11:00", conversation_id="ann-2", case_id="7"),
            claimed("ann", "12:00", conversation_id="ann-2"),
            started("ann", "13:00", conversation_id="ann-3", case_id="7"),
        )
        .until("14:00")
    )

    assert [outcome.age_seconds for outcome in driver.said(EpisodeOutcome)] == [3600, 3600]
    assert [outcome.conversation_id for outcome in driver.said(EpisodeOutcome)] == [
        "ann-1",
        "ann-2",
    ]


@pytest.mark.parametrize("assurance", ["none", "device"])
def test_who_is_not_known_again_leaves_the_denominator_and_is_counted(assurance: str) -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00", identity_assurance=assurance),
            claimed("ann", "10:00", identity_assurance=assurance),
            claimed("ann", "10:30", identity_assurance=assurance),
            says("ann", "11:00", identity_assurance=assurance),
            claimed("ann", "12:00", identity_assurance=assurance),
            says("ann", "12:01", "thanks", identity_assurance=assurance),
        )
        .until("13:00")
    )

    assert driver.count(CLAIMS) == len(driver.said(Claimed)) == 2
    assert driver.count("cx_conversations_total") == 1
    assert driver.count("cx_identified_conversations_total") == 0
    assert driver.count("cx_post_close_acks_total") == 1
    assert driver.tracker.totals.risk == {}
    assert driver.said(EpisodeOutcome) == []


@pytest.mark.parametrize(
    ("first", "then", "followed"),
    [
        ("device", None, False),
        ("none", None, False),
        ("verified", "device", False),
        ("device", "asserted", True),
        (None, None, True),
        ("verified", None, True),
    ],
)
def test_the_last_known_assurance_says_who_is_known_again(
    first: str | None, then: str | None, *, followed: bool
) -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00", identity_assurance=first),
            claimed("ann", "10:00", identity_assurance=then),
        )
        .until("11:00")
    )

    assert bool(driver.tracker.totals.risk) is followed


def test_a_conversation_without_a_customer_can_be_claimed_but_not_followed() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00", customer_ref=None),
            claimed("ann", "10:00", customer_ref=None),
            reopened("ann", "11:00", customer_ref=None),
            claimed("ann", "12:00", customer_ref=None),
        )
        .until("13:00")
    )

    assert driver.count(CLAIMS) == 2
    assert driver.tracker.totals.risk == {}


def test_who_becomes_known_before_the_claim_is_followed() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00", identity_assurance="none"),
            says("ann", "09:10"),
            claimed("ann", "10:00"),
        )
        .until("11:00")
    )

    assert driver.count("cx_resolutions_at_risk", bound="explicit") == 1


@pytest.mark.parametrize("basis", ["bulk", "merge"])
def test_what_was_swept_up_with_others_claims_nothing_and_ends_the_trial(basis: str) -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"),
            claimed("ann", "10:00"),
            claimed("ann", "12:00", by="human", basis=basis),
            says("ann", "13:00"),
        )
        .until("14:00")
    )

    assert driver.count(CLAIMS) == 1
    assert driver.counts(CENSORED, "reason") == {basis: 1}
    assert driver.hours_exposed() == {"1h": 1.0, "6h": 1.0}
    assert [outcome.verdict for outcome in driver.said(EpisodeOutcome)] == ["censored"]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (merged("ann", "12:00", into="ann-2"), "merge"),
        (spam_marked("ann", "12:00"), "spam"),
        (deleted("ann", "12:00"), "deletion"),
    ],
)
def test_a_conversation_that_goes_takes_its_claim_out_of_the_trial(end: Any, reason: str) -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"),
            claimed("ann", "10:00"),
            end,
            says("ann", "13:00"),
        )
        .until("40d 00:00")
    )
    (censored,) = driver.said(EpisodeOutcome)

    assert (censored.verdict, censored.reason, censored.age_seconds) == ("censored", reason, 7200)
    assert driver.counts(CENSORED, "reason") == {reason: 1}
    assert driver.count("cx_resolutions_at_risk") == 0
    assert driver.count(MATURED) == 0


def test_a_claim_out_of_the_trial_is_forgotten() -> None:
    driver = Driver().tell(started("ann", "09:00"), claimed("ann", "10:00"))
    driver.tell(merged("ann", "12:00", into="ann-2")).until("13:00")

    assert driver.tracker.customers["ann"].episodes == {}


def test_a_trial_that_ends_while_a_reopening_is_in_doubt_ends_without_a_verdict() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"),
            claimed("ann", "10:00"),
            reopened("ann", "11:00"),
            merged("ann", "11:01", into="ann-2"),
            closed("ann", "11:02"),
        )
        .until("40d 00:00")
    )

    assert [outcome.verdict for outcome in driver.said(EpisodeOutcome)] == ["censored"]
    assert driver.count("cx_mistaken_reopens_total") == 0


def test_a_claim_that_has_failed_already_is_not_censored() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"),
            claimed("ann", "10:00"),
            says("ann", "11:00"),
            merged("ann", "12:00", into="ann-2"),
        )
        .until("40d 00:00")
    )

    assert driver.count(CENSORED) == 0
    assert driver.counts(MATURED, "result") == {"failed": 12}


def test_what_had_failed_by_one_reading_before_stays_failed() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"),
            claimed("ann", "10:00"),
            started("ann", "11:00", conversation_id="ann-2"),
            merged("ann", "12:00", into="ann-2"),
        )
        .until("40d 00:00")
    )

    assert driver.counts(CENSORED, "reason") == {"merge": 1}
    assert driver.counts(MATURED, "bound", "result") == {"any_issue/failed": 4}
    assert driver.count("cx_resolutions_at_risk") == 0


def test_after_a_censored_claim_a_new_one_is_followed() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"),
            claimed("ann", "10:00"),
            claimed("ann", "11:00", by="human", basis="bulk"),
            claimed("ann", "12:00"),
        )
        .until("13:00")
    )

    assert driver.count(CLAIMS) == 2
    assert driver.count("cx_resolutions_at_risk", bound="explicit") == 1


def test_a_contact_that_we_began_claims_nothing() -> None:
    driver = (
        Driver()
        .tell(started("ann", "09:00", origin="proactive"), claimed("ann", "10:00"))
        .until("11:00")
    )

    assert driver.count(CLAIMS) == 0
    assert driver.tracker.totals.risk == {}


@pytest.mark.parametrize(
    ("then", "named"),
    [
        (ai_says("ann", "09:40", "question", gen_ai_response_id="r-8"), "r-7"),
        (ai_says("ann", "09:40", visibility="internal", gen_ai_response_id="r-8"), "r-7"),
        (says("ann", "09:40", gen_ai_response_id="r-8"), "r-7"),
        (ai_says("ann", "09:40", gen_ai_response_id="r-8"), "r-8"),
        (ai_says("ann", "09:40"), None),
    ],
)
def test_the_response_named_is_that_of_the_last_answer(then: Any, named: str | None) -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"),
            ai_says("ann", "09:10", "greeting", gen_ai_response_id="r-6"),
            ai_says("ann", "09:30", gen_ai_response_id="r-7"),
            then,
            claimed("ann", "10:00"),
        )
        .until("1d 12:00")
    )
    (outcome,) = driver.said(EpisodeOutcome)

    assert outcome.gen_ai_response_id == named


@pytest.mark.parametrize("kind", ["unknown", "other"])
def test_where_no_answer_is_told_as_such_the_last_message_of_the_ai_is_named(kind: str) -> None:
    driver = (
        Driver()
        .tell(
            ai_says("ann", "09:10", kind, gen_ai_response_id="r-6"),
            ai_says("ann", "09:20", kind, gen_ai_response_id="r-7"),
            claimed("ann", "10:00"),
        )
        .until("1d 12:00")
    )
    (outcome,) = driver.said(EpisodeOutcome)

    assert outcome.gen_ai_response_id == "r-7"


def test_an_outcome_names_the_answer_that_was_claimed_to_help() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00", ai_version="v1", intent_group="refund", channel="email"),
            ai_says("ann", "09:30", ai_version="v2", gen_ai_response_id="r-7"),
            claimed("ann", "10:00", gen_ai_conversation_id="g-1"),
            ai_says("ann", "11:00", ai_version="v3", gen_ai_response_id="r-8"),
            says("ann", "12:00"),
        )
        .until("13:00")
    )
    (failed,) = driver.said(EpisodeOutcome)

    assert (failed.ai_version, failed.intent_group, failed.channel) == ("v2", "refund", "email")
    assert (failed.gen_ai_conversation_id, failed.gen_ai_response_id) == ("g-1", "r-7")
    assert [proof.type for proof in failed.evidence] == [
        "cx.resolution.claimed.v1",
        "cx.message.created.v1",
    ]


def test_what_was_said_before_a_claim_does_not_end_it_although_nobody_is_followed() -> None:
    nobody: dict[str, Any] = {"customer_ref": None, "partitionkey": "x", "conversation_id": "x"}
    driver = Driver().tell(claimed("x", "08:43", by="human", **nobody)).until("20:00")
    driver.tell(says("x", "08:31", **nobody), says("x", "20:10", "thanks", **nobody))

    assert driver.until("21:00").counts("cx_post_close_acks_total", "kind") == {"thanks": 1}
