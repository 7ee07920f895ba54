"""A body becomes the events of its records, or is refused as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.adapters.mapping import load_mapping
from monitor.adapters.references import References
from monitor.shell.intake import MappedIntake, UnreadableError
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

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


def test_an_export_of_spans_is_many_records() -> None:
    taken = intake("otel_genai")
    lines = (FIXTURES / "otel_genai.jsonl").read_bytes().splitlines()
    given = [taken.events({}, line) for line in lines]

    assert [len(events) for events in given] == [1, 3, 1, 1, 1]
    # Nothing of it is written yet, so who comes again gets the same.
    assert [taken.events({}, line) for line in lines] == given


def test_an_export_without_spans_has_no_events() -> None:
    assert intake("otel_genai").events({}, b'{"resourceSpans": []}') == []


@pytest.mark.parametrize("form", ["csv", "xes"])
def test_a_body_that_is_no_log_is_refused(tmp_path: Path, form: str) -> None:
    mapping = tmp_path / "desk.toml"
    text = (ROOT / "tests" / "adapters" / "desk.toml").read_text()
    mapping.write_text(text.replace("[record]", f'[record]\nformat = "{form}"'))
    taken = MappedIntake(load_mapping(mapping, References(b"a key of this test"), 100))

    with pytest.raises(UnreadableError, match=r"the log must have one column|line 1: no XML"):
        taken.events({}, b"what;at")
