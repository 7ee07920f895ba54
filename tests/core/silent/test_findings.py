"""A finding is raised once for its subject, upgraded, and taken back, with counts to match."""

from __future__ import annotations

from monitor.core.policy import Policy
from monitor.core.silent.findings import SilentFailure, forget_subject, raise_finding, retract
from monitor.core.state import Customer, Mark, Raised
from monitor.core.step import Step
from monitor.core.totals import Totals
from schemas.published import Confidence, Finding
from schemas.vocabulary import ValueBand
from tests.build import (
    claimed,
    handoff,
    handoff_requested,
    moment,
    promised,
    says,
    started,
)
from tests.driver import Driver

FOUND = "cx_silent_failures_total"
RETRACTED = "cx_silent_failures_retractions_total"
OPEN = "cx_silent_failures_open"
ODD = SilentFailure("SF-99", "Odd")


def findings(driver: Driver, sf: str) -> list[Finding]:
    return [finding for finding in driver.said(Finding) if finding.sf == sf]


def test_a_finding_says_who_was_failed_and_by_what_it_is_proved() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00", intent_group="refund", ai_version="v1"),
            claimed("ann", "10:00"),
            says("ann", "11:00"),
        )
        .until("12:00")
    )
    (finding,) = findings(driver, "SF-01")

    assert (finding.conversation_id, finding.channel) == ("ann-1", "chat")
    assert (finding.intent_group, finding.ai_version) == ("refund", "v1")
    assert [proof.event_id for proof in finding.evidence] == [
        claimed("ann", "10:00").id,
        says("ann", "11:00").id,
    ]
    assert not finding.retracted


def test_certainty_only_rises_and_each_step_takes_the_last_one_back() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"),
            claimed("ann", "10:00"),
        )
        .until("10:00")
    )
    customer = driver.tracker.customers["ann"]
    step = Step(customer, driver.policy, driver.tracker.totals, moment("11:00"), moment("11:00"))
    proof = (Mark("e", "desk", "cx.x.v1", moment("10:30")),)
    conversation = customer.conversations["ann-1"]
    for confidence in (
        Confidence.SUSPECTED,
        Confidence.CONFIRMED,
        Confidence.PROBABLE,
        Confidence.CONFIRMED,
    ):
        raise_finding(step, ODD, "it", conversation, confidence, proof)

    first, second = (output for output in step.outputs if isinstance(output, Finding))
    assert (first.confidence, first.replaces) == ("suspected", None)
    assert (second.confidence, second.replaces) == ("confirmed", first.id)
    assert driver.counts(FOUND, "sf", "confidence") == {
        "SF-99/confirmed": 1,
        "SF-99/suspected": 1,
    }
    assert driver.counts(RETRACTED, "sf", "confidence") == {"SF-99/suspected": 1}


def test_what_is_taken_back_was_counted_under_the_version_it_is_taken_from() -> None:
    driver = (
        Driver()
        .tell(
            handoff_requested("ann", "09:00", ai_version="v1"),
            says("ann", "10:00", ai_version="v2"),
            handoff("accepted", "ann", "11:00", ai_version="v3"),
        )
        .until("12:00")
    )

    assert driver.counts(FOUND, "ai_version") == driver.counts(RETRACTED, "ai_version") == {"v1": 1}
    raised, retracted = driver.said(Finding)
    assert retracted.retracted
    assert (retracted.replaces, retracted.ai_version) == (raised.id, "v1")
    assert [proof.type for proof in retracted.evidence] == ["cx.handoff.accepted.v1"]


def test_nothing_that_was_not_said_is_taken_back() -> None:
    step = Step(Customer("ann"), Policy(), Totals(), 0, 0)
    retract(step, ODD, "it", None)

    assert (step.outputs, step.totals.counts) == ([], {})


def test_what_was_said_is_remembered_as_long_as_its_conversation() -> None:
    driver = Driver().tell(handoff_requested("ann", "09:00"), promised("ann", "09:00", "10:00"))
    customer = driver.until("2d 00:00").tracker.customers["ann"]
    assert set(customer.raised) == {"SF-05:h1", "SF-09:p1"}
    assert {raised.conversation_id for raised in customer.raised.values()} == {"ann-1"}
    assert isinstance(customer.raised["SF-05:h1"], Raised)

    driver.tell(started("ann", "15d 00:00", conversation_id="ann-2")).until("15d 00:00")
    assert customer.raised == {}


def test_the_same_names_months_later_make_another_finding() -> None:
    driver = Driver()
    for at, due in (("09:00", "10:00"), ("60d 09:00", "60d 10:00")):
        driver.tell(handoff_requested("ann", at), promised("ann", at, due))
    driver.until("90d 00:00")

    assert len({finding.id for finding in driver.said(Finding)}) == 4
    assert driver.tracker.customers == {}


def test_a_finding_is_open_until_it_is_taken_back_or_forgotten() -> None:
    driver = Driver().tell(handoff_requested("ann", "09:00"), promised("ann", "09:00", "10:00"))
    driver.until("12:00")
    assert driver.counts(OPEN, "sf") == {"SF-05": 1, "SF-09": 1}

    driver.tell(handoff("accepted", "ann", "13:00")).until("13:00")
    assert driver.counts(OPEN, "sf") == {"SF-09": 1}

    driver.until("90d 00:00")
    assert driver.tracker.customers == {}
    assert driver.counts(OPEN, "sf") == {}


def test_a_finding_on_no_conversation_can_be_taken_back_until_its_subject_is_forgotten() -> None:
    step = Step(Customer("ann"), Policy(), Totals(), 0, 0)
    cell = ("SF-99", "confirmed", "unknown", "high")
    raise_finding(step, ODD, "it", None, Confidence.CONFIRMED, (), None, ValueBand.HIGH)
    assert step.totals.get(OPEN, *cell) == 1

    forget_subject(step, ODD, "it")
    assert step.totals.get(OPEN, *cell) == 0
    assert not retract(step, ODD, "it", None)
