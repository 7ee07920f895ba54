"""The recorded sets themselves, through the mappings, where they lie beside the project.

A stranger has only what is shipped; CI must have the sets.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from monitor.adapters.classifiers import CLASSIFIERS
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

KIND = CLASSIFIERS["customer_kind"]
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


def truth_of(name: str) -> dict[str, dict[str, Any]]:
    cases = read_lines(RECORDED / f"{name}.truth.jsonl.gz")
    return {case["case_id"]: case for case in cases}


def test_issues_are_reopened_as_often_as_the_source_says() -> None:
    assert {case["case_id"]: case["reopened"] for case in run("ghissues").cases} == {
        name: case["reopen_count"] for name, case in truth_of("ghissues").items()
    }


def test_an_issue_was_not_resolved_if_it_is_reopened_or_its_opener_has_more_to_say() -> None:
    truth = truth_of("ghissues")
    reopened = {name for name, case in truth.items() if case["was_reopened"]}
    came_back = {name for name, case in truth.items() if case["opener_comments_after_final_close"]}
    failed = {case["case_id"] for case in run("ghissues").cases if case["failures"]}

    assert failed <= reopened | came_back
    assert len(reopened & failed) > 0
    # What is left had ended: nobody returned, but with thanks, within thirty days of a claim.
    returned = {case for case, at, since in returns("ghissues") if at - since < timedelta(days=30)}
    assert (reopened | came_back) - failed == (reopened | came_back) - returned


def returns(name: str) -> Iterator[tuple[str, datetime, datetime]]:
    """Read the source by itself: who came back to a closed issue, when, and when it was closed."""
    closed: dict[str, datetime] = {}
    for record in read_lines(RECORDED / f"{name}.events.jsonl.gz"):
        case, at, told = record["case_id"], datetime.fromisoformat(record["ts"]), record["attrs"]
        if record["type"] == "issue.closed" and told.get("state_reason") != "not_planned":
            closed[case] = at
        speaks = record["type"] == "comment" and told.get("by_opener") is True
        more = speaks and KIND(told["text"]) not in ("ack", "auto_reply", "thanks")
        if case in closed and (more or record["type"] == "issue.reopened"):
            yield case, at, closed[case]


def test_complaints_are_claimed_to_be_closed_where_the_source_says_so() -> None:
    claimed = {case["case_id"]: len(case["claims"]) for case in run("cfpb").cases}

    assert claimed == {name: int(case["claimed_closed"]) for name, case in truth_of("cfpb").items()}
    # Nobody is named, so no claim is followed, and no share of them is called durable.
    strict = run("cfpb").report["durability"]["explicit"]
    assert {(one["durable"], one["at_risk"]) for one in strict.values()} == {(None, 0)}


def test_the_older_benchmark_s_transfers_and_claims_are_those_of_the_source() -> None:
    truth = truth_of("tau1_gpt4o_airline")
    told = {
        case["case_id"]: (len(case["handoffs"]), len(case["claims"]))
        for case in run("tau1_gpt4o_airline").cases
    }

    assert told == {
        name: (int(case["transfer_made"]), int(case["customer_signal"] == "STOP"))
        for name, case in truth.items()
    }
