"""Recorded logs in, a report out; and every mistake of the operator's is told in one line."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING

import pytest

from monitor.adapters.mapping import MAPS
from tests.build import (
    ai_says,
    claimed,
    handoff,
    handoff_requested,
    human_says,
    promised,
    says,
    started,
)

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.envelope import Envelope
    from tests.shell.conftest import Run

STORY: tuple[Envelope, ...] = (
    started("ann", "09:00"),
    says("ann", "09:01"),
    ai_says("ann", "09:02"),
    claimed("ann", "09:10"),
    says("ann", "2d 09:00"),
    handoff_requested("ann", "2d 09:05"),
)

# Every topic speaks in each of its weeks, so that each moves event time by itself.
WEEKS: tuple[tuple[Envelope, ...], ...] = tuple(
    (
        started("ann", f"{day}d 09:00"),
        says("ann", f"{day}d 09:01"),
        handoff_requested("ann", f"{day}d 09:02", f"h{day}"),
        promised("ann", f"{day}d 09:03", f"{day}d 12:00", f"p{day}"),
        handoff("accepted", "ann", f"{day}d 09:05", f"h{day}"),
        human_says("ann", f"{day}d 09:06"),
        claimed("ann", f"{day}d 09:10", by="human"),
    )
    for day in (0, 10, 20)
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Write the story down as CloudEvents, one a line."""
    file = tmp_path / "log.jsonl"
    file.write_bytes(b"".join(line(event) for event in STORY))
    return file


def line(event: Envelope) -> bytes:
    return event.model_dump_json(exclude_none=True).encode() + b"\n"


def test_the_report_goes_to_stdout(run: Run, log: Path) -> None:
    status, out, err = run("replay", log)
    report = json.loads(out)

    assert (status, err) == (0, f"{len(STORY)} events read\n")
    assert sum(report["claims"].values()) == 1
    assert report["journeys"] == 1
    assert sum(report["events"].values()) == len(STORY)


