"""History that a replay writes is what Prometheus then has: thirty days, by the real promtool."""

from __future__ import annotations

import io
import json
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.core.moments import HOUR, MINUTE
from monitor.core.policy import Policy
from monitor.core.reading import total
from monitor.shell import player
from monitor.shell.history import History
from monitor.shell.replay import Replay
from tests.integration.traffic import ENDS
from tests.monitoring.stack import Stack
from tests.rules.conftest import tool

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.shell.replay import Replayed

DAYS = 30
STEP_HOURS = 6
CLAIMS = "cx_resolutions_claimed_total"


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


def test_thirty_days_are_taken_by_prometheus(tmp_path: Path) -> None:
    path = tmp_path / "history.om"
    with path.open("w") as file:
        whole = replayed(DAYS, STEP_HOURS * HOUR, file)
    tsdb = tmp_path / "stack" / "tsdb"
    taken = ["--max-block-duration=486h", "openmetrics", str(path), str(tsdb)]
    command = [tool("promtool"), "tsdb", "create-blocks-from", *taken]
    subprocess.run(command, check=True, capture_output=True)

    with Stack(tmp_path / "stack", []) as stack:
        last = ENDS - timedelta(hours=STEP_HOURS)
        first = ENDS - timedelta(days=DAYS - 1)
        claims = f"sum({CLAIMS})"
        (course,) = stack.ask(
            "query_range",
            query=claims,
            start=first.timestamp(),
            end=last.timestamp(),
            step=3600 * STEP_HOURS,
        )["result"]
    counts = [float(value) for _, value in course["values"]]

    assert len(counts) > 24 / STEP_HOURS * (DAYS - 3)
    assert counts == sorted(counts)
    assert 0 < counts[0] < counts[-1] <= total(whole.reading, CLAIMS)
