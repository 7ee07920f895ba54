"""Open lists: every list knows ``unknown``, reads any other word as it, and loses no word."""

from __future__ import annotations

import inspect

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas import json_schema, vocabulary
from schemas.vocabulary import Vocabulary

LISTS = [
    member
    for _, member in inspect.getmembers(vocabulary, inspect.isclass)
    if issubclass(member, Vocabulary) and member is not Vocabulary
]

# What version 1 promised. A word may be added here, never taken away.
PROMISED = {
    "Actor": "customer ai human system",
    "Assurance": "verified asserted device none",
    "Basis": "customer_confirmed agent_judged inactivity_timeout workflow operator bulk merge",
    "Channel": "chat messaging email voice social web_form",
    "Disposition": "needed not_needed",
    "HandoffKind": "ai_human ai_ai human_human human_ai",
    "HandoffReason": "customer_requested policy_required knowledge_gap tool_failure"
    " missing_capability low_confidence safety_risk verification_failed usage_limit loop_limit"
    " unclassified",
    "LedgerStage": "submitted posted",
    "MessageKind": "answer question greeting error handoff_notice commitment ack thanks auto_reply"
    " asks_known_info other",
    "Origin": "inbound proactive reply_to_proactive transfer",
    "Requester": "customer ai policy system",
    "Scale": "csat5 ces7 thumb nps",
    "SignalKind": "chargeback complaint cancellation review_negative",
    "SuggestionState": "verbatim edited_minor edited_major discarded",
    "TurnOutcome": "sent empty failed",
    "ValueBand": "low medium high",
    "Visibility": "public internal",
}


def name_of(words: type[Vocabulary]) -> str:
    return words.__name__


@pytest.mark.parametrize("words", LISTS, ids=name_of)
def test_a_list_keeps_every_word_it_promised(words: type[Vocabulary]) -> None:
    promised = {*PROMISED[words.__name__].split(), "unknown"}

    assert promised <= {str(word) for word in words}


@pytest.mark.parametrize("words", LISTS, ids=name_of)
def test_a_word_that_a_list_does_not_know_is_read_as_unknown(words: type[Vocabulary]) -> None:
    assert words("a_word_of_a_later_version") is words("unknown")
    assert words("") is words("unknown")


@pytest.mark.parametrize("words", LISTS, ids=name_of)
@pytest.mark.parametrize("value", [None, 0, 1.5, True, ["chat"]])
def test_what_is_no_string_is_no_word(words: type[Vocabulary], value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(words).validate_python(value)


@pytest.mark.parametrize("words", LISTS, ids=name_of)
def test_a_schema_names_the_words_and_refuses_none(words: type[Vocabulary]) -> None:
    _, definitions = json_schema.bundle("{model}")
    schema = definitions[words.__name__]

    assert schema["type"] == "string"
    assert schema["x-known-values"] == [str(word) for word in words]
    assert "enum" not in schema
