"""The examples do what they say, there is one of everything, and the README says the same."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from schemas import json_schema
from schemas.conversations import ConversationClosed, ConversationStarted
from schemas.decode import CONVERSATIONS, TOPIC_OF, TYPES, Invalid, decode, read
from schemas.evaluations import EVALUATIONS, Evaluation
from schemas.handoffs import HandoffCompleted
from schemas.published import (
    DEAD_LETTERS,
    FINDINGS,
    OUTCOME,
    OUTCOMES,
    DeadLetter,
    Finding,
    Reason,
)
from schemas.vocabulary import Actor, Channel
from tests.schemas.examples import (
    BINARY,
    CONTRACT,
    EXAMPLES,
    REFUSED,
    VALID,
    Binary,
    Headers,
    Refused,
    Valid,
    content,
    name_of,
    to_bytes,
)

if TYPE_CHECKING:
    from schemas.envelope import Envelope

DOCUMENTS = json_schema.of_topics()
SCHEMAS = {topic: Draft202012Validator(schema) for topic, schema in DOCUMENTS.items()}
OF_OUTCOMES = dict(content("v*/published/outcome.*.json"))
OF_FINDINGS = dict(content("v*/published/finding*.json"))
OF_EVALUATIONS = dict(content("v*/published/evaluation.*.json"))
OF_DEAD_LETTERS = dict(content("v*/published/dead_letter*.json"))

# These are told by the bytes, before there is any JSON to show; test_decode.py shows them.
TOLD_BY_THE_BYTES = {Reason.EMPTY, Reason.TOO_LARGE, Reason.NOT_JSON}
# Which days a month has is beyond JSON Schema's patterns.
BEYOND_A_SCHEMA = {"v1/invalid/time_not_in_the_calendar.json"}


def liberty(name: str) -> Envelope:
    """Read the example that shows a liberty."""
    event = json.loads((EXAMPLES / "v1" / "valid" / f"{name}.json").read_text())
    return read(TOPIC_OF[event["type"]], event)


# Compatibility: the examples of every version are here, and none may ever be taken away.
@pytest.mark.parametrize("case", VALID, ids=name_of)
def test_an_example_of_any_version_is_still_read(case: Valid) -> None:
    event = decode(case.topic, [], to_bytes(case.event))

    assert (event.id, event.source, event.type) == (
        case.event["id"],
        case.event["source"],
        case.event["type"],
    )


@pytest.mark.parametrize("case", VALID, ids=name_of)
def test_json_schema_accepts_every_example(case: Valid) -> None:
    SCHEMAS[case.topic].validate(case.event)


@pytest.mark.parametrize("case", BINARY, ids=name_of)
def test_an_example_in_binary_mode_is_its_structured_twin(case: Binary) -> None:
    twin = json.loads(
        (EXAMPLES / case.name).parents[1].joinpath(case.name.rpartition("/")[2]).read_text()
    )

    assert decode(case.topic, case.headers, to_bytes(case.data)) == read(case.topic, twin)


@pytest.mark.parametrize("case", REFUSED, ids=name_of)
def test_an_invalid_example_is_refused_as_it_says(case: Refused) -> None:
    with pytest.raises(Invalid) as caught:
        decode(case.topic, [], to_bytes(case.event))

    assert (caught.value.reason, caught.value.detail) == (case.reason, case.detail)


@pytest.mark.parametrize("case", REFUSED, ids=name_of)
def test_json_schema_refuses_every_invalid_example_of_wrong_shape(case: Refused) -> None:
    assert SCHEMAS[case.topic].is_valid(case.event) == (case.name in BEYOND_A_SCHEMA)


def test_every_type_has_an_example_of_its_name() -> None:
    for type_ in TOPIC_OF:
        version = type_.rpartition(".")[2]
        event = json.loads((EXAMPLES / version / "valid" / f"{type_}.json").read_text())

        assert event["type"] == type_


def test_every_reason_has_an_example() -> None:
    assert {case.reason for case in REFUSED} == set(Reason) - TOLD_BY_THE_BYTES


def test_an_unknown_word_is_read_as_unknown() -> None:
    event = liberty("an_unknown_word_is_read_as_unknown")

    assert isinstance(event, ConversationStarted)
    assert event.data.channel is Channel.UNKNOWN


def test_a_field_of_a_later_version_is_passed_over() -> None:
    event = liberty("a_field_of_a_later_version_is_passed_over")

    assert "mood" not in event.data.model_dump()
    assert "dataschema" not in event.model_dump()


def test_the_least_that_is_needed_leaves_everything_else_unknown() -> None:
    event = liberty("the_least_that_is_needed")

    assert isinstance(event, ConversationClosed)
    assert (event.data.actor, event.data.customer_ref, event.subject) == (Actor.UNKNOWN, None, None)


def test_null_is_the_same_as_absent() -> None:
    event = liberty("null_is_the_same_as_absent")
    least = liberty("the_least_that_is_needed")

    assert event.data == least.data


def test_a_time_is_a_moment_whatever_its_offset() -> None:
    event = liberty("a_time_is_a_moment_whatever_its_offset")

    assert event.time.timestamp() == 1772444220.123456


def test_a_count_may_be_written_with_a_point() -> None:
    event = liberty("a_count_may_be_written_with_a_point")

    assert isinstance(event, HandoffCompleted)
    assert repr(event.data.human_public_messages) == "3"


@pytest.mark.parametrize("record", OF_OUTCOMES.values(), ids=OF_OUTCOMES)
def test_an_outcome_comes_out_as_it_went_in(record: dict[str, Any]) -> None:
    outcome = OUTCOME.validate_python(record)

    assert OUTCOME.dump_python(outcome, mode="json", exclude_none=True) == record
    SCHEMAS[OUTCOMES].validate(record)


@pytest.mark.parametrize("record", OF_FINDINGS.values(), ids=OF_FINDINGS)
def test_a_finding_comes_out_as_it_went_in(record: dict[str, Any]) -> None:
    finding = Finding.model_validate(record)

    assert finding.model_dump(mode="json", exclude_none=True) == record
    SCHEMAS[FINDINGS].validate(record)


@pytest.mark.parametrize("record", OF_EVALUATIONS.values(), ids=OF_EVALUATIONS)
def test_an_evaluation_comes_out_as_it_went_in(record: dict[str, Any]) -> None:
    evaluation = Evaluation.model_validate(record)

    assert evaluation.model_dump(mode="json", by_alias=True, exclude_none=True) == record
    SCHEMAS[EVALUATIONS].validate(record)


@pytest.mark.parametrize("headers", OF_DEAD_LETTERS.values(), ids=OF_DEAD_LETTERS)
def test_the_headers_of_a_dead_letter_come_out_as_they_went_in(headers: dict[str, str]) -> None:
    letter = DeadLetter.from_headers({name: value.encode() for name, value in headers.items()})

    assert {name: value.decode() for name, value in letter.headers()} == headers
    SCHEMAS[DEAD_LETTERS].validate(headers)


def test_every_kind_of_outcome_has_an_example() -> None:
    kinds = set(DOCUMENTS[OUTCOMES]["discriminator"]["mapping"])

    assert {record["kind"] for record in OF_OUTCOMES.values()} == kinds


README = (CONTRACT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The one code block of a language."""
    [text] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return str(text)


