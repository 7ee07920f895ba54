"""Every rule of the mappings for public sets that are not shipped, on records of our own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.records import events_of, ignored_by, kinds, turn

ISSUE: dict[str, object] = {"case_id": "gh-1", "customer_id": None, "source": "github-issues"}
COMPLAINT: dict[str, object] = {"case_id": "c-1", "customer_id": None, "source": "cfpb"}


def issue(type_: str, actor: str, **attrs: Any) -> dict[str, object]:
    return turn(type_, actor, **attrs) | ISSUE


def complaint(type_: str, actor: str, **attrs: Any) -> dict[str, object]:
    return turn(type_, actor, **attrs) | COMPLAINT


def test_every_issue_has_a_customer_of_its_own() -> None:
    (event,) = events_of("ghissues", issue("issue.opened", "customer", title="It does not work"))

    assert event["type"] == "cx.conversation.started.v1"
    assert event["data"] == {
        "conversation_id": "gh-1",
        "customer_ref": "gh-1",
        "case_id": "gh-1",
        "identity_assurance": "asserted",
        "channel": "web_form",
        "intent": "unknown",
        "intent_group": "issue",
        "origin": "inbound",
    }


def test_the_opener_s_comments_are_the_customer_s() -> None:
    said = issue("comment", "customer", by_opener=True, text="Thanks\n")
    (event,) = events_of("ghissues", said)

    assert (event["data"]["actor"], event["data"]["kind"]) == ("customer", "thanks")


@pytest.mark.parametrize("attrs", [{"by_opener": False}, {}])
def test_comments_of_others_are_nobody_s(attrs: dict[str, Any]) -> None:
    (reason,) = ignored_by("ghissues", issue("comment", "customer", text="+1", **attrs))

    assert "another user" in reason


def test_the_project_s_comments_are_a_person_s() -> None:
    (event,) = events_of("ghissues", issue("comment", "human", by_opener=False, text="Try 2.0"))

    assert (event["data"]["actor"], event["data"]["kind"]) == ("human", "unknown")


@pytest.mark.parametrize(
    ("actor", "claim"),
    [
        ("human", ("human", "agent_judged")),
        ("customer", ("human", "customer_confirmed")),
        ("system", ("system", "inactivity_timeout")),
    ],
)
def test_who_closes_an_issue_claims_that_it_is_resolved(actor: str, claim: tuple[str, str]) -> None:
    closed = issue("issue.closed", actor, state_reason="completed")
    claimed, ended = events_of("ghissues", closed)

    assert (claimed["data"]["by"], claimed["data"]["basis"]) == claim
    assert ended["data"]["actor"] == actor


def test_what_is_not_planned_is_closed_and_not_resolved() -> None:
    given_up = issue("issue.closed", "human", state_reason="not_planned")

    assert kinds(events_of("ghissues", given_up)) == ["conversation.closed"]


def test_an_issue_is_reopened() -> None:
    (event,) = events_of("ghissues", issue("issue.reopened", "human"))

    assert (event["type"], event["data"]["actor"]) == ("cx.conversation.reopened.v1", "human")


def test_a_complaint_has_no_customer_whom_anybody_could_follow() -> None:
    about = {"channel": "Phone", "product": "Mortgage", "issue": "Loan servicing"}
    (event,) = events_of("cfpb", complaint("complaint.received", "customer", **about))

    assert "customer_ref" not in event["data"]
    told = [event["data"][name] for name in ("channel", "intent", "intent_group")]
    assert told == ["voice", "Loan servicing", "Mortgage"]


def test_a_name_that_is_too_long_for_an_intent_is_left_out() -> None:
    about = {"channel": "Web", "product": "Mortgage", "issue": "x" * 65}
    (event,) = events_of("cfpb", complaint("complaint.received", "customer", **about))

    assert "intent" not in event["data"]


def test_the_way_to_the_company_is_no_handoff() -> None:
    (reason,) = ignored_by("cfpb", complaint("sent_to_company", "system", to="A bank"))

    assert "too coarse" in reason


@pytest.mark.parametrize("response", ["Closed", "Closed with monetary relief"])
def test_a_closing_answer_claims(response: str) -> None:
    answer = complaint("company.responded", "human", response=response)

    assert kinds(events_of("cfpb", answer)) == ["resolution.claimed", "conversation.closed"]


@pytest.mark.parametrize("response", ["Untimely response", "In progress", "Something new"])
def test_any_other_answer_claims_nothing(response: str) -> None:
    (reason,) = ignored_by("cfpb", complaint("company.responded", "human", response=response))

    assert "settles nothing" in reason


def test_the_older_benchmark_reads_like_the_newer_one() -> None:
    started = turn("conversation.started", "system", channel="chat", agent_model="gpt-4o")
    asks = turn("message", "customer", at="01", text="Let me talk to a human.")
    answers = turn("message", "ai", at="02", text="Which flight is it?")
    calls = turn("handoff.requested", "ai", at="03", to="human", reason="The policy forbids it.")
    content = turn("conversation.ended", "customer", at="04", customer_signal="STOP")
    events = events_of("tau1_gpt4o_airline", started, asks, answers, calls, content)

    assert kinds(events) == [
        "conversation.started",
        "message.created",
        "message.created",
        "handoff.requested",
        "resolution.claimed",
        "conversation.closed",
    ]
    assert {event["data"]["ai_version"] for event in events} == {"gpt-4o"}
    assert events[3]["data"]["requested_by"] == "customer"
    assert events[3]["data"]["reason_code"] == "policy_required"


def test_the_older_benchmark_claims_nothing_where_the_customer_said_nothing() -> None:
    over = turn("conversation.ended", "system")
    mark = turn("message", "customer", text="###STOP###")
    tool = turn("tool_call", "ai", tool="get_user_details")

    assert kinds(events_of("tau1_gpt4o_airline", over)) == ["conversation.closed"]
    assert len(ignored_by("tau1_gpt4o_airline", mark, tool)) == 2
