"""Our mappings over the whole recorded sets, where these lie beside the project.

A stranger has only what is shipped; CI must have the sets.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest

from monitor.adapters.mapping import load_mapping
from monitor.adapters.samples import (
    TRUTH_COLUMNS,
    extract_truth,
    kept_events,
    map_events,
    read_lines,
)
from schemas.decode import TOPIC_OF, read
from tests.paths import RECORDED, ROOT

if TYPE_CHECKING:
    from monitor.adapters.records import Event, Record

pytestmark = pytest.mark.usefixtures("recorded_data")

MAPPED = (*TRUTH_COLUMNS, "ghissues")
"""The sets that we have mappings for; of the last we keep nothing."""


@cache
def records(name: str) -> list[Record]:
    return list(read_lines(RECORDED / f"{name}.events.jsonl.gz"))


def by_case(events: list[Event], kind: str) -> Counter[str]:
    return Counter(event["subject"] for event in events if event["type"] == f"cx.{kind}.v1")


@pytest.mark.parametrize("name", MAPPED)
def test_every_record_becomes_events_or_is_ignored_for_a_reason(name: str) -> None:
    mapping = load_mapping(name)
    silent = 0
    for record in records(name):
        before = mapping.ignored.total()
        events = list(mapping.events([record]))
        silent += mapping.ignored.total() - before
        assert bool(events) != (mapping.ignored.total() > before)
        for event in events:
            read(TOPIC_OF[event["type"]], event)

    rules = {rule.ignore for rule in mapping.file.rules if rule.ignore}
    assert set(mapping.ignored) <= rules
    assert mapping.ignored.total() == silent


@pytest.mark.parametrize("name", TRUTH_COLUMNS)
def test_the_kept_events_are_what_the_mapping_gives_now(name: str) -> None:
    data = ROOT / "tests" / "data"

    assert list(read_lines(kept_events(name, data))) == list(map_events(name, RECORDED))
    truth = data / f"{name}.truth.jsonl.gz"
    assert list(read_lines(truth)) == list(extract_truth(name, RECORDED))


@pytest.mark.parametrize("name", MAPPED)
def test_a_log_that_comes_twice_gives_no_other_ids(name: str) -> None:
    mapping = load_mapping(name)
    once = {event["id"] for event in mapping.events(records(name))}

    assert {event["id"] for event in mapping.events(records(name))} <= once


@pytest.mark.parametrize("name", ["ghissues", "tau1_gpt4o_airline", "tau2"])
def test_no_wording_of_the_conversations_is_in_the_events(name: str) -> None:
    said = {
        text
        for record in records(name)
        for field in ("text", "arguments", "content", "reason", "title")
        if isinstance(text := record["attrs"].get(field), str) and len(text.split()) > 1
    }
    events = map_events(name, RECORDED)
    values = {str(value) for event in events for value in (event | event["data"]).values()}

    assert said.isdisjoint(values)


def test_reopenings_equal_the_truth() -> None:
    reopened = by_case(list(map_events("uci_incident", RECORDED)), "conversation.reopened")
    truth = list(extract_truth("uci_incident", RECORDED))

    assert {case["case_id"]: reopened[case["case_id"]] for case in truth} == {
        case["case_id"]: case["reopen_count"] for case in truth
    }
