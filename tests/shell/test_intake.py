"""A body becomes the events of its records, or is refused as a whole."""

from __future__ import annotations

import pytest

from monitor.adapters.mapping import load_mapping
from monitor.adapters.references import References
from monitor.shell.intake import MappedIntake, UnreadableError
from tests.paths import ROOT

FIXTURES = ROOT / "tests" / "adapters" / "vendors"


def intake(mapping: str) -> MappedIntake:
    return MappedIntake(load_mapping(mapping, References(b"a key of this test"), 100))


@pytest.mark.parametrize("mapping", ["zendesk", "otel_genai"])
@pytest.mark.parametrize(
    "body", [b"", b"  \n", b"[1]", b"{broken", b"{}", b"5", b"\xff", b"[" * 9999]
)
def test_a_body_that_is_no_record_is_refused(mapping: str, body: bytes) -> None:
    with pytest.raises(UnreadableError, match="the body is no record in JSON"):
        intake(mapping).events({}, body)


@pytest.mark.parametrize("body", [b"", b"  \n", b"{}", b"task.created", b"EventType=", b"a=%FF"])
def test_a_body_that_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableError, match="the body is no record in a form"):
        intake("twilio_taskrouter").events({}, body)


def test_a_form_is_one_record() -> None:
    taken = intake("twilio_taskrouter")
    forms = (FIXTURES / "twilio_taskrouter.form").read_bytes().splitlines()
    given = [taken.events({}, form) for form in forms]

    assert [len(events) for events in given[:7]] == [2, 0, 0, 0, 0, 1, 2]
    assert taken.refused == 0


def test_an_export_of_spans_is_many_records() -> None:
    taken = intake("otel_genai")
    lines = (FIXTURES / "otel_genai.jsonl").read_bytes().splitlines()
    given = [taken.events({}, line) for line in lines]

    assert [len(events) for events in given] == [1, 3, 1, 1, 1]
    # Nothing of it is written yet, so who comes again gets the same.
    assert [taken.events({}, line) for line in lines] == given


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gen_ai.evaluation.name", '{"intValue": 1e999}'),
        ("gen_ai.evaluation.name", '{"doubleValue": 1e999}'),
        ("gen_ai.evaluation.name" + ".a" * 50_000, '{"stringValue": "x"}'),
    ],
    ids=["whole number", "number", "depth"],
)
def test_what_is_too_large_in_a_span_is_no_error_of_ours(name: str, value: str) -> None:
    attribute = f'{{"key": "{name}", "value": {value}}}'
    span = f'{{"traceId": "1", "spanId": "2", "attributes": [{attribute}]}}'
    body = f'{{"resourceSpans": [{{"scopeSpans": [{{"spans": [{span}]}}]}}]}}'

    assert intake("otel_genai").events({}, body.encode()) == []


def test_an_export_without_spans_has_no_events() -> None:
    assert intake("otel_genai").events({}, b'{"resourceSpans": []}') == []
