"""`outcome-monitor map`: what a mapping makes of records, before anything reaches a topic."""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
from typing import TYPE_CHECKING

import pytest

from monitor.adapters.mapping import our_mappings
from schemas.decode import TOPIC_OF, read
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shell.conftest import Run

DESK = ROOT / "tests" / "adapters" / "desk.toml"


def record(what: str, **more: object) -> dict[str, object]:
    return {"what": what, "at": "2026-01-05T09:00:00Z", "talk": "t1", "who": "ann", **more}


GOOD = [record("start", via={"kind": "Phone"}), record("stop"), record("hum"), record("tune")]
BAD = record("stop", at="yesterday")


def lines(*records: object) -> bytes:
    return "".join(f"{json.dumps(one)}\n" for one in records).encode()


def given_by_stdin(monkeypatch: pytest.MonkeyPatch, given: bytes) -> None:
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(given)))
    monkeypatch.setattr(sys, "stdin", stdin)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "good.jsonl"
    file.write_bytes(lines(*GOOD))
    return file


def test_our_mappings_are_listed_with_what_they_are(run: Run) -> None:
    status, out, _ = run("map", "list")

    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == our_mappings()
    assert "Incidents of an IT company's service desk" in out
    assert "Each record" not in out


def test_a_mapping_with_a_mistake_is_refused_by_rule_and_field(
    run: Run, tmp_path: Path, good: Path
) -> None:
    spoiled = tmp_path / "spoiled.toml"
    spoiled.write_text(DESK.read_text().replace("cx.conversation.closed", "cx.conversation.clsed"))
    status, out, err = run("map", "check", spoiled, "--sample", good)

    assert (status, out) == (2, "")
    assert "spoiled.toml: rule 'stop': events.0 (cx.conversation.clsed.v1): type: " in err


def test_each_record_of_a_sample_is_accounted_for(run: Run, good: Path) -> None:
    status, out, _ = run("map", "check", DESK, "--sample", good, "--json")
    told = json.loads(out)

    assert status == 0
    assert told["records"] == 4
    assert told["rules"] == [
        {"rule": "start", "records": 1, "events": {"cx.conversation.started.v1": 1}},
        {"rule": "stop", "records": 1, "events": {"cx.conversation.closed.v1": 1}},
    ]
    assert told["ignored"] == {"it is noise": 1, "no rule fits": 1}
    assert "again" in told["unmet"]
    assert "noise" not in told["unmet"]
    assert told["refused"] == []


