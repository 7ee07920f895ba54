"""Somebody with a fresh clone, README.md and a log of his own sees it on the live page."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.following import blocks_of
from tests.paths import ROOT
from tests.test_tidy import tracked

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS_MAX = 10
PATIENCE = 90
LINKED = "Live page at (http://\\S+/)\n"
STAYS = "The live page stays at "
BEGAN = datetime(2026, 5, 4, 9, tzinfo=UTC)
# Of these, in this log, the bot says that it has solved it, and the customer has it opened again.
TICKETS, REOPENED = 40, 7


def section() -> str:
    """The part of README.md that leads there."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    (part,) = re.findall(r"^## Your own log\n(.*?)^## ", page, re.MULTILINE | re.DOTALL)
    return str(part)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a clone of this would have, and nothing that git does not keep.

    To install the locked packages takes half a minute, and CI does so on a fresh machine. Here they
    are those of the environment that runs this test, and only they: the program is the clone's.
    """
    directory = tmp_path / "clone"
    for path in tracked():
        copy = directory / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    environment = Path(sys.prefix)
    assert (environment / ".run").exists(), "not made by `make`, which would install over it"
    (directory / ".venv").symlink_to(environment)
    for lock in ("deploy/demo.lock", "pyproject.toml"):
        os.utime(directory / lock, (0, 0))
    return directory


def log() -> str:
    """A log that nobody has seen before, of the columns and activities that README.md speaks of."""
    rows = ["case,activity,timestamp,resource"]

    def row(number: int, after: timedelta, activity: str, resource: str) -> None:
        at = BEGAN + timedelta(hours=5 * number) + after
        rows.append(f"N-{number},{activity},{at:%Y-%m-%dT%H:%M:%SZ},{resource}")

    for number in range(TICKETS):
        row(number, timedelta(), "Opened", f"Customer {number}")
        row(number, timedelta(seconds=5), "Labelled", "System")
        row(number, timedelta(seconds=20), "Answered", "Bot")
        row(number, timedelta(minutes=1), "Solved", "Bot")
        if number < REOPENED:
            row(number, timedelta(hours=30), "Reopened", f"Customer {number}")
    return "\n".join([*rows, ""])


def test_a_newcomer_sees_his_own_log_on_the_live_page(clone: Path) -> None:
    (clone / "log.csv").write_text(log(), encoding="utf-8")
    commands: list[str] = []
    for kind, name, text in blocks_of(section()):
        if kind == "sh":
            commands += text.splitlines()
        else:
            (clone / name).write_text(text, encoding="utf-8")
    # To clone, to go there, to put the log there, and to save the mapping are commands as well.
    assert 4 + len(commands) <= COMMANDS_MAX
    assert program_of(clone).is_relative_to(clone)

    *before, last = commands
    for command in before:
        subprocess.run(command, shell=True, cwd=clone, env=environment(clone), check=True)  # noqa: S602  # README's
    with shown(last, clone) as (page, said):
        assert f"{4 * TICKETS + REOPENED} records, {3 * TICKETS + REOPENED} events" in said
        assert f"{TICKETS} records ignored" in said
        assert b"What failed silently" in get(page)
        board = json.loads(get(f"{page}api/v1/board"))
        findings = json.loads(get(f"{page}api/v1/findings?limit=200"))["findings"]
        ways = [json.loads(get(f"{page}api/v1/journeys/{one['journey']}")) for one in findings]

    last_solved = BEGAN + timedelta(hours=5 * (TICKETS - 1), minutes=1)
    assert board["event_time"].startswith(f"{last_solved:%Y-%m-%dT%H:%M}")
    counted = {name: board[name] for name in ("conversations", "journeys", "claimed")}
    assert counted == {"conversations": TICKETS, "journeys": TICKETS, "claimed": TICKETS}
    (version,) = board["versions"]
    assert (version["ai_version"], version["paper"]["value"]) == ("bot-1", 1)
    assert version["on_trial"] == TICKETS - REOPENED
    assert durable(version, "24h") == 1
    # All that fail do so between 24 and 48 hours; the others are there as long as the log tells.
    hours_there = REOPENED * (30 - 1 / 60 - 24) + sum(
        min(max(5 * (TICKETS - 1 - number) - 24, 0), 24) for number in range(REOPENED, TICKETS)
    )
    assert durable(version, "72h") == pytest.approx(exp(-24 * REOPENED / hours_there), abs=1e-4)
    (failures,) = board["silent_failures"]
    assert (failures["sf"], failures["standing"]) == ("SF-01", REOPENED)
    cases = {contact["conversation_id"] for way in ways for contact in way["contacts"]}
    assert cases == {f"N-{number}" for number in range(REOPENED)}


def durable(version: dict[str, Any], age: str) -> float:
    (held,) = [one["durable"]["value"] for one in version["curve"] if one["age"] == age]
    return float(held)


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  # a page of ours
        return bytes(answer.read())


def environment(clone: Path) -> dict[str, str]:
    """Let the linked environment run the clone's program."""
    return os.environ | {"PYTHONPATH": str(clone), "COLUMNS": "120"}


def program_of(clone: Path) -> Path:
    asked = subprocess.run(
        [clone / ".venv" / "bin" / "python", "-c", "import monitor; print(monitor.__file__)"],
        env=environment(clone),
        capture_output=True,
        text=True,
        check=True,
        cwd=clone.parent,
    )
    return Path(asked.stdout.strip())


@contextmanager
def shown(command: str, clone: Path) -> Iterator[tuple[str, str]]:
    """Run a command until it keeps the live page; give the page's address and what was said."""
    said = clone.parent / "said"
    with (
        said.open("wb") as written,
        subprocess.Popen(
            ["/bin/sh", "-c", command],
            stdout=written,
            stderr=subprocess.STDOUT,
            cwd=clone,
            env=environment(clone),
            start_new_session=True,
        ) as running,
    ):
        try:
            deadline = time.monotonic() + PATIENCE
            while STAYS not in (text := said.read_text(encoding="utf-8")):
                assert running.poll() is None, text
                assert time.monotonic() < deadline, text
                time.sleep(0.1)
            (page,) = re.findall(LINKED, text)
            yield page, text
        finally:
            os.killpg(running.pid, signal.SIGINT)
            running.wait(PATIENCE)
