"""The recorded sets themselves, through the mappings, where they lie beside the project.

A stranger has only what is shipped; CI must have the sets.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from monitor.adapters.mapping import load_mapping
from monitor.adapters.samples import NAMES, read_lines
from monitor.shell.replay import dump_line
from tests.golden.recorded import (
    DOUBT,
    NEVER,
    at_five_days,
    durable_five_days,
    judged,
    shipped,
    with_finding,
)
from tests.paths import RECORDED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.shell.replay import Replayed

pytestmark = pytest.mark.usefixtures("recorded_data")

STEPS = {
    "incident.resolved": ["claimed"],
    "incident.reopened": ["reopened"],
    "incident.closed": ["closed"],
}


@cache
def run(name: str) -> Replayed:
    return judged(RECORDED / f"{name}.events.jsonl.gz", load_mapping(name))


def steps() -> Iterator[tuple[str, str, str]]:
    """Read the source by itself: what claims, what reopens and what closes an incident."""
    for record in read_lines(RECORDED / "uci_incident.events.jsonl.gz"):
        attributes = record["attrs"]
        if record["type"] == "incident.closed" and attributes.get("frm") != "Resolved":
            yield record["case_id"], record["ts"], "claimed"
        if attributes.get("first_row") and attributes["to"] == "Resolved":
            yield record["case_id"], record["ts"], "claimed"
        for what in STEPS.get(record["type"], []):
            yield record["case_id"], record["ts"], what


@pytest.mark.parametrize("name", NAMES)
def test_the_sets_say_what_the_shipped_samples_say(name: str) -> None:
    report = dict(run(name).report)

    assert sum(report.pop("ignored_records").values()) > 0
    assert report == shipped(name).report
    assert list(map(dump_line, run(name).cases)) == list(map(dump_line, shipped(name).cases))


def test_cases_are_reopened_as_often_as_the_source_says() -> None:
    truth = read_lines(RECORDED / "uci_incident.truth.jsonl.gz")

    assert {case["case_id"]: case["reopened"] for case in run("uci_incident").cases} == {
        case["case_id"]: case["reopen_count"] for case in truth
    }


def test_durability_is_the_textbook_s() -> None:
    durable = at_five_days(run("uci_incident"))

    assert durable == pytest.approx(durable_five_days(steps(), DOUBT), abs=0.002)
    assert durable == pytest.approx(durable_five_days(steps(), NEVER), abs=0.002)


def test_phantom_handoffs_are_the_cases_in_which_the_customer_only_believed_in_one() -> None:
    truth = list(read_lines(RECORDED / "tau2.truth.jsonl.gz"))

    assert with_finding(run("tau2"), "SF-04") == {
        case["case_id"]
        for case in truth
        if case["customer_signal"] == "TRANSFER" and not case["transfer_made"]
    }
    assert {case["case_id"]: len(case["handoffs"]) for case in run("tau2").cases} == {
        case["case_id"]: int(case["transfer_made"]) for case in truth
    }
