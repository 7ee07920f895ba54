"""Our mappings for other systems, on records that are shaped as their documentation says.

The fixtures are made up by us after those pages; each mapping names them. What becomes of calls is
in `test_vendors_of_calls.py`.
"""

from __future__ import annotations

import json

import pytest

from monitor.adapters.mapping import NO_RULE, load_mapping
from monitor.adapters.references import References
from tests.adapters.told import (
    PRIVATE,
    PRIVATE_OF_AGENTS,
    VENDORS,
    mapped,
    one,
    private,
    records,
    told,
)


@pytest.mark.parametrize("vendor", VENDORS)
def test_nothing_private_is_in_the_events(vendor: str) -> None:
    names = PRIVATE_OF_AGENTS if vendor == "otel_genai" else PRIVATE
    said = {word for record in records(vendor) for word in private(record, names)}
    written = json.dumps(mapped(vendor))

    assert said
    assert [word for word in said if f'"{word}"' in written] == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_ignored_is_ignored_for_a_reason(vendor: str) -> None:
    mapping = load_mapping(vendor, References(b"a key of this test"))
    list(mapping.events(records(vendor)))

    assert mapping.ignored[NO_RULE] == 0


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_record_that_comes_again_gives_the_same_ids(vendor: str) -> None:
    mapping = load_mapping(vendor, References(b"a key of this test"))
    once = [event["id"] for event in mapping.events(records(vendor))]

    assert len(set(once)) == len(once)
    assert {event["id"] for event in mapping.events(records(vendor))} <= set(once)


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_rule_has_a_record(vendor: str) -> None:
    mapping = load_mapping(vendor, References(b"a key of this test"))
    events = list(mapping.events(records(vendor)))
    given = {event["id"].split(".")[1] for event in events}
    rules = mapping.file.rules
    left = {rule.name for rule in rules if rule.name not in given and not rule.ignore}
    reasons = {rule.ignore for rule in rules if rule.ignore} - set(mapping.ignored)

    assert (left, reasons) == (set(), set())


def test_a_ticket_of_zendesk_is_told() -> None:
    assert told("zendesk") == [
        ["conversation.started"],
        [],
        ["message.created"],
        ["message.created"],
        ["message.created"],
        ["handoff.requested"],
        ["handoff.accepted"],
        [],
        ["resolution.claimed"],
        ["conversation.reopened"],
        ["resolution.claimed"],
        ["conversation.closed"],
        [],
        ["conversation.spam_marked"],
        ["conversation.deleted"],
        [],
        [],
    ]
    asks = one("zendesk", 2, "message.created")
    assert (asks["actor"], asks["requests_human"], asks["channel"]) == ("customer", True, "email")
    assert one("zendesk", 3, "message.created")["visibility"] == "public"
    assert one("zendesk", 4, "message.created")["visibility"] == "internal"
    requested, accepted = (
        one("zendesk", 5, "handoff.requested"),
        one("zendesk", 6, "handoff.accepted"),
    )
    assert requested["handoff_id"] == accepted["handoff_id"]
    assert one("zendesk", 8, "resolution.claimed")["basis"] == "agent_judged"
    assert one("zendesk", 9, "conversation.reopened")["actor"] == "customer"
    assert one("zendesk", 10, "resolution.claimed")["basis"] == "customer_confirmed"


def test_a_ticket_of_zendesk_over_eventbridge_is_told() -> None:
    # The same ticket, by the other way.
    assert told("zendesk_eventbridge") == told("zendesk")
    asks = one("zendesk_eventbridge", 2, "message.created")
    assert (asks["actor"], asks["requests_human"]) == ("customer", True)
    assert (asks["channel"], asks["customer_ref"]) == (
        "web_form",
        References(b"a key of this test").of("zendesk:501"),
    )
    assert one("zendesk_eventbridge", 4, "message.created")["visibility"] == "internal"
    (requested,), (accepted,) = mapped("zendesk_eventbridge")[5:7]
    assert requested["data"]["handoff_id"] == accepted["data"]["handoff_id"]
    assert requested["data"]["to_queue"] == "802"
    # All three came of one update, at one moment: their places in it tell which was first.
    (said,) = mapped("zendesk_eventbridge")[4]
    assert requested["time"] == accepted["time"] == said["time"]
    assert requested["sequence"] < accepted["sequence"] < said["sequence"]
    bases = [one("zendesk_eventbridge", at, "resolution.claimed")["basis"] for at in (8, 10)]
    assert bases == ["agent_judged", "customer_confirmed"]
    assert one("zendesk_eventbridge", 9, "conversation.reopened")["actor"] == "customer"


