"""`outcome-monitor demo` with a log that cannot be played says so before it starts anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.following import blocks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shell.conftest import Run

COLUMNS = "case,activity,timestamp,resource\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (mapping,) = [
        text for _, about, text in blocks("mapping-tutorial.md") if about == "helpdesk.toml"
    ]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "desk.toml").write_text(mapping, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("words", [("log.csv",), ("--map", "desk.toml")])
def test_a_log_needs_its_mapping_and_a_mapping_its_log(run: Run, words: tuple[str, ...]) -> None:
    said = run("demo", *words)

    assert said == (
        2,
        "",
        "error: a log of your own needs its mapping; fix: give both the log and --map\n",
    )


def test_a_log_that_is_not_there_is_named(run: Run, desk: Path) -> None:  # noqa: ARG001
    assert run("demo", "log.csv", "--map", "desk.toml") == (2, "", "error: log.csv: no such file\n")


def test_a_log_without_an_event_is_told_where_to_look(run: Run, desk: Path) -> None:
    (desk / "log.csv").write_text(f"{COLUMNS}T-1,Printed,2026-03-02T09:00:00Z,Ann\n")
    status, out, err = run("demo", "log.csv", "--map", "desk.toml")

    assert (status, out) == (2, "1 records, 0 events, 1 records ignored\n")
    assert err == (
        "error: no record became an event; "
        "fix: outcome-monitor map check desk.toml --sample log.csv says why\n"
    )


def test_times_that_are_not_read_are_told_with_the_fix(run: Run, desk: Path) -> None:
    (desk / "log.csv").write_text(f"{COLUMNS}T-1,Opened,2026-03-02 10:00:00,Ann\n")
    status, out, _ = run("demo", "log.csv", "--map", "desk.toml")

    assert (status, "time = { of = " in out) == (2, True)


def test_a_log_of_what_is_still_to_come_is_refused(run: Run, desk: Path) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)  # noqa: TID251  # the command asks, too
    at = tomorrow.isoformat(timespec="seconds")
    (desk / "log.csv").write_text(f"{COLUMNS}T-1,Opened,{at},Ann\n")
    status, _, err = run("demo", "log.csv", "--map", "desk.toml")

    assert status == 2
    assert f"goes on until {at}, which is still to come; fix: " in err
