"""History that a replay writes is what Prometheus then has: thirty days, by the real promtool."""

from __future__ import annotations

import io
import json
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from monitor.cli import app
from monitor.core.moments import HOUR, MINUTE
from monitor.core.policy import Policy
from monitor.core.reading import total
from monitor.rules.boards import files as board_files
from monitor.shell import player
from monitor.shell.history import History
from monitor.shell.replay import Replay
from tests.integration.traffic import ENDS
from tests.monitoring.lint import drawn, filled
from tests.monitoring.stack import Stack
from tests.paths import ROOT
from tests.rules.conftest import tool

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.shell.replay import Replayed

DAYS = 30
STEP_HOURS = 6
CLAIMS = "cx_resolutions_claimed_total"
LAST = ENDS - timedelta(hours=STEP_HOURS)
VALUES = {"job": ".+", "ai_version": ".+", "instance": ".+", "window": "7d"}
HELD = 'cx:durable:ratio7d{ai_version="none",bound="same_issue",estimator="period",horizon="7d"}'
#: In the last week of the recordings nobody promises, judges a handoff of an AI or becomes a week
#: old, and no two AI versions answer beside each other.
NOT_IN_THE_SAMPLES = (
    *("Actions confirmed", "Promises kept", "Suggestions that people took"),
    *("Asked again for what was known", "Channels", "Contacts", "Messages that the customer wrote"),
    *("Times passed on", "Wait, for whomever", "Seen and expected in an hour"),
    *("Precision of escalation", "Recall of escalation", "Sent to the wrong desk"),
    *("Benchmark beside outcome", "Claimed, and what held", "Claims compared"),
    *("Difference to the others", "The same mix of work", "Winning on paper"),
)


def replayed(days: float, step: int, file: io.TextIOBase) -> Replayed:
    run = Replay(Policy(), None, History(file, step, "outcome-monitor"))  # type: ignore[arg-type]
    for _, _, event in player.load(days, ENDS).events:
        run.take(json.dumps(event).encode())
    return run.finish()


def test_history_does_not_change_what_a_replay_says() -> None:
    run = Replay(Policy(), None)
    for _, _, event in player.load(5, ENDS).events:
        run.take(json.dumps(event).encode())

    assert replayed(5, HOUR, io.StringIO()).report == run.finish().report


def test_every_sample_has_the_time_for_which_it_holds() -> None:
    file = io.StringIO()
    replayed(1, 30 * MINUTE, file)
    lines = [line for line in file.getvalue().splitlines() if not line.startswith("#")]
    times = {int(line.rpartition(" ")[2]) for line in lines}

    assert len(times) > 20
    assert {time % 1800 for time in times} == {0}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a directory of Prometheus into which thirty days were loaded."""
    directory = tmp_path_factory.mktemp("history")
    with (directory / "history.om").open("w") as file:
        replayed(DAYS, STEP_HOURS * HOUR, file)
    create_blocks(directory, "openmetrics", str(directory / "history.om"))
    return directory


def create_blocks(directory: Path, *how: str) -> None:
    """Let promtool make blocks, and put them where Prometheus finds them."""
    command = [tool("promtool"), "tsdb", "create-blocks-from", "--max-block-duration=1458h", *how]
    made = directory / "made"
    command += ["--output-dir", str(made)] if how[0] == "rules" else [str(made)]
    subprocess.run(command, check=True, capture_output=True)
    kept = directory / "stack" / "tsdb"
    kept.mkdir(parents=True, exist_ok=True)
    for block in made.iterdir():
        block.rename(kept / block.name)


def stack(directory: Path) -> Stack:
    """A Prometheus that scrapes nobody, looks back as far as one step, and is only asked."""
    lookback = f"{60 * STEP_HOURS + 5}m"
    return Stack(directory / "stack", [], every="1d", lookback=lookback)


def test_thirty_days_are_taken_by_prometheus(loaded: Path) -> None:
    whole = replayed(DAYS, STEP_HOURS * HOUR, io.StringIO())
    with stack(loaded) as running:
        first = ENDS - timedelta(days=DAYS - 1)
        (course,) = running.ask(
            "query_range",
            query=f"sum({CLAIMS})",
            start=first.timestamp(),
            end=LAST.timestamp(),
            step=3600 * STEP_HOURS,
        )["result"]
    counts = [float(value) for _, value in course["values"]]

    assert len(counts) > 24 / STEP_HOURS * (DAYS - 3)
    assert counts == sorted(counts)
    assert 0 < counts[0] < counts[-1] <= total(whole.reading, CLAIMS)


def test_stage_by_stage_the_rules_have_their_history_and_dashboards_are_not_empty(
    loaded: Path,
) -> None:
    stages = loaded / "stages"
    told = CliRunner().invoke(
        app, ["rules", "past", "--directory", str(stages), "--step", f"{STEP_HOURS}h"]
    )
    assert told.exit_code == 0

    span = (
        f"--start={(ENDS - timedelta(days=DAYS)).timestamp():.0f}",
        f"--end={LAST.timestamp():.0f}",
        f"--eval-interval={STEP_HOURS}h",
    )
    names = sorted(stages.iterdir())
    for stage in names:
        # A rule sees what Prometheus had when it started, and nothing of its own stage.
        with stack(loaded) as running:
            create_blocks(loaded, "rules", f"--url={running.url}", *span, str(stage))
    with stack(loaded) as running:
        blank = {name for name, expr in _asked().items() if _value(running, expr) is None}
        counted = _value(running, "sum(cx:resolutions_claimed:count7d)")
        # Each stage may be a step late.
        added = {_value(running, _added(late * STEP_HOURS)) for late in range(len(names))}
        held = _value(running, HELD)

    assert {one for one in blank if not one.startswith(NOT_IN_THE_SAMPLES)} == set()
    assert counted in added - {0}
    assert held is not None
    assert 0.9 < held < 1


def _added(late: int) -> str:
    newest = f"{CLAIMS} offset {late}h" if late else CLAIMS
    return f"sum({newest}) - sum({CLAIMS} offset {168 + late}h)"


def _value(running: Stack, expr: str) -> float | None:
    """The first value of an expression at the last moment of the history, if there is any."""
    found = running.ask("query", query=expr, time=LAST.timestamp())["result"]
    return float(found[0]["value"][1]) if found else None


def _asked() -> dict[str, str]:
    """The queries of all dashboards that ask for recorded series, by board and panel."""
    return {
        f"{panel['title']}: {query['refId']} of {path.stem}": filled(query["expr"], VALUES)
        for path in (ROOT / board_files.DIRECTORY).glob("*.json")
        for panel in drawn(json.loads(path.read_text()))
        for query in panel["targets"]
        if "cx:" in query["expr"]
    }