def test_what_the_contract_refuses_is_named_by_rule_and_field(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(lines(*GOOD, BAD))
    status, out, _ = run("map", "check", DESK, "--sample", file)

    assert status == 1
    assert (
        "Refused by the contract: 1 of cx.conversation.closed.v1 from rule 'stop', "
        "first for record 5: time: not_rfc3339" in out
    )
    assert "5 records, 2 events, 2 records ignored, 1 events refused" in out


def test_a_time_as_spreadsheets_write_it_is_refused_with_the_fix(run: Run, tmp_path: Path) -> None:
    file, mended = tmp_path / "log.jsonl", tmp_path / "mended.toml"
    file.write_bytes(lines(record("start", at="2026-03-02 10:00:00")))
    status, out, _ = run("map", "check", DESK, "--sample", file)
    (fix,) = re.findall(r"^  fix: .* (time = \{.*\})$", out, flags=re.MULTILINE)

    assert status == 1
    fix = fix.replace("timestamp", "at")
    mapping = re.sub(r"^time = .*", fix, DESK.read_text(), flags=re.MULTILINE)
    mended.write_text(mapping)
    assert run("map", "check", mended, "--sample", file)[0] == 0


def test_a_line_that_is_no_record_fails_the_check(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(lines(*GOOD) + b"[1]\n{broken\n")
    status, out, _ = run("map", "check", DESK, "--sample", file, "--json")

    assert (status, json.loads(out)["unreadable"]) == (1, 2)


def test_the_coverage_says_what_would_unlock_a_measure(run: Run, good: Path) -> None:
    _, out, _ = run("map", "check", DESK, "--sample", good)
    (row,) = [line for line in out.splitlines() if line.startswith("promises")]

    assert row.split() == ["promises", "no", "no", "promises", "cx.commitment.made.v1"]


def test_the_coverage_says_what_the_sample_did_not_show(run: Run, good: Path) -> None:
    _, out, _ = run("map", "check", DESK, "--sample", good)
    effort = out[out.index("\neffort") :].splitlines()[1:]

    assert effort[0].split()[:3] == ["effort", "partly", "partly"]
    assert "the customer's messages records that have it: the rules would give it" in [
        " ".join(row.split()) for row in effort[:7]
    ]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_sample_may_come_by_stdin(
    run: Run, monkeypatch: pytest.MonkeyPatch, pack: type[bytes]
) -> None:
    given_by_stdin(monkeypatch, pack(lines(*GOOD)))
    status, out, _ = run("map", "check", DESK, "--sample", "-", "--json")

    assert (status, json.loads(out)["records"]) == (0, 4)


def test_a_sample_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    missing = tmp_path / "missing.jsonl"

    assert run("map", "check", DESK, "--sample", missing) == (
        2,
        "",
        f"error: {missing}: no such file\n",
    )


def test_a_run_writes_the_events_of_the_contract(run: Run, tmp_path: Path, good: Path) -> None:
    events = tmp_path / "events.jsonl"
    status, out, err = run("map", "run", DESK, "--in", good, "--out", events)
    written = [json.loads(line) for line in events.read_text().splitlines()]

    assert (status, out) == (0, "")
    assert err == "4 records, 2 events, 2 records ignored\n"
    assert [read(TOPIC_OF[one["type"]], one).type for one in written] == [
        "cx.conversation.started.v1",
        "cx.conversation.closed.v1",
    ]


def test_a_replay_of_the_events_is_that_of_the_records(
    run: Run, tmp_path: Path, good: Path
) -> None:
    events = tmp_path / "events.jsonl"
    run("map", "run", DESK, "--in", good, "--out", events)
    mapped = json.loads(run("replay", good, "--map", DESK)[1])
    plain = json.loads(run("replay", events)[1])
    del mapped["ignored_records"]

    assert plain == mapped


def test_parts_of_one_log_share_their_memory(run: Run, tmp_path: Path) -> None:
    parts = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    parts[0].write_bytes(lines(GOOD[0]))
    parts[1].write_bytes(lines(record("end")))
    _, out, _ = run("map", "run", DESK, "--in", parts[0], "--in", parts[1])

    # Only the first record names the channel.
    assert [json.loads(line)["data"]["channel"] for line in out.splitlines()] == ["voice", "voice"]


def test_what_the_contract_refuses_is_left_out_of_a_run(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(lines(BAD, *GOOD) + b"{broken\n")
    status, out, err = run("map", "run", DESK, "--in", file)

    assert status == 1
    assert len(out.splitlines()) == 2
    assert "1 events refused, 1 lines that are no record\n" in err
    assert "from rule 'stop', first for record 1: time: not_rfc3339" in err


def test_a_run_reads_stdin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    given_by_stdin(monkeypatch, gzip.compress(lines(*GOOD)))
    status, out, _ = run("map", "run", DESK, "--in", "-")

    assert (status, len(out.splitlines())) == (0, 2)


def test_a_run_never_writes_over_what_it_reads(run: Run, good: Path) -> None:
    before = good.read_bytes()
    status, _, err = run("map", "run", DESK, "--in", good, "--out", good)

    assert (status, good.read_bytes()) == (2, before)
    assert err == f"error: {good} is read and cannot be written; fix: choose another --out\n"


@pytest.fixture
def csv_desk(tmp_path: Path) -> Path:
    """The desk, whose log is CSV."""
    mapping = tmp_path / "csv.toml"
    mapping.write_text(DESK.read_text().replace("[record]", '[record]\nformat = "csv"'))
    return mapping


def rows(*records: dict[str, object]) -> bytes:
    columns = ("what", "at", "number", "talk", "who", "via.kind", "times", "loud", "text")
    flat = [one | {"via.kind": one.get("via", {"kind": ""})["kind"]} for one in records]  # type: ignore[index]
    cells = [",".join(str(one.get(name, "")) for name in columns) for one in flat]
    return "\n".join([",".join(columns), *cells]).encode()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_log_may_be_csv(
    run: Run, tmp_path: Path, csv_desk: Path, good: Path, pack: type[bytes]
) -> None:
    file = tmp_path / "good.csv"
    file.write_bytes(pack(rows(*GOOD)))
    status, out, err = run("map", "run", csv_desk, "--in", file)
    as_json = run("map", "run", DESK, "--in", good)[1]

    assert (status, err) == (0, "4 records, 2 events, 2 records ignored\n")
    # A number is text in CSV, so the ids are others.
    assert [json.loads(line)["data"] for line in out.splitlines()] == [
        json.loads(line)["data"] for line in as_json.splitlines()
    ]


def test_each_part_of_a_csv_log_has_its_columns(run: Run, tmp_path: Path, csv_desk: Path) -> None:
    parts = [tmp_path / "1.csv", tmp_path / "2.csv"]
    parts[0].write_bytes(rows(GOOD[0]))
    parts[1].write_bytes(rows(record("end")))
    _, out, _ = run("map", "run", csv_desk, "--in", parts[0], "--in", parts[1])

    assert [json.loads(line)["data"]["channel"] for line in out.splitlines()] == ["voice", "voice"]


def test_a_csv_log_is_replayed_as_its_events_are(run: Run, tmp_path: Path, csv_desk: Path) -> None:
    log, events = tmp_path / "good.csv", tmp_path / "events.jsonl"
    log.write_bytes(rows(*GOOD) + b"\nstop")
    run("map", "run", csv_desk, "--in", log, "--out", events)
    mapped = json.loads(run("replay", log, "--map", csv_desk)[1])
    plain = json.loads(run("replay", events)[1])

    assert mapped.pop("ignored_records") == {"it is noise": 1, "no rule fits": 1}
    assert mapped["dead_letters"] == {"not_json": 1}
    assert mapped["conversations"] == plain["conversations"] == {"voice": 1}


def test_a_log_without_its_columns_is_refused(run: Run, tmp_path: Path, csv_desk: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(b"what;at\nstart;now\n")
    status, _, err = run("map", "check", csv_desk, "--sample", file)

    assert status == 2
    assert err.startswith("error: the log must have one column 'what'")
    assert "its columns are 'what;at'" in err


def test_events_go_to_the_topics_or_to_a_file(run: Run, good: Path, tmp_path: Path) -> None:
    status, _, err = run("map", "run", DESK, "--in", good, "--kafka", "--out", tmp_path / "events")

    assert status == 2
    assert "leave one of the two away" in err


def test_a_run_says_that_there_is_no_kafka(
    run: Run, monkeypatch: pytest.MonkeyPatch, good: Path
) -> None:
    monkeypatch.setenv("OUTCOME_MONITOR_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    status, _, err = run("map", "run", DESK, "--in", good, "--kafka")

    assert status == 2
    assert "OUTCOME_MONITOR_KAFKA_BOOTSTRAP: no Kafka broker answers at 127.0.0.1:1" in err


@pytest.fixture
def linked_desk(tmp_path: Path) -> Path:
    """The desk, and it knows an address."""
    text = DESK.read_text().replace('wording = ["text"]', 'wording = ["text", "mail"]')
    link = """
[[rules.events]]
type = "cx.customer.linked.v1"
data = { assurance = "'asserted'", other_ref = { of = "mail", contact = "email" } }

[[rules]]
name = "stop"
"""
    mapping = tmp_path / "linked.toml"
    mapping.write_text(text.replace('\n[[rules]]\nname = "stop"\n', link))
    return mapping


@pytest.mark.parametrize("command", ["map run {} --in", "replay --map {}"])
def test_addresses_leave_only_under_a_key(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    linked_desk: Path,
    command: str,
) -> None:
    log, key = tmp_path / "log.jsonl", tmp_path / "reference.key"
    log.write_bytes(lines(record("start", mail="Ann@example.com")))
    arguments = (*command.format(linked_desk).split(), log)
    monkeypatch.delenv("OUTCOME_MONITOR_REFERENCE_KEY_FILE", raising=False)
    assert "fix: set OUTCOME_MONITOR_REFERENCE_KEY_FILE" in run(*arguments)[2]

    run("key", "new", key)
    monkeypatch.setenv("OUTCOME_MONITOR_REFERENCE_KEY_FILE", str(key))
    status, out, _ = run(*arguments)

    assert (status, "customer.linked" in out) == (0, True)
    assert "ann@" not in out.lower()


def test_a_check_lets_nothing_out_and_needs_no_key(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, linked_desk: Path
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(lines(record("start", mail="Ann@example.com")))
    monkeypatch.delenv("OUTCOME_MONITOR_REFERENCE_KEY_FILE", raising=False)
    status, out, _ = run("map", "check", linked_desk, "--sample", log, "--json")

    assert status == 0
    assert json.loads(out)["rules"][0]["events"]["cx.customer.linked.v1"] == 1
