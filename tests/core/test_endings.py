"""A journey ends once, tells what became of it, and is corrected while it is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from monitor.core.moments import DAY, datetime_of
from monitor.core.policy import Policy
from schemas.published import Evidence, JourneyOutcome
from tests.build import (
    acted,
    ai_says,
    claimed,
    clock,
    closed,
    fulfilled,
    handoff_requested,
    merged,
    moment,
    promised,
    said,
    says,
    spam_marked,
    started,
)
from tests.driver import Driver

if TYPE_CHECKING:
    from monitor.core.state import Journey
    from schemas.envelope import Envelope

REFUND = {"intent": "refund", "intent_group": "refunds"}


def resolved(by: str = "ai") -> Driver:
    """The story of most tests: a question, an answer, a claim that holds."""
    return Driver().tell(
        started("ann", "09:00", ai_version="v1", **REFUND),
        says("ann", "09:00"),
        ai_says("ann", "09:01", ai_version="v2", gen_ai_response_id="r1"),
        claimed("ann", "09:02", by, id="the claim"),
    )


def signal(kind: str, at: str, **more: Any) -> Envelope:
    """A word from outside: a chargeback, a complaint."""
    known = {"customer_ref": "ann", "identity_assurance": "verified", "kind": kind}
    return said("external.signal", at, {"id": f"{kind} {at}"} | known | more)


def journeys(driver: Driver) -> list[Journey]:
    customer = driver.tracker.customers.get("ann")
    return [] if customer is None else list(customer.journeys.values())


def told(driver: Driver) -> list[tuple[str, str | None]]:
    """Of each record on a journey its verdict and its cause."""
    return [(one.verdict, one.cause) for one in driver.said(JourneyOutcome)]


def names(evidence: tuple[Evidence, ...]) -> list[str]:
    return [one.event_id for one in evidence]


def test_a_journey_ends_at_the_microsecond_after_its_gap() -> None:
    driver = Driver().tell(started("ann", "09:00"), closed("ann", "10:00")).until("7d 10:00")
    assert told(driver) == []

    driver.until("7d 10:01")
    (outcome,) = driver.said(JourneyOutcome)
    assert outcome.decided_at == datetime_of(moment("7d 10:00") + 1)
    assert (outcome.verdict, outcome.started_at) == ("open", clock("09:00"))
    assert journeys(driver) == []


@pytest.mark.parametrize(
    ("open_", "until"),
    [
        (claimed("ann", "09:05", "human"), "30d 09:05"),
        (handoff_requested("ann", "5d 09:05"), "14d 09:05"),
        (promised("ann", "09:05", "19d 09:05"), "28d 06:41"),
    ],
    ids=["claim", "handoff", "promise"],
)
def test_a_journey_ends_when_the_last_thing_in_it_is_decided(open_: Envelope, until: str) -> None:
    driver = Driver(Policy(verdict_wait=9 * DAY)).tell(started("ann", "09:00"), open_)
    driver.until("100d 00:00")

    (outcome,) = driver.said(JourneyOutcome)
    assert outcome.decided_at == clock(until)


def test_an_event_that_closes_the_last_open_thing_ends_it() -> None:
    driver = Driver().tell(started("ann", "09:00"), claimed("ann", "09:05", "human"))
    driver.tell(spam_marked("bob", "10d 09:00"), merged("ann", "12d 09:00", "x", actor="system"))
    driver.until("13d 00:00")

    (outcome,) = driver.said(JourneyOutcome)
    assert (outcome.verdict, outcome.decided_at) == ("open", clock("12d 09:00"))


def test_what_closes_it_late_ends_it_no_earlier_than_its_gap() -> None:
    driver = Driver().tell(started("ann", "09:00"), claimed("ann", "09:05", "human"))
    driver.until("10d 00:00").tell(merged("ann", "5d 00:00", "elsewhere", actor="system"))

    (outcome,) = driver.said(JourneyOutcome)
    assert outcome.decided_at == datetime_of(moment("7d 09:05") + 1)


def test_a_sign_of_life_keeps_an_overdue_journey_going() -> None:
    driver = Driver().tell(
        started("ann", "09:00"),
        promised("ann", "09:05", "19d 09:05"),
        says("ann", "10d 00:00"),
        fulfilled("ann", "11d 00:00"),
    )
    driver.until("100d 00:00")

    (outcome,) = driver.said(JourneyOutcome)
    # The promise is judged when its time and its grace, a tenth of the way there, have passed.
    assert outcome.decided_at == clock("21d 06:41")


def test_an_ended_journey_matches_no_new_contact() -> None:
    driver = resolved().until("40d 00:00")
    assert [journey.ended for journey in journeys(driver)] == [True]

    driver.tell(started("ann", "40d 02:00", conversation_id="ann-2", in_reply_to="ann-1", **REFUND))
    assert [one.ended for one in journeys(driver.until("41d 00:00"))] == [True, False]
    assert driver.count("cx_journeys_total") == 2


def test_it_is_remembered_while_a_claim_of_the_ai_can_be_contradicted() -> None:
    driver = resolved().until("60d 09:01")
    assert len(journeys(driver)) == 1

    assert journeys(driver.until("60d 09:02")) == []
    assert journeys(resolved("human").until("30d 09:02")) == []


def test_what_begins_in_an_ended_conversation_begins_it_anew() -> None:
    driver = resolved().until("40d 00:00")
    driver.tell(says("ann", "40d 01:00"), claimed("ann", "40d 02:00")).until("41d 00:00")

    assert driver.count("cx_conversations_total") == 2
    assert driver.count("cx_resolutions_claimed_total") == 2
    assert [journey.ended for journey in journeys(driver)] == [False]
    assert [one.verdict for one in driver.until("200d 00:00").said(JourneyOutcome)] == [
        "durable",
        "durable",
    ]


@pytest.mark.parametrize(
    "event",
    [
        closed("ann", "40d 01:00"),
        said(
            "feedback.received",
            "40d 01:00",
            {"conversation_id": "ann-1", "customer_ref": "ann"} | {"scale": "csat5", "value": 5},
        ),
    ],
    ids=lambda event: event.type,
)
def test_what_looks_back_leaves_a_journey_ended(event: Envelope) -> None:
    driver = resolved().until("40d 00:00").tell(event).until("50d 00:00")

    assert [journey.ended for journey in journeys(driver)] == [True]
    assert len(driver.until("100d 00:00").said(JourneyOutcome)) == 1


@pytest.mark.parametrize(("one", "into"), [("ann-1", "ann-2"), ("ann-2", "ann-1")])
def test_an_ended_journey_unites_with_no_other(one: str, into: str) -> None:
    driver = resolved().until("40d 00:00")
    driver.tell(
        started("ann", "40d 01:00", conversation_id="ann-2"),
        merged("ann", "40d 02:00", into, conversation_id=one),
    )
    assert [one.ended for one in journeys(driver.until("41d 00:00"))] == [True, False]


def test_the_record_of_a_journey_says_all_that_there_is_to_join() -> None:
    driver = resolved().tell(
        started("ann", "2d 09:00", conversation_id="ann-2", channel="email", **REFUND),
        ai_says("ann", "2d 09:05", conversation_id="ann-2", ai_version="v3"),
        claimed("ann", "2d 09:10", conversation_id="ann-2", id="again", gen_ai_response_id="r2"),
    )
    driver.until("40d 00:00")

    (outcome,) = driver.said(JourneyOutcome)
    assert outcome.conversations == ("ann-1", "ann-2")
    assert (outcome.verdict, outcome.claims, outcome.failures) == ("durable", 2, 1)
    assert (outcome.entry_ai_version, outcome.ai_version) == ("v1", "v3")
    assert (outcome.conversation_id, outcome.channel) == ("ann-2", "email")
    assert (outcome.claimed_at, outcome.claimed_by) == (clock("2d 09:10"), "ai")
    assert outcome.gen_ai_response_id == "r2"
    assert names(outcome.evidence) == ["again"]
    assert outcome.effort.contacts == 2
    assert outcome.replaces is None


def test_the_last_claim_is_that_of_the_last_time_whenever_it_is_decided() -> None:
    # The first claim has failed and stays on trial; the second is censored before that is over.
    driver = resolved().tell(
        says("ann", "10:00"),
        claimed("ann", "11:00", id="the last"),
        claimed("ann", "12:00", "system", basis="bulk"),
    )
    (outcome,) = driver.until("40d 00:00").said(JourneyOutcome)
    assert (outcome.verdict, names(outcome.evidence)) == ("open", ["the last"])
    assert (outcome.claims, outcome.failures) == (2, 1)


def test_it_is_corrected_with_the_effort_that_it_had_at_its_end() -> None:
    driver = resolved().tell(
        started("ann", "10:00", conversation_id="ann-2", origin="transfer", **REFUND)
    )
    driver.until("40d 00:00").tell(
        closed("ann", "41d 00:00", conversation_id="ann-2"),
        signal("chargeback", "45d 00:00", conversation_id="ann-1"),
    )
    first, second = driver.until("46d 00:00").said(JourneyOutcome)

    # A minute for the first answer; in the second conversation from 10:00 to the trial's end.
    assert first.effort.company_seconds == 60 * (1 + 30 * 24 * 60 - 58)
    assert second.effort == first.effort


def test_a_failed_journey_says_what_failed_it() -> None:
    driver = resolved().tell(says("ann", "1d 09:00", id="the return")).until("40d 00:00")

    (outcome,) = driver.said(JourneyOutcome)
    assert (outcome.verdict, outcome.cause, outcome.match) == ("failed", "reopen", "explicit")
    assert (outcome.claims, outcome.failures) == (1, 1)
    assert names(outcome.evidence) == ["the claim", "the return"]


def test_a_return_for_another_reason_does_not_fail_the_journey() -> None:
    other = {"intent": "parcel", "intent_group": "shipping", "conversation_id": "ann-2"}
    driver = resolved().tell(started("ann", "1d 09:00", **other)).until("60d 00:00")

    assert sorted(told(driver)) == [("durable", None), ("open", None)]


@pytest.mark.parametrize(
    "censoring",
    [claimed("ann", "10:00", "system", basis="bulk"), merged("ann", "10:00", "elsewhere")],
    ids=["bulk", "merge"],
)
def test_a_censored_claim_leaves_the_journey_open(censoring: Envelope) -> None:
    assert told(resolved().tell(censoring).until("40d 00:00")) == [("open", None)]


def test_the_claim_of_whom_nobody_knows_is_open() -> None:
    who: dict[str, Any] = {"customer_ref": None, "identity_assurance": None}
    driver = Driver().tell(started("ann", "09:00", **who), claimed("ann", "09:10", **who))

    assert told(driver.until("40d 00:00")) == [("open", None)]


def test_a_chargeback_after_the_end_corrects_what_was_told() -> None:
    driver = resolved().until("40d 00:00")
    (first,) = driver.said(JourneyOutcome)
    driver.tell(signal("chargeback", "45d 00:00", conversation_id="ann-1")).until("46d 00:00")

    _, second = driver.said(JourneyOutcome)
    assert (first.verdict, second.verdict) == ("durable", "failed")
    assert (second.cause, second.failures) == ("contradicted", 1)
    assert second.replaces == first.id
    assert second.effort == first.effort
    assert second.decided_at == clock("45d 00:00")
    assert names(second.evidence) == ["the claim", "chargeback 45d 00:00"]
    assert second.journey == first.journey


def test_it_is_corrected_once() -> None:
    driver = (
        resolved()
        .until("40d 00:00")
        .tell(
            signal("chargeback", "45d 00:00", conversation_id="ann-1"),
            signal("complaint", "46d 00:00", conversation_id="ann-1"),
        )
    )
    assert told(driver.until("70d 00:00")) == [("durable", None), ("failed", "contradicted")]


@pytest.mark.parametrize(
    "late",
    [
        signal("review_negative", "45d 00:00", conversation_id="ann-1"),
        signal("chargeback", "45d 00:00"),
        signal("chargeback", "60d 09:02", conversation_id="ann-1"),
    ],
    ids=["review", "about nothing", "too late"],
)
def test_what_does_not_contradict_the_claim_corrects_nothing(late: Envelope) -> None:
    driver = resolved().until("40d 00:00").tell(late).until("100d 00:00")
    assert [verdict for verdict, _ in told(driver) if verdict == "failed"] == []


def test_a_claim_contradicted_after_its_trial_fails_a_journey_that_goes_on() -> None:
    driver = resolved().tell(
        says("ann", "25d 00:00", "thanks"),
        acted("ann", "29d 00:00", "ai"),
        signal("complaint", "32d 00:00", conversation_id="ann-1"),
    )
    assert told(driver.until("31d 00:00")) == []
    assert told(driver.until("60d 00:00")) == [("failed", "contradicted")]


def test_a_correction_after_a_restart_names_what_it_replaces() -> None:
    driver = resolved().until("40d 00:00").restart()
    driver.tell(signal("chargeback", "45d 00:00", conversation_id="ann-1")).until("46d 00:00")

    first, second = driver.said(JourneyOutcome)
    assert second.replaces == first.id
