"""The edge cases of the domain's law, one test for each: decided once, and held to.

What a rule does at its edges is tested beside the rule; here is, for each case, what it decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.decode import CONVERSATIONS
from schemas.published import EpisodeOutcome, Finding, HandoffOutcome
from tests.build import (
    OFFICE_HOURS,
    ai_says,
    claimed,
    closed,
    handoff,
    handoff_requested,
    human_says,
    issue_opened,
    merged,
    message,
    moment,
    reopened,
    says,
    spam_marked,
    started,
)
from tests.driver import Driver

if TYPE_CHECKING:
    from schemas.envelope import Envelope

CLAIMS = "cx_resolutions_claimed_total"
FAILURES = "cx_resolution_failures_total"
AT_RISK = "cx_resolutions_at_risk"
DEMAND = "cx_conversations_total"
REFUND = {"intent": "refund/where", "intent_group": "refund"}
SECOND = {"conversation_id": "ann-2"}


def told(*events: Envelope, until: str = "40d 00:00") -> Driver:
    return Driver().tell(*events).until(until)


def verdicts(driver: Driver) -> list[str]:
    return [outcome.verdict for outcome in driver.said(EpisodeOutcome)]


def found(driver: Driver) -> set[str]:
    return {finding.sf for finding in driver.said(Finding)} - {"SF-20"}


def ends(driver: Driver) -> list[str]:
    return [outcome.verdict for outcome in driver.said(HandoffOutcome)]


def test_late_event() -> None:
    driver = told(started("ann", "00:00"), claimed("ann", "00:00"), until="2d 00:00")
    driver.tell(says("ann", "00:30")).until("2d 01:00")
    assert driver.counts(FAILURES, "age") == {"1h": 3}

    driver.until("9d 00:00").tell(says("ann", "01:30"))
    assert driver.count("cx_events_total", result="late_applied") == 1
    assert driver.count("cx_events_total", result="late_dropped") == 1


def test_duplicate() -> None:
    story = (started("ann", "00:00"), claimed("ann", "01:00"), says("ann", "02:00"))
    once, twice = told(*story, until="03:00"), told(*story, *story, until="03:00")

    assert twice.count("cx_events_total", result="duplicate") == 3
    for name in (DEMAND, CLAIMS, FAILURES):
        assert twice.count(name) == once.count(name)


def test_out_of_order() -> None:
    story = (started("ann", "00:00"), claimed("ann", "01:00"), says("ann", "02:00"))
    forth, back = told(*story, until="03:00"), told(*reversed(story), until="03:00")
    assert [one.id for one in forth.said(EpisodeOutcome)] == [
        one.id for one in back.said(EpisodeOutcome)
    ]

    # A close that is older than what the customer wrote does not close it: the AI still has it.
    driver = told(
        started("ann", "09:00", **REFUND),
        ai_says("ann", "09:01"),
        says("ann", "09:30"),
        ai_says("ann", "09:31"),
        until="10:00",
    )
    driver.tell(closed("ann", "09:20"), started("ann", "10:30", **SECOND, **REFUND)).until("11:00")
    assert found(driver) == {"SF-15"}


def test_thank_you_after_close() -> None:
    thanks = says("ann", "02:00", "unknown", message_id="m")
    known = says("ann", "02:05", "thanks", message_id="m")
    but = says("ann", "03:00", "other")
    story = (started("ann", "00:00"), claimed("ann", "01:00"), closed("ann", "01:00"))

    grateful = told(*story, thanks, known, until="03:00")
    assert verdicts(grateful) == []
    assert grateful.counts("cx_post_close_acks_total", "kind") == {"thanks": 1}
    assert verdicts(grateful.tell(but).until("04:00")) == ["failed"]
    assert verdicts(told(*story, thanks, until="03:00")) == ["failed"]

    late = told(*story, thanks, says("ann", "02:30", "thanks", message_id="m"), until="03:00")
    assert verdicts(late) == ["failed", "retracted"]


def test_reopened_by_mistake() -> None:
    slip = (reopened("ann", "02:00"), closed("ann", "02:05"))
    story = (started("ann", "00:00"), claimed("ann", "01:00"))

    assert verdicts(told(*story, *slip, until="03:00")) == []
    assert verdicts(told(*story, *slip[:1], until="03:00")) == ["failed"]


def test_proactive_outreach() -> None:
    ours = (
        started("ann", "00:00", origin="proactive"),
        ai_says("ann", "00:01"),
        handoff_requested("ann", "00:02"),
        claimed("ann", "01:00"),
    )
    driver = told(*ours, until="02:00")
    for name in (DEMAND, CLAIMS, "cx_ai_involved_total", "cx_handoffs_total"):
        assert driver.count(name) == 0

    earlier = (started("ann", "00:00", **SECOND), claimed("ann", "00:30", **SECOND))
    soon = told(*earlier, *ours, says("ann", "2d 23:59"), until="4d 00:00")
    assert soon.counts(DEMAND, "origin") == {"inbound": 1, "reply_to_proactive": 1}
    assert soon.count(FAILURES) == 0


def test_spam_and_test_traffic() -> None:
    driver = told(
        started("ann", "00:00"),
        claimed("ann", "01:00"),
        spam_marked("ann", "02:00"),
        started("ben", "00:00", test=True),
        until="03:00",
    )

    assert driver.count(DEMAND) == driver.count("cx_conversations_retractions_total") == 1
    assert driver.counts("cx_resolution_censored_total", "reason") == {"spam": 1}
    assert driver.count(AT_RISK) == 0


def test_merged_tickets() -> None:
    driver = told(
        started("ann", "00:00", **REFUND),
        claimed("ann", "01:00"),
        started("ann", "02:00", **SECOND, **REFUND),
        merged("ann", "03:00", "ann-1", **SECOND),
        until="04:00",
    )
    (customer,) = driver.tracker.customers.values()
    (journey,) = customer.journeys.values()
    _, retracted = driver.said(EpisodeOutcome)

    assert (retracted.verdict, retracted.reason) == ("retracted", "merged_duplicate")
    assert driver.count(AT_RISK, bound="same_issue") == 1
    assert journey.started_at == moment("00:00")


def test_multi_issue() -> None:
    driver = told(
        started("ann", "00:00"),
        issue_opened("ann", "00:01", "i1", intent="refund"),
        issue_opened("ann", "00:02", "i2", intent="parcel"),
        claimed("ann", "01:00", issue_id="i1"),
        claimed("ann", "01:01", issue_id="i2"),
        says("ann", "02:00", intent="parcel"),
        until="03:00",
    )
    assert [outcome.issue_id for outcome in driver.said(EpisodeOutcome)] == ["i2"]
    assert driver.count(AT_RISK, bound="explicit") == 1

    driver.tell(claimed("ann", "04:00")).until("05:00")
    assert "SF-16" in found(driver)


def test_ai_to_ai_transfer() -> None:
    hop = handoff_requested("ann", "00:02", kind="ai_ai", reason_code="missing_capability")
    driver = told(
        started("ann", "00:00", ai_version="front"),
        ai_says("ann", "00:01", ai_version="front"),
        hop,
        ai_says("ann", "00:03", ai_version="billing"),
        claimed("ann", "01:00"),
    )

    assert driver.counts("cx_handoffs_total", "kind") == {"ai_ai": 1}
    assert driver.counts("cx_transfers_total", "kind") == {"ai_ai": 1}
    assert ends(driver) == []
    assert driver.counts(CLAIMS, "ai_version") == {"billing": 1}


def test_human_returns_it_to_the_ai() -> None:
    story = (
        started("ann", "00:00"),
        ai_says("ann", "00:01"),
        handoff_requested("ann", "00:02"),
        handoff("accepted", "ann", "00:03"),
        human_says("ann", "00:04"),
        handoff("returned", "ann", "00:05"),
    )
    driver = told(*story, says("ann", "00:10"))
    assert ends(driver) == ["served_in_sla", "unnecessary"]
    assert found(driver) == {"SF-13"}

    unserved = told(*story[:3], handoff("returned", "ann", "00:05"))
    assert ends(unserved)[0] == "returned"
    asked = told(says("ann", "00:00", requests_human=True), *story[1:])
    assert ends(asked) == ["served_in_sla", "requested"]


def test_handoff_out_of_hours() -> None:
    asked = handoff_requested("ann", "20:00", within_hours=None)
    silent = Driver(OFFICE_HOURS).tell(started("ann", "19:59"), asked).until("20:30")
    assert found(silent) == {"SF-06"}

    informed = Driver(OFFICE_HOURS).tell(
        started("ann", "19:59"), asked, message("ann", "20:01", "ai", "commitment", {})
    )
    assert found(informed.until("23:00")) == set()  # on the business clock nothing is overdue
    assert "SF-05" in found(informed.until("1d 20:00"))  # on the wall clock a day has passed
    assert ends(informed)[0] == "orphaned"


def test_human_helped_and_the_ai_claimed_it() -> None:
    story = (started("ann", "00:00"), ai_says("ann", "00:01"), human_says("ann", "00:02"))
    alone = told(*story[:2], claimed("ann", "01:00"))
    helped = told(*story, ai_says("ann", "00:03"), claimed("ann", "01:00"))

    assert {outcome.assisted for outcome in alone.said(EpisodeOutcome)} == {False}
    assert {outcome.assisted for outcome in helped.said(EpisodeOutcome)} == {True}
    assert helped.counts(CLAIMS, "by") == {"ai": 1}


def test_auto_close_by_the_platform() -> None:
    quiet = claimed("ann", "01:00", by="system", basis="inactivity_timeout")
    driver = told(started("ann", "00:00"), quiet)

    assert driver.counts(CLAIMS, "by", "basis") == {"system/inactivity_timeout": 1}
    assert {outcome.basis for outcome in driver.said(EpisodeOutcome)} == {"inactivity_timeout"}
    assert verdicts(driver) == ["durable"] * 4


def test_customer_never_identified() -> None:
    who = {"identity_assurance": "none"}
    driver = told(
        started("ann", "00:00", **who),
        claimed("ann", "01:00", **who),
        says("ann", "02:00", **who),
        started("ben", "00:00"),
        claimed("ben", "01:00"),
    )

    assert driver.count(DEMAND) == 2
    assert driver.count("cx_identified_conversations_total") == 1
    assert {outcome.conversation_id for outcome in driver.said(EpisodeOutcome)} == {"ben-1"}


def test_version_changes_within_a_journey() -> None:
    driver = told(
        started("ann", "00:00", ai_version="v1"),
        ai_says("ann", "00:01", ai_version="v1"),
        ai_says("ann", "00:02", ai_version="v2"),
        claimed("ann", "01:00", ai_version="v3"),
        says("ann", "02:00", ai_version="v3"),
        until="03:00",
    )
    (failed,) = driver.said(EpisodeOutcome)

    assert (failed.ai_version, failed.entry_ai_version) == ("v2", "v1")
    assert driver.counts(DEMAND, "ai_version") == {"v1": 1}
    assert driver.counts(FAILURES, "ai_version") == {"v2": 3}


def test_incident_spike() -> None:
    everybody = [f"customer-{number}" for number in range(300)]
    driver = told(
        *(started(one, "00:00", intent_group="outage") for one in everybody),
        *(claimed(one, "01:00") for one in everybody),
        *(says(one, "02:00") for one in everybody),
        until="03:00",
    )

    assert driver.count(DEMAND) == 300
    assert driver.counts(FAILURES, "bound", "intent_group") == {
        f"{bound}/outage": 300 for bound in ("any_issue", "explicit", "same_issue")
    }


def test_bulk_close() -> None:
    driver = told(
        started("ann", "00:00"),
        claimed("ann", "01:00"),
        claimed("ann", "02:00", by="human", basis="bulk"),
    )

    assert driver.count(CLAIMS) == 1
    assert verdicts(driver) == ["censored"]
    assert driver.counts("cx_resolution_censored_total", "reason") == {"bulk": 1}


def test_clock_skew() -> None:
    driver = Driver()
    driver.tracker.receive(CONVERSATIONS, started("ann", "09:00"), moment("08:54:59"))
    driver.tracker.receive(CONVERSATIONS, started("ben", "09:00"), moment("08:55"))
    driver.until("10:00")

    assert driver.count("cx_clock_skewed_total") == 1
    began = {key: one.journeys[1].started_at for key, one in driver.tracker.customers.items()}
    assert began == {"ann": moment("08:54:59"), "ben": moment("09:00")}
