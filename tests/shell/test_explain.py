"""What an operator sees of `explain`: a timeline that reads the same everywhere, or what to do."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from monitor.shell.asking import how_to_recall
from monitor.shell.explanation import standings
from tests.build import (
    ai_says,
    claimed,
    clock,
    handoff_requested,
    promised,
    said,
    says,
    started,
)

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.envelope import Envelope
    from tests.shell.conftest import Run

STORY: tuple[Envelope, ...] = (
    started("ann", "09:00", case_id="CASE-17"),
    says("ann", "09:01"),
    ai_says("ann", "09:02"),
    claimed("ann", "09:10"),
    says("ann", "2d 09:00"),
    handoff_requested("ann", "2d 09:05"),
    promised("ann", "2d 09:06", "9d 09:00"),
    started("bob", "2d 12:00", case_id="CASE-18"),
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Write the story down, packed."""
    return written(tmp_path / "log.jsonl.gz", *STORY)


def written(file: Path, *events: Envelope) -> Path:
    lines = [event.model_dump_json(exclude_none=True).encode() + b"\n" for event in events]
    file.write_bytes(gzip.compress(b"".join(lines)))
    return file


def test_the_timeline_is_plain_text_when_nobody_looks(run: Run, log: Path) -> None:
    status, out, err = run("explain", "CASE-17", "--log", log)

    assert (status, err) == (0, "")
    assert "\x1b" not in out
    assert out.startswith("CASE-17: conversations ann-1\n")
    told = re.sub(r"\s+", " ", out)
    assert "2026-03-04 09:00:00 message.created, customer, question" in told
    assert "[durability.reopen]" in told
    assert "FOUND SF-01 False resolution, same thread, probable" in told
    assert "cx_resolution_failures_total x3" in told
    assert "The promise is judged when its time and its grace have passed." in told
    assert max(map(len, out.splitlines())) <= 120


def test_json_has_all_that_the_text_has(run: Run, log: Path) -> None:
    explained = json.loads(run("explain", "ann-1", "--log", log, "--json")[1])
    rules = {one["rule"] for entry in explained["timeline"] for one in entry["decided"]}

    assert (explained["case"], explained["conversations"]) == ("ann-1", ["ann-1"])
    assert rules >= {"contact.first", "claim.made", "durability.reopen", "SF-01"}
    assert {one["rule"] for one in explained["now"][0]["pending"]} >= {"waiting.promise"}


def test_the_same_log_gives_the_same_bytes_in_whatever_files_it_lies(
    run: Run, log: Path, tmp_path: Path
) -> None:
    first = written(tmp_path / "first", *STORY[::2])
    second = written(tmp_path / "second", *STORY[1::2])
    whole = run("explain", "CASE-17", "--log", log, "--json")

    assert run("explain", "CASE-17", "--log", first, "--log", second, "--json") == whole


def test_a_mapping_and_a_policy_are_used(run: Run, tmp_path: Path, log: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('handoff_sla = "10m"\n')
    told = json.loads(run("explain", "ann-1", "--log", log, "--policy", policy, "--json")[1])
    overdue = [
        entry["at"]
        for entry in told["timeline"]
        if entry.get("deadline", {}).get("rule") == "waiting.sla"
    ]

    assert overdue == [clock("2d 09:15").isoformat()]
    assert (
        told["policy_version"]
        != json.loads(run("explain", "ann-1", "--log", log, "--json")[1])["policy_version"]
    )
    status, _, err = run("explain", "ann-1", "--log", log, "--map", "uci_incident")
    assert (status, "has no such case" in err) == (2, True)


def test_a_case_under_a_linked_reference_is_traced(run: Run, tmp_path: Path) -> None:
    """The core may give everything to the other reference's row."""
    link = said(
        "customer.linked",
        "12:00",
        {"customer_ref": "ann", "other_ref": "aaron", "assurance": "verified"},
    )
    log = written(tmp_path / "linked", *STORY, link)
    told = json.loads(run("explain", "CASE-17", "--log", log, "--json")[1])
    types = [entry["event"]["type"] for entry in told["timeline"] if "event" in entry]

    assert types.count("cx.message.created.v1") == 3
    assert "cx.customer.linked.v1" in types
    assert [one["id"] for one in told["now"][0]["conversations"]] == ["ann-1"]
    assert "aaron" not in json.dumps(told)


@pytest.mark.parametrize(
    ("case", "near"),
    [
        ("CASE-1", "; near it are CASE-17, CASE-18"),
        ("case-17", "; near it are CASE-17"),
        ("CASE-71", "; near it are CASE-18, CASE-17"),
        ("INC0001", ""),
    ],
)
def test_a_case_that_is_not_there_is_told_with_those_near_it(
    run: Run, log: Path, case: str, near: str
) -> None:
    assert run("explain", case, "--log", log) == (
        2,
        "",
        f"error: {case}: the log has no such case and no such conversation{near}\n",
    )


def test_a_log_that_could_not_be_read_is_told_from_a_case_that_is_not_there(
    run: Run, tmp_path: Path, log: Path
) -> None:
    missing = "error: CASE-9: the log has no such case and no such conversation"
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_bytes(gzip.decompress(log.read_bytes()) + b"{\n" * 3)

    _, _, told = run("explain", "CASE-9", "--log", damaged)
    assert told.startswith(missing)
    assert told.endswith("; 3 of its records could not be read\n")
    _, _, told = run("explain", "CASE-9", "--log", log, "--map", "uci_incident")
    assert told == f"{missing}; nothing in it was read as an event: is --map wrong, or missing?\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--log", "LOG", "--worker", "http://127.0.0.1:1"],
        ["--log", "LOG", "--customer", "ann"],
        ["--worker", "http://127.0.0.1:1", "--map", "tau2"],
    ],
)
def test_what_does_not_go_together_is_said(run: Run, log: Path, arguments: list[str]) -> None:
    status, out, err = run(
        "explain", "CASE-17", *(log if word == "LOG" else word for word in arguments)
    )

    assert (status, out) == (2, "")
    assert err.startswith("error: explain reads recorded logs or asks a worker; give --log")


@pytest.mark.parametrize(
    ("worker", "ends", "why"),
    [
        ("http://127.0.0.1:1", 1, "no worker answers there; fix: give the address that its log"),
        ("127.0.0.1:9464", 2, "give the address of its pages, http://host:port"),
    ],
)
def test_a_worker_that_cannot_be_asked_is_said(run: Run, worker: str, ends: int, why: str) -> None:
    status, out, err = run("explain", "CASE-17", "--worker", worker)

    assert (status, out) == (ends, "")
    assert why in err


def test_partitions_without_an_answer_are_told_of() -> None:
    console = Console(width=80)
    with console.capture() as captured:
        console.print(standings({"case": "c", "journeys": [], "without_answer": [1, 3]}))

    assert captured.get() == "Partitions 1, 3 gave no answer; there may be more.\n"


def test_what_is_forgotten_is_told_by_a_name_that_logs_have() -> None:
    assert "explain it from the log" in how_to_recall("chat-1")
    assert "explain its conversation, which cx.outcomes and cx.findings tell" in how_to_recall(
        "0" * 32
    )
