"""The shipped samples: events of the contract, free of text, and true to what the sources knew."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from monitor.adapters.samples import HERE, TRUTH_COLUMNS, kept_events, read_lines, write_lines
from monitor.adapters.samples.__main__ import main
from schemas.decode import TOPIC_OF, read
from tests.adapters.records import OPENED, STARTED, turn
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.adapters.records import Event


DATA = ROOT / "tests" / "data"
# As many words as the longest class, queue or category has; the bureau's form has long ones.
WORDS_MAX = {"cfpb": 8}


@cache
def events(name: str) -> list[Event]:
    return list(read_lines(kept_events(name, DATA)))


@cache
def truth(name: str) -> list[dict[str, Any]]:
    return list(read_lines(DATA / f"{name}.truth.jsonl.gz"))


def cases_with(name: str, kind: str) -> Counter[str]:
    return Counter(event["subject"] for event in events(name) if event["type"] == f"cx.{kind}.v1")


@pytest.mark.parametrize("name", TRUTH_COLUMNS)
def test_the_contract_accepts_every_sample(name: str) -> None:
    for event in events(name):
        read(TOPIC_OF[event["type"]], event)


@pytest.mark.parametrize("name", TRUTH_COLUMNS)
def test_no_sample_carries_a_sentence(name: str) -> None:
    values = {
        value
        for event in events(name)
        for value in (*event.values(), *event["data"].values())
        if isinstance(value, str)
    }

    assert [value for value in values if len(value.split()) > WORDS_MAX.get(name, 4)] == []


@pytest.mark.parametrize("name", TRUTH_COLUMNS)
def test_every_id_is_one_of_its_own(name: str) -> None:
    assert len({event["id"] for event in events(name)}) == len(events(name))


@pytest.mark.parametrize("name", TRUTH_COLUMNS)
def test_the_samples_tell_of_every_case_that_the_truth_knows(name: str) -> None:
    assert set(cases_with(name, "conversation.started")) == {
        case["case_id"] for case in truth(name)
    }
    assert {tuple(case) for case in truth(name)} == {TRUTH_COLUMNS[name]}


def test_incidents_are_reopened_as_often_as_the_source_says() -> None:
    reopened = cases_with("uci_incident", "conversation.reopened")

    assert {
        case["case_id"]: (reopened[case["case_id"]], case["reopen_count"])
        for case in truth("uci_incident")
        if reopened[case["case_id"]] != case["reopen_count"]
    } == {}


def test_incidents_are_handed_off_as_often_as_the_source_says() -> None:
    handed_off = cases_with("uci_incident", "handoff.requested")

    assert [
        case["case_id"]
        for case in truth("uci_incident")
        if handed_off[case["case_id"]] != case["reassignment_count"]
    ] == []


def test_handoffs_and_notices_are_those_of_the_source() -> None:
    told = {case["case_id"] for case in truth("tau2") if case["customer_signal"] == "TRANSFER"}
    made = {case["case_id"] for case in truth("tau2") if case["transfer_made"]}

    assert set(cases_with("tau2", "handoff.announced")) == told
    assert set(cases_with("tau2", "handoff.requested")) == made


def test_claims_are_those_of_content_customers_and_agents() -> None:
    content = {
        case["case_id"]
        for case in truth("tau2")
        if case["customer_signal"] == "STOP" or case["termination_reason"] == "agent_stop"
    }

    assert set(cases_with("tau2", "resolution.claimed")) == content


def test_every_sample_says_where_it_comes_from() -> None:
    attribution = (HERE / "ATTRIBUTION.md").read_text(encoding="utf-8")

    for name in TRUTH_COLUMNS:
        assert f"{kept_events(name, DATA).name}" in attribution
    for needed in (
        "10.24432/C57S4H",
        "Attribution 4.0",
        "MIT License",
        "What was changed",
        "(c) 2024",
    ):
        assert needed in attribution


def test_the_same_lines_give_the_same_bytes(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [{"a": 1}, {"b": [2]}]
    first, second = tmp_path / "first.gz", tmp_path / "second.gz"

    assert write_lines(first, lines) == 2
    write_lines(second, lines)
    assert first.read_bytes() == second.read_bytes()
    assert list(read_lines(first)) == lines


def test_the_samples_can_be_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "source"
    (tmp_path / "tests" / "data").mkdir(parents=True)
    source.mkdir()
    complaint = turn("complaint.received", "customer", channel="Web")
    records = {"uci_incident": OPENED, "cfpb": complaint}
    for name in TRUTH_COLUMNS:
        write_lines(source / f"{name}.events.jsonl.gz", [records.get(name, STARTED)])
        write_lines(
            source / f"{name}.truth.jsonl.gz",
            [dict.fromkeys(TRUTH_COLUMNS[name], 1) | {"notes": "left out"}],
        )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("monitor.adapters.samples.HERE", tmp_path)

    assert main([str(source)]) == 0
    told = [f"{name}: 1 events, 1 cases\n" for name in TRUTH_COLUMNS]
    assert capsys.readouterr().out == "".join(told)
    kept = (tmp_path / "tau2.jsonl.gz", tmp_path / "tests" / "data" / "cfpb.events.jsonl.gz")
    for file in kept:
        (event,) = read_lines(file)
        assert event["type"] == "cx.conversation.started.v1"
    (case,) = read_lines(tmp_path / "tests" / "data" / "tau2.truth.jsonl.gz")
    assert json.dumps(case) == json.dumps(dict.fromkeys(TRUTH_COLUMNS["tau2"], 1))


def test_without_a_source_the_samples_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "SOURCE_DIR" in capsys.readouterr().err