def test_a_conversation_of_chatwoot_is_told() -> None:
    linked = ["customer.linked", "customer.linked"]
    assert told("chatwoot") == [
        ["conversation.started", *linked],
        ["message.created", *linked],
        ["message.created"],
        ["handoff.requested"],
        [],
        ["handoff.accepted", "message.created"],
        ["message.created"],
        ["resolution.claimed"],
        ["message.created"],
        ["conversation.reopened"],
        [],
        [],
    ]
    assert one("chatwoot", 0, "conversation.started")["channel"] == "chat"
    assert one("chatwoot", 1, "message.created")["requests_human"] is True
    assert one("chatwoot", 2, "message.created")["actor"] == "ai"
    assert one("chatwoot", 3, "handoff.requested")["kind"] == "ai_human"
    assert one("chatwoot", 7, "resolution.claimed")["by"] == "human"
    assert mapped("chatwoot")[7][0]["time"] == "2026-03-02T09:07:00.250000+00:00"


def test_an_issue_of_github_is_told() -> None:
    claim = ["resolution.claimed", "conversation.closed"]
    assert told("github_issues") == [
        ["conversation.started"],
        [],
        ["message.created"],
        ["message.created"],
        [],
        ["message.created"],
        claim,
        ["conversation.reopened"],
        claim,
        ["conversation.reopened"],
        claim,
        ["conversation.closed"],
        [],
        ["conversation.deleted"],
    ]
    actors = [one("github_issues", record, "message.created")["actor"] for record in (2, 3, 5)]
    assert actors == ["human", "customer", "system"]
    bases = [one("github_issues", record, "resolution.claimed")["basis"] for record in (6, 8, 10)]
    assert bases == ["inactivity_timeout", "agent_judged", "customer_confirmed"]
    reopened = [one("github_issues", record, "conversation.reopened")["actor"] for record in (7, 9)]
    assert reopened == ["customer", "human"]


def test_a_conversation_of_intercom_is_told() -> None:
    claim = ["resolution.claimed", "conversation.closed"]
    assert told("intercom") == [
        ["conversation.started", "message.created"],
        ["message.created"],
        claim,
        ["message.created"],
        ["handoff.requested"],
        [],
        [],
        ["handoff.accepted", "message.created"],
        ["message.created"],
        claim,
        ["conversation.reopened"],
        [],
        [],
        ["conversation.started"],
    ]
    origins = [one("intercom", record, "conversation.started")["origin"] for record in (0, 13)]
    assert origins == ["inbound", "proactive"]
    fin, person = (one("intercom", record, "resolution.claimed") for record in (2, 9))
    assert (fin["by"], fin["basis"], fin["ai_agent_id"]) == ("ai", "inactivity_timeout", "fin")
    assert (person["by"], person["basis"]) == ("human", "agent_judged")
    actors = [one("intercom", record, "message.created")["actor"] for record in (1, 3, 8)]
    assert actors == ["ai", "customer", "human"]
    # The last part is the news.
    assert one("intercom", 3, "message.created")["requests_human"] is True


def test_a_ticket_of_zammad_is_told() -> None:
    assert told("zammad") == [
        ["conversation.started", "message.created", "customer.linked", "customer.linked"],
        ["message.created"],
        ["message.created"],
        [],
        ["message.created", "resolution.claimed"],
        ["conversation.reopened", "message.created"],
        [],
        ["resolution.claimed"],
        ["conversation.reopened"],
    ]
    said = [one("zammad", record, "message.created") for record in (0, 1, 2, 4, 5)]
    assert [each["actor"] for each in said] == ["customer", "human", "human", "human", "customer"]
    assert [each["visibility"] for each in said].index("internal") == 2
    assert [each.get("requests_human") for each in said] == [False, False, False, False, True]
    assert one("zammad", 4, "resolution.claimed")["basis"] == "agent_judged"
    assert one("zammad", 7, "resolution.claimed")["basis"] == "customer_confirmed"
    assert one("zammad", 5, "conversation.reopened")["actor"] == "customer"
    assert one("zammad", 8, "conversation.reopened")["actor"] == "unknown"


def test_spans_of_an_agent_are_told() -> None:
    assert told("otel_genai") == [
        ["action.executed"],
        ["conversation.started", "message.created"],
        ["evaluation.result"],
        [],
        [],
        ["action.failed"],
        ["message.created"],
        ["evaluation.result"],
    ]
    executed = one("otel_genai", 0, "action.executed")
    failed = one("otel_genai", 5, "action.failed")
    assert (executed["action_id"], executed["kind"]) == ("call-1", "lookup")
    assert (failed["kind"], failed["by"]) == ("refund", "ai")
    said = [one("otel_genai", record, "message.created") for record in (1, 6)]
    assert [each["turn_outcome"] for each in said] == ["sent", "failed"]
    assert {(each["ai_agent_id"], each["ai_version"]) for each in said} == {
        ("asst-1", "2026-03-01")
    }
    judged = one("otel_genai", 2, "evaluation.result")
    assert judged["gen_ai.evaluation.score.value"] == 4.0
    assert (judged["ai_version"], judged["gen_ai_response_id"]) == ("2026-03-01", "resp-1")
    assert (judged["evaluator"], judged["evaluator_version"]) == ("assistant", "1.4")
    assert one("otel_genai", 7, "evaluation.result")["evaluator"] == "judge"
    assert mapped("otel_genai")[0][0]["time"] == "2026-03-02T09:00:01+00:00"
    assert len({given["partitionkey"] for events in mapped("otel_genai") for given in events}) == 1
