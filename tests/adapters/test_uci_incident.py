"""Every rule of the service desk's mapping, on incidents of our own."""

from __future__ import annotations

import pytest

from tests.adapters.records import OPENED, events_of, ignored_by, incident, kinds

PASSED_ON = incident("group.reassigned", 2, at="09:10", to_group="Group 2", count_delta=1)
PASSED_ON_AGAIN = incident("group.reassigned", 5, at="09:50", to_group="Group 3", count_delta=1)
RESOLVED = incident("incident.resolved", 8, at="11:00", frm="Active", to="Resolved")


def test_an_opening_starts_a_conversation() -> None:
    (event,) = events_of("uci_incident", OPENED)

    assert event["type"] == "cx.conversation.started.v1"
    assert event["source"] == "desk"
    assert event["data"] == {
        "conversation_id": "INC1",
        "case_id": "INC1",
        "customer_ref": "Caller 1",
        "identity_assurance": "asserted",
        "channel": "voice",
        "intent": "Category 1/Subcategory 2",
        "intent_group": "Category 1",
        "origin": "inbound",
    }


@pytest.mark.parametrize(
    ("attrs", "intent"),
    [
        ({"category": "C", "subcategory": None}, {"intent": "C", "intent_group": "C"}),
        ({"category": None, "subcategory": "S"}, {}),
        ({}, {}),
    ],
)
def test_an_intent_is_as_exact_as_the_source(
    attrs: dict[str, str | None], intent: dict[str, str]
) -> None:
    (event,) = events_of("uci_incident", incident("incident.opened") | {"attrs": attrs})

    assert {name: event["data"].get(name) for name in intent} == intent
    assert ("intent" in event["data"]) == bool(intent)


@pytest.mark.parametrize(("recorded", "channel"), [("Phone", "voice"), ("Email", "email")])
def test_channels_are_translated(recorded: str, channel: str) -> None:
    (event,) = events_of("uci_incident", incident("incident.opened", channel=recorded))

    assert event["data"]["channel"] == channel


def test_later_events_carry_what_the_opening_said() -> None:
    _, event = events_of("uci_incident", OPENED, incident("incident.reopened", 3))

    assert event["data"]["channel"] == "voice"
    assert event["data"]["intent_group"] == "Category 1"


def test_a_change_of_group_is_a_handoff() -> None:
    (event,) = events_of("uci_incident", PASSED_ON)

    assert event["type"] == "cx.handoff.requested.v1"
    assert event["data"]["handoff_id"] == "INC1-2-0"
    assert event["data"]["kind"] == "human_human"
    assert event["data"]["requested_by"] == "system"
    assert event["data"]["reason_code"] == "unclassified"
    assert event["data"]["to_queue"] == "Group 2"


def test_the_next_change_of_group_transfers_the_handoff_before() -> None:
    events = events_of("uci_incident", PASSED_ON, PASSED_ON_AGAIN)

    assert kinds(events) == ["handoff.requested", "handoff.transferred", "handoff.requested"]
    assert events[1]["data"]["handoff_id"] == "INC1-2-0"
    assert events[1]["data"]["queue"] == "Group 3"
    assert events[2]["data"]["handoff_id"] == "INC1-5-0"


def test_several_changes_in_one_record_are_several_handoffs() -> None:
    events = events_of("uci_incident", incident("group.reassigned", 4, count_delta=3))

    assert [event["data"]["handoff_id"] for event in events if "requested" in event["type"]] == [
        "INC1-4-0",
        "INC1-4-1",
        "INC1-4-2",
    ]
    assert kinds(events).count("handoff.transferred") == 2


@pytest.mark.parametrize("type_", ["agent.assigned", "agent.reassigned"])
def test_an_agents_name_accepts_the_handoff_that_waits(type_: str) -> None:
    _, event = events_of(
        "uci_incident", PASSED_ON, incident(type_, 3, to_agent="Resolver 1", group="Group 2")
    )

    assert event["type"] == "cx.handoff.accepted.v1"
    assert event["data"]["handoff_id"] == "INC1-2-0"
    assert event["data"]["queue"] == "Group 2"


def test_a_handoff_is_accepted_once() -> None:
    named = incident("agent.assigned", 3, to_agent="Resolver 1")
    other = incident("agent.reassigned", 4, from_agent="Resolver 1", to_agent="Resolver 2")

    assert kinds(events_of("uci_incident", PASSED_ON, named, other)) == [
        "handoff.requested",
        "handoff.accepted",
    ]
    assert ignored_by("uci_incident", PASSED_ON, named, other) == [
        "an agent was named while no handoff waited to be taken"
    ]


def test_an_agent_who_is_taken_off_accepts_nothing() -> None:
    removed = incident("agent.reassigned", 3, from_agent="Resolver 1")

    assert kinds(events_of("uci_incident", PASSED_ON, removed)) == ["handoff.requested"]


def test_a_change_of_state_shows_that_somebody_works_on_the_handoff() -> None:
    moved = incident("state.changed", 3, frm="Active", to="Awaiting User Info")

    assert kinds(events_of("uci_incident", PASSED_ON, moved, moved | {"ts": "later"})) == [
        "handoff.requested",
        "handoff.accepted",
    ]