def test_gzip_is_read_as_it_is(run: Run, log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "log.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))

    assert run("replay", packed)[1] == run("replay", log)[1]


def test_two_files_are_one_log(run: Run, log: Path, tmp_path: Path) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    halves = [tmp_path / "first", tmp_path / "second"]
    for file, half in zip(halves, (lines[:3], lines[3:]), strict=True):
        file.write_bytes(b"".join(half))

    assert run("replay", *halves)[1] == run("replay", log)[1]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_nothing_is_late_in_files_that_lie_weeks_apart(
    run: Run, tmp_path: Path, order: tuple[int, ...]
) -> None:
    files = [tmp_path / f"week-{number}" for number in order]
    for file, number in zip(files, order, strict=True):
        file.write_bytes(b"".join(line(event) for event in WEEKS[number]))
    whole = tmp_path / "whole"
    whole.write_bytes(b"".join(line(event) for week in WEEKS for event in week))
    report = run("replay", *files)[1]

    assert report == run("replay", whole)[1]
    assert results(report) == {"applied": sum(map(len, WEEKS))}


def test_lines_in_any_order_give_the_same_bytes(run: Run, tmp_path: Path) -> None:
    lines = [line(event) for week in WEEKS for event in week]
    whole, shuffled = tmp_path / "whole", tmp_path / "shuffled"
    whole.write_bytes(b"".join(lines))
    shuffled.write_bytes(b"".join(lines[1::2] + lines[::-2]))

    assert run("replay", shuffled) == run("replay", whole)


def test_a_repeat_is_known_however_far_from_the_first_it_lies(run: Run, tmp_path: Path) -> None:
    files = [tmp_path / "first", tmp_path / "last"]
    files[0].write_bytes(b"".join(line(event) for event in WEEKS[0]))
    files[1].write_bytes(b"".join(line(event) for event in WEEKS[2] + WEEKS[0]))

    assert results(run("replay", *files)[1]) == {
        "applied": len(WEEKS[0] + WEEKS[2]),
        "duplicate": len(WEEKS[0]),
    }


def results(report: str) -> dict[str, float]:
    """How many events had each result."""
    sums: dict[str, float] = {}
    for key, value in json.loads(report)["events"].items():
        result = key.rpartition("/")[2]
        sums[result] = sums.get(result, 0) + value
    return sums


def test_report_and_cases_are_written_where_they_are_wanted(
    run: Run, log: Path, tmp_path: Path
) -> None:
    report, cases = tmp_path / "report.json", tmp_path / "cases.jsonl"
    on_stdout = run("replay", log)[1]
    status, out, _ = run("replay", log, "--report", report, "--cases", cases)

    assert (status, out) == (0, "")
    assert report.read_text() == on_stdout
    (case,) = [json.loads(text) for text in cases.read_text().splitlines()]
    assert case.keys() >= {"case_id", "claims", "failures", "reopened", "handoffs", "findings"}
    assert len(case["claims"]) == len(case["failures"]) == len(case["handoffs"]) == 1


def test_a_further_horizon_can_be_asked_for(run: Run, log: Path) -> None:
    report = json.loads(run("replay", log, "--horizon", "5d", "--horizon", "36h")[1])

    assert list(report["durability"]["same_issue"]) == ["24h", "36h", "72h", "5d", "7d", "30d"]


def test_a_mapping_is_known_by_name_and_by_path(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps({"nothing": "that the mapping knows"}) + "\n")
    named = run("replay", log, "--map", "uci_incident")

    assert named[::2] == (1, "0 events read, 1 records ignored: is --map wrong, or missing?\n")
    assert sum(json.loads(named[1])["ignored_records"].values()) <= 1
    assert run("replay", log, "--map", MAPS / "uci_incident.toml") == named


@pytest.mark.parametrize("map_", [None, "uci_incident"])
def test_what_cannot_be_read_is_counted_and_passed_over(
    run: Run, log: Path, map_: str | None
) -> None:
    lines = b"\n".join([b"{", b"\xff\xfe", b"[]", b'"text"', b"", b"   ", b"[" * 100_000])
    log.write_bytes(lines + b"\n" + log.read_bytes())
    status, out, err = run("replay", log, *(["--map", map_] if map_ else []))

    want = {"not_json": 5} if map_ else {"not_an_event": 2, "not_json": 3}
    assert json.loads(out)["dead_letters"] == want
    read = f"0 events read, {len(STORY)} records ignored" if map_ else f"{len(STORY)} events read"
    assert status == (1 if map_ else 0)
    assert err.startswith(f"{read}, 5 refused ({'5' if map_ else '2 not_an_event, 3'} not_json)")


def test_a_log_of_which_nothing_is_read_is_no_success(run: Run, tmp_path: Path) -> None:
    page, report = tmp_path / "page.md", tmp_path / "report.json"
    page.write_text("# A page\n\nof text\n")
    status, out, err = run("replay", page, "--report", report)

    assert (status, out) == (1, "")
    assert err == "0 events read, 2 refused (2 not_json): is --map wrong, or missing?\n"
    assert json.loads(report.read_text())["dead_letters"] == {"not_json": 2}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl: no such file"),
        (["."], r"\.: no such file"),
        (["LOG", "--map", "nosuch"], "nosuch: .*give a mapping file or one of .*uci_incident"),
        (["LOG", "--horizon", "5"], "--horizon 5: must be a length of time"),
        (["LOG", "--horizon", "0d"], "--horizon 0d: must be whole minutes, from 1m to 366d"),
        (["LOG", "--horizon", "²d"], "--horizon ²d: must be a length of time"),
        (["LOG", "--report", "nowhere/r.json"], "nowhere/r.json cannot be written: No such file"),
        (["LOG", "--cases", "nowhere/c.json"], "nowhere/c.json cannot be written: No such file"),
    ],
)
def test_a_mistake_of_the_operators_is_told_in_one_line(
    run: Run, log: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(log.parent)
    status, out, err = run("replay", *(log if word == "LOG" else word for word in arguments))

    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert re.search(said, err)


@pytest.mark.parametrize("damage", ["cut off", "garbled"])
def test_a_damaged_gzip_is_named(run: Run, log: Path, damage: str) -> None:
    packed = bytearray(gzip.compress(log.read_bytes() * 50))
    if damage == "cut off":
        del packed[-20:]
    else:
        packed[len(packed) // 2] ^= 0xFF
    log.write_bytes(packed)
    status, out, err = run("replay", log)

    assert (status, out) == (2, "")
    assert err.startswith(f"error: {log}: damaged gzip: ")
