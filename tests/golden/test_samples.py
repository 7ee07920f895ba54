"""The shipped samples: what is said of them, held against what their sources knew.

`make golden` writes the reports anew; read the difference before you commit it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from monitor.adapters.samples import NAMES, read_lines, sample, write_lines
from monitor.shell.replay import dump, dump_line
from tests.golden.recorded import (
    DOUBT,
    GOLDEN,
    NEVER,
    at_five_days,
    durable_five_days,
    judged,
    shipped,
    truth,
    with_finding,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEPS = {
    "cx.resolution.claimed.v1": "claimed",
    "cx.conversation.reopened.v1": "reopened",
    "cx.conversation.closed.v1": "closed",
}


def steps() -> Iterator[tuple[str, str, str]]:
    for event in read_lines(sample("uci_incident")):
        if event["type"] in STEPS:
            yield event["subject"], event["time"], STEPS[event["type"]]


@pytest.mark.parametrize("name", NAMES)
def test_the_report_is_the_golden_one(name: str, *, rewrite_golden: bool) -> None:
    golden = GOLDEN / f"{name}.report.json"
    if rewrite_golden:
        golden.write_text(dump(shipped(name).report), encoding="utf-8")

    assert dump(shipped(name).report) == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_two_replays_give_the_same_bytes(name: str) -> None:
    again = judged(sample(name))

    assert dump(again.report) == dump(shipped(name).report)
    assert list(map(dump_line, again.cases)) == list(map(dump_line, shipped(name).cases))


@pytest.mark.parametrize("name", NAMES)
def test_every_event_of_a_sample_is_applied_and_every_case_told(name: str) -> None:
    events = Counter(event["type"] for event in read_lines(sample(name)))
    report = shipped(name).report

    assert sum(report["events"].values()) == events.total()
    assert {key.rpartition("/")[2] for key in report["events"]} == {"applied"}
    assert {case["case_id"] for case in shipped(name).cases} == {
        case["case_id"] for case in truth(name)
    }


def test_cases_are_reopened_as_often_as_the_source_says() -> None:
    told = {case["case_id"]: case["reopened"] for case in shipped("uci_incident").cases}

    assert told == {case["case_id"]: case["reopen_count"] for case in truth("uci_incident")}


def test_durability_is_the_textbook_s() -> None:
    durable = at_five_days(shipped("uci_incident"))

    assert durable == pytest.approx(durable_five_days(steps(), DOUBT), abs=0.002)
    # Nor do the few reopenings by mistake make a difference that matters.
    assert durable == pytest.approx(durable_five_days(steps(), NEVER), abs=0.002)


def test_the_textbook_knows_the_mistakes_that_we_know() -> None:
    mistakes = shipped("uci_incident").report["mistaken_reopens"]

    assert mistakes > 0
    assert durable_five_days(steps(), NEVER) < durable_five_days(steps(), DOUBT)


def test_phantom_handoffs_are_the_cases_in_which_the_customer_only_believed_in_one() -> None:
    phantom = {
        case["case_id"]
        for case in truth("tau2")
        if case["customer_signal"] == "TRANSFER" and not case["transfer_made"]
    }

    assert phantom
    assert with_finding(shipped("tau2"), "SF-04") == phantom


def test_a_transfer_that_is_called_again_and_again_is_one_handoff(tmp_path: Path) -> None:
    log = list(read_lines(sample("tau2")))
    for event in log.copy():
        if event["type"] == "cx.handoff.requested.v1":
            log += [event | {"id": f"{event['id']}-{again}"} for again in range(3)]
    write_lines(tmp_path / "again.gz", log)
    cases = judged(tmp_path / "again.gz").cases

    assert {case["case_id"]: len(case["handoffs"]) for case in cases} == {
        case["case_id"]: int(case["transfer_made"]) for case in truth("tau2")
    }


def test_incidents_are_handed_over_as_often_as_the_source_says() -> None:
    handoffs = {case["case_id"]: len(case["handoffs"]) for case in shipped("uci_incident").cases}

    assert handoffs == {
        case["case_id"]: case["reassignment_count"] for case in truth("uci_incident")
    }