def test_a_change_of_state_in_the_act_of_passing_on_accepts_nothing() -> None:
    moved = incident("state.changed", 2, at="09:10", frm="New", to="Active")

    assert kinds(events_of("uci_incident", PASSED_ON, moved)) == ["handoff.requested"]


def test_a_resolution_is_a_persons_claim() -> None:
    (event,) = events_of("uci_incident", RESOLVED)

    assert event["type"] == "cx.resolution.claimed.v1"
    assert event["data"]["by"] == "human"
    assert event["data"]["basis"] == "agent_judged"


def test_a_resolution_completes_the_handoff_and_shows_it_taken() -> None:
    events = events_of("uci_incident", PASSED_ON, RESOLVED)

    assert kinds(events)[1:] == ["handoff.accepted", "handoff.completed", "resolution.claimed"]
    assert {event["data"].get("handoff_id") for event in events[:3]} == {"INC1-2-0"}
    assert events[2]["data"]["human_actions"] == 1


def test_a_handoff_that_was_taken_is_not_taken_again_by_the_resolution() -> None:
    named = incident("agent.assigned", 3, to_agent="Resolver 1")

    assert kinds(events_of("uci_incident", PASSED_ON, named, RESOLVED))[2:] == [
        "handoff.completed",
        "resolution.claimed",
    ]


def test_after_a_resolution_a_change_of_group_transfers_nothing() -> None:
    later = incident("group.reassigned", 9, at="12:00", to_group="Group 4")

    assert kinds(events_of("uci_incident", PASSED_ON, RESOLVED, later))[4:] == ["handoff.requested"]


def test_a_first_row_that_is_already_resolved_is_a_claim() -> None:
    first = incident("state.changed", 0, to="Resolved", first_row=True)

    assert kinds(events_of("uci_incident", OPENED, first)) == [
        "conversation.started",
        "resolution.claimed",
    ]


def test_any_other_first_row_is_none() -> None:
    first = incident("state.changed", 0, to="Active", first_row=True)

    assert ignored_by("uci_incident", first) == [
        "a change between open states is nothing that the vocabulary knows"
    ]


@pytest.mark.parametrize(("delta", "times"), [(1, 1), (3, 3), (None, 1)])
def test_reopenings_are_as_many_as_the_source_counts(delta: int | None, times: int) -> None:
    events = events_of("uci_incident", incident("incident.reopened", 9, count_delta=delta))

    assert kinds(events) == ["conversation.reopened"] * times
    assert len({event["id"] for event in events}) == times


@pytest.mark.parametrize("left", ["Resolved", "Closed"])
def test_a_reopening_is_not_counted_again_by_its_change_of_state(left: str) -> None:
    moved = incident("state.changed", 9, frm=left, to="Active")

    assert ignored_by("uci_incident", moved) == [
        "the state left Resolved or Closed; the source's own count tells of reopenings"
    ]


@pytest.mark.parametrize(
    ("account", "actor", "reason"),
    [("Updated by 908", "system", "automatic_closing"), ("Updated by 7", "human", None)],
)
def test_a_closing_after_a_resolution_claims_nothing(
    account: str, actor: str, reason: str | None
) -> None:
    (event,) = events_of(
        "uci_incident", incident("incident.closed", 9, frm="Resolved", updated_by=account)
    )

    assert event["type"] == "cx.conversation.closed.v1"
    assert event["data"]["actor"] == actor
    assert event["data"].get("reason") == reason


@pytest.mark.parametrize(
    ("account", "by", "basis"),
    [
        ("Updated by 908", "system", "inactivity_timeout"),
        ("Updated by 7", "human", "agent_judged"),
    ],
)
def test_a_closing_from_another_state_is_a_claim(account: str, by: str, basis: str) -> None:
    claim, closing = events_of(
        "uci_incident", incident("incident.closed", 9, frm="New", updated_by=account)
    )

    assert (claim["type"], closing["type"]) == (
        "cx.resolution.claimed.v1",
        "cx.conversation.closed.v1",
    )
    assert (claim["data"]["by"], claim["data"]["basis"]) == (by, basis)
    assert claim["sequence"] < closing["sequence"]


@pytest.mark.parametrize(
    ("type_", "reason"),
    [
        (
            "sla.missed",
            "an internal agreement was missed; no promise to the customer is recorded",
        ),
        ("priority.changed", "the vocabulary has no priorities"),
        ("state.changed", "a change between open states is nothing that the vocabulary knows"),
    ],
)
def test_what_the_vocabulary_does_not_know_is_ignored(type_: str, reason: str) -> None:
    assert ignored_by("uci_incident", incident(type_, 4, frm="New", to="Active")) == [reason]


def test_within_a_minute_the_number_of_the_modification_orders_events() -> None:
    late = incident("incident.reopened", 11)
    events = events_of("uci_incident", late, incident("incident.resolved", 10), OPENED)

    assert kinds(sorted(events, key=lambda event: str(event["sequence"]))) == [
        "conversation.started",
        "resolution.claimed",
        "conversation.reopened",
    ]
