"""A timeline tells of one journey what happened, what was decided, and by which rule."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from monitor.core.timeline import timeline
from monitor.core.trace import Trace
from schemas.published import Published
from tests.build import (
    ai_says,
    claimed,
    clock,
    handoff,
    handoff_requested,
    promised,
    said,
    says,
    started,
)
from tests.driver import Driver

if TYPE_CHECKING:
    from schemas.envelope import Envelope

STORY: tuple[Envelope, ...] = (
    started("ann", "09:00", case_id="case-7"),
    says("ann", "09:01"),
    ai_says("ann", "09:02"),
    claimed("ann", "09:10"),
    says("ann", "1d 10:00"),
    handoff_requested("ann", "1d 10:05"),
    promised("ann", "1d 10:06", "9d 09:00"),
    handoff("accepted", "ann", "1d 12:00"),
)
# Another journey of the same customer, and another customer, at the same time.
OTHERS: tuple[Envelope, ...] = (
    started("ann", "09:05", conversation_id="ann-2", intent="other", channel="email"),
    claimed("ann", "09:15", conversation_id="ann-2"),
    started("bob", "09:00", case_id="case-8"),
    claimed("bob", "09:10"),
)


def told(case: str, *events: Envelope, until: str = "3d 09:00") -> dict[str, Any]:
    driver = Driver()
    driver.tracker.trace = Trace({"ann", "cat"})
    driver.tell(*sorted(events, key=lambda event: event.time)).until(until)
    return timeline(driver.tracker, case)


def rules(entry: dict[str, Any], what: str = "decided") -> list[str]:
    return [one["rule"] for one in entry[what]]


def at(explained: dict[str, Any], moment: str) -> dict[str, Any]:
    """The one entry of a moment."""
    (entry,) = [one for one in explained["timeline"] if one["at"] == clock(moment).isoformat()]
    return dict(entry)


def test_events_and_silence_come_in_the_order_in_which_they_were_applied() -> None:
    moments = [entry["at"] for entry in told("ann-1", *STORY)["timeline"]]

    assert moments == sorted(moments)
    assert {clock(moment).isoformat() for moment in ("09:00", "09:10", "1d 10:00")} <= {*moments}


def test_an_event_is_told_with_who_and_what() -> None:
    entry = at(told("ann-1", *STORY), "1d 10:06")

    assert (entry["conversations"], entry["channel"]) == (["ann-1"], "unknown")
    assert entry["event"] == {
        "type": "cx.commitment.made.v1",
        "id": "p1 made 1d 10:06",
        "source": "desk",
        "data": {
            "identity_assurance": "verified",
            "commitment_id": "p1",
            "kind": "callback",
            "made_by": "ai",
            "due_at": "2026-03-11T09:00:00Z",
        },
    }


def test_a_claim_that_did_not_hold_says_why() -> None:
    explained = told("ann-1", *STORY)
    entry = at(explained, "1d 10:00")
    failed = next(one for one in entry["decided"] if one["what"] == "EpisodeOutcome")

    assert "claim.made" in rules(at(explained, "09:10"))
    assert (failed["verdict"], failed["cause"], failed["rule"]) == (
        *("failed", "reopen", "durability.reopen"),
    )
    assert failed["because"] == (
        "The customer came back to the conversation after the claim: it did not hold."
    )
    assert [one["event_id"] for one in failed["evidence"]] == [
        *(STORY[3].id, STORY[4].id),
    ]
    assert "SF-01" in rules(entry)


def test_what_was_counted_is_told_with_its_labels() -> None:
    entry = at(told("ann-1", *STORY), "1d 10:00")
    bounds = [
        one["labels"]["bound"]
        for one in entry["counted"]
        if one["metric"] == "cx_resolution_failures_total"
    ]

    assert sorted(bounds) == ["any_issue", "explicit", "same_issue"]
    assert "SF-01" in rules(entry, "counted")


def test_silence_that_decides_is_an_entry_with_what_it_was() -> None:
    explained = told("ann-1", *STORY)
    entry = at(explained, "1d 10:35")

    assert entry["deadline"]["rule"] == "waiting.sla"
    assert entry["deadline"]["subject"] == "h1"
    assert entry["conversations"] == ["ann-1"]
    assert rules(entry) == ["SF-05"]
    assert rules(at(explained, "1d 12:00")) == ["SF-05.taken_back", "handoff.served_late"]


def test_silence_that_decides_nothing_is_left_out() -> None:
    explained = told("ann-1", started("ann", "09:00"), claimed("ann", "09:10"))
    assert all(
        entry["decided"] or entry["counted"]
        for entry in explained["timeline"]
        if "deadline" in entry
    )


def test_another_journey_and_another_customer_are_left_out() -> None:
    alone, among = told("ann-1", *STORY), told("ann-1", *STORY, *OTHERS)

    assert among["conversations"] == ["ann-1"]
    assert {one for entry in among["timeline"] for one in entry["conversations"]} == {"ann-1"}
    assert len(among["timeline"]) == len(alone["timeline"])


def test_a_contact_for_another_matter_is_told_as_far_as_it_undoes_a_claim() -> None:
    """By the loosest reading, whatever the customer comes back for does."""
    other = started("ann", "5d 09:00", conversation_id="ann-9", channel="chat", intent="other")
    first = (started("ann", "09:00", intent="this"), claimed("ann", "09:10"))
    explained = told("ann-1", *first, other, until="6d 09:00")
    entry = at(explained, "5d 09:00")

    assert explained["conversations"] == ["ann-1"]
    assert entry["conversations"] == ["ann-9"]
    assert [(one["rule"], one["bound"], one["conversation_id"]) for one in entry["decided"]] == [
        ("durability.repeat_same_channel", "any_issue", "ann-1")
    ]
    assert {one["metric"] for one in entry["counted"]} == {
        "cx_resolution_failures_total",
        "cx_resolution_failure_causes_total",
    }


def test_what_names_no_conversation_is_told_of_its_own_customer_only() -> None:
    """Two who share a device are looked at together, for they may turn out to be one."""
    link = {"customer_ref": "ann", "other_ref": "cat", "assurance": "device"}
    signals = [
        said("external.signal", f"2d 0{hour}:00", {"customer_ref": who, "kind": "complaint"})
        for hour, who in enumerate(("ann", "cat"), start=1)
    ]
    explained = told("ann-1", *STORY, said("customer.linked", "08:00", link), *signals)
    entries = [entry for entry in explained["timeline"] if not entry["conversations"]]

    assert signals[0].id in [entry.get("event", {}).get("id") for entry in entries]
    assert signals[1].id not in [entry.get("event", {}).get("id") for entry in entries]


def test_a_case_is_all_conversations_of_its_journey() -> None:
    again = (
        started("ann", "2d 09:00", conversation_id="ann-3", case_id="case-7"),
        says("ann", "2d 09:01", conversation_id="ann-3"),
    )
    explained = told("case-7", *STORY, *OTHERS, *again)

    assert explained["conversations"] == ["ann-1", "ann-3"]
    assert told("ann-3", *STORY, *OTHERS, *again) == explained | {"case": "ann-3"}


def test_what_is_still_pending_is_told_with_its_moment_and_meaning() -> None:
    (journey,) = told("ann-1", *STORY)["now"]
    pending = {one["rule"]: one for one in journey["pending"]}

    promise = pending["waiting.promise"]
    assert promise["subject"] == "p1"
    assert promise["at"] > clock("9d 09:00").isoformat()
    assert promise["because"] == "The promise is judged when its time and its grace have passed."
    assert "waiting.row" not in pending
    assert [one["at"] for one in journey["pending"]] == sorted(
        one["at"] for one in journey["pending"]
    )


def test_how_the_journey_stands_is_told() -> None:
    (journey,) = told("ann-1", *STORY)["now"]
    (taken,) = journey["handoffs"]

    assert [one["id"] for one in journey["conversations"]] == ["ann-1"]
    assert taken["terminal"] == "served_late"
    assert [one["id"] for one in journey["promises"]] == ["p1"]
    assert "SF-01" in {one["sf"] for one in journey["findings"]}


def test_a_conversation_that_is_forgotten_and_comes_back_is_one_timeline() -> None:
    explained = told("ann-1", started("ann", "09:00"), says("ann", "90d 09:00"), until="91d 09:00")
    told_of = [rule for entry in explained["timeline"] for rule in rules(entry)]

    assert told_of.count("contact.first") == 2
    assert told_of.count("journey.forgotten") == 1


def test_nothing_in_it_is_made_of_the_customer_s_name() -> None:
    """Who knows a reference can make the ids that the core makes of it, and so could guess."""
    driver = Driver()
    driver.tracker.trace = Trace({"secret"})
    for event in STORY:
        data = {"customer_ref": "secret", "conversation_id": "chat"}
        driver.tell(event.model_copy(update={"data": event.data.model_copy(update=data)}))
    driver.until("3d 09:00")
    text = json.dumps(timeline(driver.tracker, "chat"))
    made = [output for output in driver.outputs if isinstance(output, Published)]

    assert made
    assert [output for output in made if output.id in text or output.journey in text] == []
    assert "secret" not in text


def test_a_trace_changes_nothing() -> None:
    traced, plain = Driver(), Driver()
    traced.tracker.trace = Trace({"ann", "cat"})
    for driver in (traced, plain):
        driver.tell(*sorted(STORY + OTHERS, key=lambda event: event.time)).until("60d 09:00")

    assert traced.outputs == plain.outputs
    assert traced.reading() == plain.reading()
    assert traced.save() == plain.save()
