"""Every rule of the AI agents' mapping, on conversations of our own."""

from __future__ import annotations

import json

import pytest

from tests.adapters.records import STARTED, events_of, ignored_by, kinds, turn

ASKS = turn("message", "customer", at="01.000000", text="Let me talk to a human.")
OFFERS = turn("message", "ai", at="02.000000", text="I am transferring you to a human agent now.")


def calls_for_a_human(
    at: str, reason: str = "The customer has a special wish."
) -> dict[str, object]:
    return turn(
        "handoff.requested", "ai", at=at, to="human", tool="transfer_to_human", reason=reason
    )


def ends(actor: str = "customer", **attrs: str) -> dict[str, object]:
    return turn("conversation.ended", actor, at="59.000000", **attrs)


def test_a_start_names_the_agent_and_its_version() -> None:
    (event,) = events_of("tau2", STARTED)

    assert event["type"] == "cx.conversation.started.v1"
    assert event["data"] == {
        "conversation_id": "tau2-1",
        "case_id": "tau2-1",
        "customer_ref": "cust-1",
        "identity_assurance": "asserted",
        "channel": "chat",
        "ai_agent_id": "llm_agent",
        "ai_version": "model-1",
        "intent": "unknown",
        "intent_group": "retail",
        "origin": "inbound",
    }


def test_every_event_carries_the_version() -> None:
    events = events_of("tau2", STARTED, ASKS, OFFERS, calls_for_a_human("03"), ends())

    assert [event["data"]["ai_version"] for event in events] == ["model-1"] * 5


def test_a_domain_that_we_do_not_know_is_another() -> None:
    (event,) = events_of("tau2", STARTED | {"source": "tau2-banking"})

    assert event["data"]["intent_group"] == "other"


def test_a_customers_message_becomes_its_class() -> None:
    (event,) = events_of("tau2", turn("message", "customer", text="Thanks, that's all I needed."))

    assert event["data"]["actor"] == "customer"
    assert event["data"]["visibility"] == "public"
    assert event["data"]["kind"] == "thanks"
    assert event["data"]["requests_human"] is False
    assert event["data"]["message_id"]


def test_a_customer_who_asks_for_a_human_is_heard() -> None:
    (event,) = events_of("tau2", ASKS)

    assert event["data"]["requests_human"] is True


def test_an_ais_message_becomes_its_class() -> None:
    (event,) = events_of("tau2", turn("message", "ai", text="Which parcel is it?"))

    assert (event["data"]["actor"], event["data"]["kind"]) == ("ai", "question")


@pytest.mark.parametrize(
    "text",
    ["Shall I transfer you to a human?", "YOU ARE BEING TRANSFERRED TO A HUMAN AGENT."],
)
def test_words_about_a_transfer_are_no_notice(text: str) -> None:
    (event,) = events_of("tau2", turn("message", "ai", text=text))

    assert event["type"] == "cx.message.created.v1"
    assert event["data"]["kind"] in {"question", "answer"}


@pytest.mark.parametrize("actor", ["customer", "ai"])
def test_the_mark_of_the_simulator_is_no_message(actor: str) -> None:
    mark = turn("message", actor, text="###STOP###")

    assert ignored_by("tau2", mark) == [
        "the message is only the mark by which the simulator ends a conversation"
    ]


def test_repeated_calls_for_a_human_are_one_handoff() -> None:
    calls = [calls_for_a_human(f"{number:02}.000000") for number in range(3, 23)]
    events = events_of("tau2", STARTED, *calls)[1:]

    assert kinds(events) == ["handoff.requested"] * 20
    assert {event["data"]["handoff_id"] for event in events} == {"tau2-1-handoff"}
    assert len({event["id"] for event in events}) == 20


def test_a_handoff_goes_from_the_ai_to_a_human() -> None:
    (event,) = events_of("tau2", calls_for_a_human("03", "The policy forbids refunds."))

    assert event["data"]["kind"] == "ai_human"
    assert event["data"]["requested_by"] == "ai"
    assert event["data"]["reason_code"] == "policy_required"
    assert "policy forbids" not in json.dumps(event)


def test_a_handoff_is_the_customers_when_the_customer_asked_before() -> None:
    assert events_of("tau2", ASKS, calls_for_a_human("03"))[1]["data"]["requested_by"] == "customer"
    assert events_of("tau2", calls_for_a_human("00"), ASKS)[0]["data"]["requested_by"] == "ai"


def test_a_content_customer_confirms_the_ais_resolution() -> None:
    claim, closing = events_of("tau2", ends(reason="user_stop", customer_signal="STOP"))

    assert claim["type"] == "cx.resolution.claimed.v1"
    assert (claim["data"]["by"], claim["data"]["basis"]) == ("ai", "customer_confirmed")
    assert closing["type"] == "cx.conversation.closed.v1"
    assert closing["data"]["actor"] == "customer"
    assert claim["sequence"] < closing["sequence"]


def test_a_customer_who_believes_in_a_transfer_was_told_of_one() -> None:
    ended = ends(reason="user_stop", customer_signal="TRANSFER")
    events = events_of("tau2", calls_for_a_human("03"), ended)

    assert kinds(events) == ["handoff.requested", "handoff.announced", "conversation.closed"]
    assert events[1]["data"]["handoff_id"] == events[0]["data"]["handoff_id"]


def test_an_agent_that_ends_the_conversation_judges_it_resolved() -> None:
    claim, closing = events_of("tau2", ends("ai", reason="agent_stop"))

    assert (claim["data"]["by"], claim["data"]["basis"]) == ("ai", "agent_judged")
    assert (closing["data"]["actor"], closing["data"]["reason"]) == ("ai", "agent_stop")


def test_an_agent_that_asked_for_a_human_claims_nothing() -> None:
    events = events_of("tau2", calls_for_a_human("03"), ends("ai", reason="agent_stop"))

    assert kinds(events) == ["handoff.requested", "conversation.closed"]


@pytest.mark.parametrize("reason", ["max_steps", "too_many_errors"])
def test_a_conversation_that_was_cut_short_is_only_closed(reason: str) -> None:
    (event,) = events_of("tau2", ends("system", reason=reason))

    assert (event["type"], event["data"]["reason"]) == ("cx.conversation.closed.v1", "other")


@pytest.mark.parametrize("type_", ["tool_call", "tool_result"])
def test_tools_are_ignored(type_: str) -> None:
    record = turn(type_, "ai", tool="refund", arguments="{}", content="done", error=False)

    assert ignored_by("tau2", record) == [
        "tool calls and results: there is no ledger that could confirm an action"
    ]
