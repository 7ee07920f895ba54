"""A child is started until it is ready, and never left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from monitor.shell.child import ChildError, ChildProcess

if TYPE_CHECKING:
    from pathlib import Path

READY = "import signal, sys, time; print('ready', flush=True); "


def child_of(directory: Path, program: str) -> ChildProcess:
    log = directory / "log"
    return ChildProcess(
        "the child",
        [sys.executable, "-c", program],
        is_ready=lambda: "ready" in log.read_text(),
        log=log,
        environment={},
    )


def test_its_status_is_told_when_it_is_stopped(tmp_path: Path) -> None:
    child = child_of(tmp_path, READY + "signal.signal(15, lambda *_: sys.exit(3)); time.sleep(60)")
    child.start(within_seconds=20)

    assert child.stop(grace_seconds=20) == 3
    assert child.pid is None


def test_who_does_not_listen_is_killed(tmp_path: Path) -> None:
    child = child_of(
        tmp_path, "import signal; signal.signal(15, signal.SIG_IGN); " + READY + "time.sleep(60)"
    )
    child.start(within_seconds=20)
    pid = child.pid
    assert pid is not None

    assert child.stop(grace_seconds=0.1) is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_who_ended_by_itself_is_told_of_with_its_last_words(tmp_path: Path) -> None:
    child = child_of(tmp_path, READY + "print('farewell'); sys.exit(4)")
    child.start(within_seconds=20)
    with pytest.raises(ChildError, match=r"the child ended with status 4; .*\nready\nfarewell"):
        check_for_long(child)
    child.kill()


def test_who_runs_is_not_told_of(tmp_path: Path) -> None:
    child = child_of(tmp_path, READY + "time.sleep(60)")
    child.check()
    child.start(within_seconds=20)
    child.check()
    child.kill()
    child.check()


def test_who_is_never_ready_is_ended(tmp_path: Path) -> None:
    child = child_of(tmp_path, "import time; print('not yet', flush=True); time.sleep(60)")

    with pytest.raises(ChildError, match=r"the child was not ready within 0\.5 s"):
        child.start(within_seconds=0.5)
    assert child.pid is None


def test_nobody_is_started_twice(tmp_path: Path) -> None:
    child = child_of(tmp_path, READY + "time.sleep(60)")
    child.start(within_seconds=20)
    try:
        with pytest.raises(ChildError, match="already running"):
            child.start(within_seconds=20)
    finally:
        child.kill()


def test_it_can_be_started_again(tmp_path: Path) -> None:
    child = child_of(tmp_path, READY + "time.sleep(60)")
    for _ in range(2):
        child.start(within_seconds=20)
        assert child.stop(grace_seconds=20) == -signal.SIGTERM


def check_for_long(child: ChildProcess) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        child.check()
