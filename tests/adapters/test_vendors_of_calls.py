"""Calls, as contact centres tell them: what is queued, taken, handed over and left."""

from __future__ import annotations

import pytest

from monitor.adapters.coverage import FULL, NOT, PARTLY, Sight, coverage
from monitor.adapters.mapping import read_mapping
from tests.adapters.told import mapped, one, told

BEGUN = ["conversation.started", "customer.linked"]
TAKEN = ["handoff.accepted", "message.created"]


def test_calls_of_dialpad_are_told() -> None:
    assert told("dialpad") == [
        BEGUN,
        [],
        [],
        [],
        ["message.created"],
        [],
        [],
        [],
        ["handoff.requested"],
        TAKEN,
        ["handoff.requested", *TAKEN],
        ["conversation.closed"],
        [],
        [],
        [],
        [*BEGUN, "message.created"],
        ["handoff.requested"],
        [],
        ["handoff.abandoned", "conversation.closed"],
        BEGUN,
        ["conversation.closed"],
        ["message.created"],
        [],
        BEGUN,
    ]
    started = [one("dialpad", record, "conversation.started") for record in (0, 15, 19, 23)]
    assert [each["origin"] for each in started] == ["inbound", "inbound", "inbound", "proactive"]
    assert {each["channel"] for each in started} == {"voice"}
    assert started[0]["customer_ref"] == started[2]["customer_ref"] != started[1]["customer_ref"]
    said = [one("dialpad", record, "message.created")["actor"] for record in (4, 9, 10, 15, 21)]
    assert said == ["human", "human", "human", "human", "customer"]
    assert [one("dialpad", at, "conversation.closed")["reason"] for at in (11, 20)] == [
        "hangup",
        "missed",
    ]
    assert mapped("dialpad")[0][0]["time"] == "2026-03-02T09:00:00.250000+00:00"


def test_all_legs_of_a_call_are_one_conversation() -> None:
    legs = [event["subject"] for given in mapped("dialpad")[:15] for event in given]

    assert set(legs) == {"dialpad-5000000000000001"}


@pytest.mark.parametrize(
    ("vendor", "requested", "ended", "how"),
    [
        ("dialpad", 8, 9, "accepted"),
        ("dialpad", 10, 10, "accepted"),
        ("dialpad", 16, 18, "abandoned"),
        ("twilio_taskrouter", 0, 6, "accepted"),
        ("twilio_taskrouter", 7, 9, "accepted"),
        ("twilio_taskrouter", 11, 12, "failed"),
        ("twilio_taskrouter", 16, 17, "abandoned"),
        ("twilio_taskrouter", 18, 20, "expired"),
        ("twilio_taskrouter", 21, 22, "failed"),
        ("genesys", 4, 7, "accepted"),
        ("genesys", 9, 10, "abandoned"),
    ],
)
def test_a_handoff_is_the_same_from_its_request_to_its_end(
    vendor: str, requested: int, ended: int, how: str
) -> None:
    wanted = one(vendor, requested, "handoff.requested")["handoff_id"]

    assert one(vendor, ended, f"handoff.{how}")["handoff_id"] == wanted


def test_tasks_of_twilio_are_told() -> None:
    created = ["conversation.started", "handoff.requested"]
    assert told("twilio_taskrouter") == [
        created,
        [],
        [],
        [],
        [],
        ["handoff.transferred"],
        TAKEN,
        ["handoff.requested"],
        [],
        TAKEN,
        [],
        ["handoff.requested"],
        ["handoff.failed"],
        ["message.created"],
        [],
        ["resolution.claimed", "conversation.closed"],
        created,
        ["handoff.abandoned", "conversation.closed"],
        created,
        [],
        ["handoff.expired", "conversation.closed"],
        created,
        ["handoff.failed", "conversation.closed"],
        created,
        TAKEN,
        ["conversation.closed"],
        created,
        TAKEN,
        ["conversation.closed"],
        [],
    ]
    requested = [one("twilio_taskrouter", at, "handoff.requested")["kind"] for at in (0, 7, 11)]
    assert requested == ["unknown", "human_human", "human_human"]
    started = [one("twilio_taskrouter", at, "conversation.started") for at in (0, 16, 18, 21)]
    assert [each["origin"] for each in started] == ["inbound", "inbound", "proactive", "inbound"]
    assert one("twilio_taskrouter", 6, "handoff.accepted")["channel"] == "voice"
    assert one("twilio_taskrouter", 5, "handoff.transferred")["queue"] == "WQ02"
    # Neither a name nor attributes that cannot be read are a number.
    known = [each.get("customer_ref") for each in started]
    assert known[0] == known[2] is not None
    assert known[1] is known[3] is None


def test_conversations_of_genesys_are_told() -> None:
    assert told("genesys") == [
        BEGUN,
        [],
        ["message.created"],
        [],
        ["handoff.requested"],
        [],
        ["handoff.transferred"],
        TAKEN,
        [],
        ["handoff.requested"],
        ["handoff.abandoned"],
        ["conversation.closed"],
        ["resolution.claimed"],
        [],
        ["conversation.started"],
        [],
        ["message.created"],
        ["resolution.claimed"],
        ["conversation.closed"],
        ["conversation.reopened"],
        ["message.created"],
        ["message.created"],
        ["conversation.started"],
        [],
        ["message.created"],
        ["conversation.spam_marked"],
        [],
    ]
    kinds = [one("genesys", record, "handoff.requested")["kind"] for record in (4, 9)]
    assert kinds == ["ai_human", "human_human"]
    person, bot = (one("genesys", record, "resolution.claimed") for record in (12, 17))
    assert (person["by"], person["basis"]) == ("human", "agent_judged")
    assert (bot["by"], bot["basis"], bot["ai_version"]) == ("ai", "workflow", "12.0")
    greeted, failed = (one("genesys", record, "message.created") for record in (20, 21))
    assert (greeted["kind"], failed["kind"], failed["turn_outcome"]) == (
        "greeting",
        "error",
        "failed",
    )
    assert one("genesys", 18, "conversation.closed")["actor"] == "system"
    assert [one("genesys", at, "conversation.started")["channel"] for at in (0, 14, 22)] == [
        "voice",
        "messaging",
        "chat",
    ]
    assert "customer_ref" not in one("genesys", 22, "conversation.started")


@pytest.mark.parametrize(
    ("vendor", "answers"),
    [
        ("dialpad", {"handoff service": PARTLY, "durability": NOT, "identity": FULL}),
        ("twilio_taskrouter", {"handoff service": PARTLY, "durability": PARTLY, "judges": NOT}),
        ("genesys", {"escalation verdicts": PARTLY, "SF-01 false resolution": PARTLY}),
        ("zendesk_eventbridge", {"durability": PARTLY, "SF-01 false resolution": NOT}),
    ],
)
def test_what_a_source_can_feed_is_told_and_what_it_lacks_is_named(
    vendor: str, answers: dict[str, str]
) -> None:
    covered = {each.family.name: each for each in coverage(read_mapping(vendor), Sight())}

    assert {name: covered[name].answer for name in answers} == answers
    assert all(each.missing for each in covered.values() if each.answer == NOT)