def rows(heading: str) -> dict[str, list[str]]:
    """A table of names: what is named in the first column, by what is named in the second."""
    table = README.partition(heading)[2].partition("\n\n")[0]
    cells = [line.split("|")[1:3] for line in table.splitlines()[2:]]
    names = [[re.findall(r"`([^`]+)`", cell) for cell in row] for row in cells]
    return {name: fields for firsts, fields in names for name in firsts}


def test_the_readme_shows_one_event_in_both_modes() -> None:
    head, _, value = block("text").partition("\n\n")
    lines = dict(line.split(": ", 1) for line in head.splitlines())
    key = lines.pop("key")
    headers: Headers = [(name, text.encode()) for name, text in lines.items()]
    event = decode(CONVERSATIONS, [], block("json").encode())

    assert decode(CONVERSATIONS, headers, value.encode()) == event
    assert event.partitionkey == key


@pytest.mark.parametrize("topic", TYPES)
def test_the_readme_names_every_type_and_what_it_cannot_be_without(topic: str) -> None:
    records, definitions = json_schema.bundle("{model}")
    required = {}
    for type_, name in records[topic]["discriminator"]["mapping"].items():
        data = definitions[name]["properties"]["data"]["$ref"]
        required[type_.removeprefix("cx.").removesuffix(".v1")] = definitions[data]["required"]

    assert rows(f"\n| `{topic}` | |") | rows("\n| every topic | |") == required


def test_the_readme_explains_every_reason() -> None:
    assert set(rows("\n| `dl_reason` |")) == {str(reason) for reason in Reason}
