"""Workers of two versions of the state in one group, as while a new release is rolled out."""

from __future__ import annotations

import asyncio
import re
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from monitor.core.form import STATE_VERSION
from monitor.shell.child import ChildError
from tests.integration.traffic import differences, expected, sample, send
from tests.integration.worker import Worker
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FORMER = STATE_VERSION - 1


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """The code of a release that knows the former version only."""
    source = tmp_path / "older"
    for package in ("monitor", "schemas"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, source / package, ignore=ignored)
    form = source / "monitor" / "core" / "form.py"
    former = re.sub(
        r"^STATE_VERSION = .*\nSTATES_READ = .*$",
        f"STATE_VERSION = {FORMER}\nSTATES_READ = ({FORMER},)",
        form.read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    form.write_text(former, encoding="utf-8")
    return source


def test_rolled_out_worker_by_worker_it_counts_everything_once(
    unused: str, topic_prefix: str, tmp_path: Path, older: Path
) -> None:
    messages = sample(2, seed=4)
    third = len(messages) // 3
    want = expected(messages)
    old = Worker(unused, topic_prefix, tmp_path / "old", source=older)
    new = Worker(unused, topic_prefix, tmp_path / "new")
    with old, ExitStack() as ending:
        ending.callback(new.kill)
        asyncio.run(send(unused, messages[:third]))
        new.start()
        asyncio.run(send(unused, messages[third : 2 * third]))
        new.wait_until(lambda: len(new.watermarks()) == len(old.watermarks()) == 2)
        assert old.stop() == 0
        asyncio.run(send(unused, messages[2 * third :]))
        new.wait_until_applied(want.watermark)

        assert differences(new.reading(), want.reading) == {}
        assert new.stop() == 0


def test_the_older_refuses_what_the_newer_has_written_and_the_newer_goes_on(
    unused: str, topic_prefix: str, tmp_path: Path, older: Path
) -> None:
    messages = sample(2, seed=5)
    half = len(messages) // 2
    want = expected(messages)
    new = Worker(unused, topic_prefix, tmp_path / "new")
    old = Worker(unused, topic_prefix, tmp_path / "old", source=older)
    with new, ExitStack() as ending:
        ending.callback(old.kill)
        asyncio.run(send(unused, messages[:half]))
        new.wait_until(lambda: len(new.watermarks()) == 4)
        old.start(awaited="")
        new.wait_until(lambda: has_ended(old))
        asyncio.run(send(unused, messages[half:]))
        new.wait_until_applied(want.watermark)

        assert old.stop() == 1
        refused = f"the state is of version {STATE_VERSION}, and this monitor reads {FORMER};"
        assert refused in old.log.read_text(encoding="utf-8")
        assert differences(new.reading(), want.reading) == {}
        assert new.stop() == 0


def has_ended(worker: Worker) -> bool:
    try:
        worker.check()
    except ChildError:
        return True
    return False
