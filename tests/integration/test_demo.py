"""The demo as a newcomer runs it, and that nothing of it stays behind, however it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="processes are looked up where Linux lists them"
)

PATIENCE = 90
PROMPT = 20
BROKER, WORKER = "tansu", "monitor.cli worker"


def test_played_once_it_sums_up_and_ends(tmp_path: Path) -> None:
    with demo(tmp_path, "--once", "--days", "5", "--seconds", "2", "--board-every", "1") as playing:
        assert playing.wait(PATIENCE) == 0
    said = (tmp_path / "said").read_text()

    assert re.search(r"^Live page at http://127\.0\.0\.1:\d+/$", said, re.MULTILINE)
    assert re.search(r"Metrics at http://127\.0\.0\.1:\d+/metrics", said)
    assert re.search(r"Playing [\d,]+ events of 5 days in 2 seconds", said)
    board, summary = said.split(" Summary ")
    for part in (board, summary):
        for title in ("Did 'resolved' stay resolved?", "Escalations", "Silent failures"):
            assert title in part
    assert re.search(r"Customers' time \d\d \w+ \d\d:\d\d UTC · [1-9][\d,]* events", summary)
    assert re.search(r"^ *SF-05 Orphaned", summary, re.MULTILINE)
    assert "INC0" in summary
    assert "SF-20" not in said
    assert said.endswith("Broker and worker have stopped.\n")
    assert left_behind(tmp_path) == []


def test_interrupted_it_takes_its_children_with_it(tmp_path: Path) -> None:
    with demo(tmp_path, "--days", "5", "--seconds", "60") as playing:
        eventually(lambda: "Playing" in (tmp_path / "said").read_text())
        assert_ends_in_good_order(playing, signal.SIGINT, tmp_path)


def test_told_to_end_while_it_starts_it_does_the_same(tmp_path: Path) -> None:
    with demo(tmp_path) as playing:
        eventually(lambda: is_complete(descendants(playing.pid)))
        assert_ends_in_good_order(playing, signal.SIGTERM, tmp_path)


def test_killed_it_leaves_no_child(tmp_path: Path) -> None:
    with demo(tmp_path) as playing:
        eventually(lambda: is_complete(descendants(playing.pid)))
        children = descendants(playing.pid)
        playing.kill()

    eventually(lambda: alive(children) == {})


def test_it_says_so_when_the_worker_dies(tmp_path: Path) -> None:
    with demo(tmp_path, "--days", "5", "--seconds", "60") as playing:
        eventually(lambda: "Playing" in (tmp_path / "said").read_text())
        for pid, command in descendants(playing.pid).items():
            if WORKER in command:
                os.kill(pid, signal.SIGKILL)

        assert playing.wait(PATIENCE) == 2
    said = (tmp_path / "said").read_text()

    assert "error: the worker ended with status -9; its log ends:\n" in said
    assert "Traceback" not in said


def assert_ends_in_good_order(
    playing: subprocess.Popen[bytes], sent: signal.Signals, directory: Path
) -> None:
    children = descendants(playing.pid)
    began = time.monotonic()
    playing.send_signal(sent)

    assert playing.wait(PATIENCE) == 130
    assert time.monotonic() - began < PROMPT
    assert is_complete(children)
    assert alive(children) == {}
    assert left_behind(directory) == []
    said = (directory / "said").read_text()
    assert "Traceback" not in said
    assert said.endswith("Interrupted. Broker and worker have stopped.\n")


@contextmanager
def demo(directory: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the demo, which writes to the file ``said``, in a terminal of the usual width.

    SIGINT is ignored at its start, as a shell has it for jobs in the background.
    """
    background = ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh"]
    with (
        (directory / "said").open("wb") as said,
        subprocess.Popen(
            [*background, sys.executable, "-m", "monitor.cli", "demo", *arguments],
            stdout=said,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(directory), "COLUMNS": "80"},
        ) as playing,
    ):
        try:
            yield playing
        finally:
            playing.kill()


def left_behind(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir() if path.name != "said"]


def descendants(pid: int) -> dict[int, str]:
    """Return the commands of all processes that a process has started, by their ids."""
    found: dict[int, str] = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found[int(child)] = command_of(int(child))
        found |= descendants(int(child))
    return found


def is_complete(children: dict[int, str]) -> bool:
    """Whether broker and worker are there, and a guard for each."""
    commands = " ".join(children.values())
    return len(children) == 4 and BROKER in commands and WORKER in commands


def alive(processes: dict[int, str]) -> dict[int, str]:
    """Return those that still run; an id that was given to another program is not one of them."""
    return {pid: command for pid, command in processes.items() if command_of(pid) == command}


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except FileNotFoundError:
        return ""


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
