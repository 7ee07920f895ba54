"""The recorded sets themselves, through the mappings, where they lie beside the project.

A stranger has only what is shipped; CI must have the sets.
"""

from __future__ import annotations

from collections import Counter
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


def test_who_closed_an_issue_last_is_who_claims() -> None:
    truth = truth_of("ghissues")
    for case in run("ghissues").cases:
        known = truth[case["case_id"]]
        if known["state_reason"] == "not_planned":
            # It was over, and nobody said that it was resolved.
            assert case["claims"] == []
            continue
        last = case["claims"][-1]
        if known["bot_close"]:
            assert (last["by"], last["basis"]) == ("system", "inactivity_timeout")
        elif known["closed_by_opener"]:
            assert (last["by"], last["basis"]) == ("human", "customer_confirmed")
        else:
            # Where names are blanked nobody knows, and the source's own word is a person.
            assert (last["by"], last["basis"]) == ("human", "agent_judged")


def test_comments_are_messages_but_those_that_are_nobody_s() -> None:
    mapping = load_mapping("ghissues")
    records = list(read_lines(RECORDED / "ghissues.events.jsonl.gz"))
    given = Counter(event["type"] for event in mapping.events(records))
    comments = Counter(record["case_id"] for record in records if record["type"] == "comment")
    counted = {name: case["comments_total"] for name, case in truth_of("ghissues").items()}

    assert given["cx.message.created.v1"] + mapping.ignored.total() == comments.total()
    # Of one issue the source counts one that it does not list.
    assert sorted(counted[name] - comments[name] for name in counted) == [0] * 427 + [1]


def test_incidents_came_by_the_channels_that_the_source_names() -> None:
    words = {"Phone": "voice", "Email": "email"}
    came = Counter(words[case["contact_type"]] for case in truth_of("uci_incident").values())

    assert run("uci_incident").report["conversations"] == came


def test_an_incident_left_its_resolution_where_it_was_reopened() -> None:
    truth = truth_of("uci_incident")
    left = {name for name, case in truth.items() if case["left_resolved_state"]}
    reopened = {case["case_id"] for case in run("uci_incident").cases if case["reopened"]}
    from_closed = {
        record["case_id"]
        for record in read_lines(RECORDED / "uci_incident.events.jsonl.gz")
        if record["type"] == "incident.reopened" and record["attrs"]["frm"] == "Closed"
    }

    assert reopened - left == from_closed
    # One left it by a row that was written before the resolution and dated after it. The source's
    # own count of reopenings, which we follow, does not know it either.
    assert {truth[name]["reopen_count"] for name in left - reopened} == {0}
    assert len(left - reopened) == 1


@pytest.mark.parametrize("name", ["tau1_gpt4o_airline", "tau2"])
def test_claims_of_the_ai_are_those_of_the_model_that_the_source_names(name: str) -> None:
    models = Counter(
        case["agent_model"]
        for case in truth_of(name).values()
        if case["customer_signal"] == "STOP" or case.get("termination_reason") == "agent_stop"
    )
    claimed: Counter[str] = Counter()
    for claim in load_mapping(name).events(read_lines(RECORDED / f"{name}.events.jsonl.gz")):
        if claim["type"] == "cx.resolution.claimed.v1":
            claimed[claim["data"]["ai_version"]] += 1

    assert claimed == models
