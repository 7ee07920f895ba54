"""Follows a page of the documents to the letter.

A block of the page is a file to save (``csv log.csv``), more for the end of one (``toml
helpdesk.toml +``), commands (``sh``, with their exit code if it is not 0, or ``crontab``), or lines
that the last commands wrote, in this order, with others between them (``text``). There are no
others but queries (``promql``), which Prometheus is asked elsewhere.
"""

from __future__ import annotations

import re
import shlex
from textwrap import dedent
from typing import TYPE_CHECKING

from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shell.conftest import Run

BLOCK = re.compile(r"^( *)```(\w*) ?(.*)\n((?:.*\n)*?)\1```$", flags=re.MULTILINE)
WHEN = re.compile(r"^(\S+ +){5}", flags=re.MULTILINE)


def blocks(page: str) -> list[tuple[str, str, str]]:
    """Give kind, remark and text of each block of a page."""
    return blocks_of((ROOT / "docs" / page).read_text(encoding="utf-8"))


def blocks_of(text: str) -> list[tuple[str, str, str]]:
    """Do the same for a piece of text."""
    return [(kind, about, dedent(block)) for _, kind, about, block in BLOCK.findall(text)]


def follow(page: str, run: Run, directory: Path) -> None:
    """Save, run and compare what a page says, in a directory that commands run in."""
    written: list[str] = []
    for kind, about, text in blocks(page):
        if kind == "sh":
            written = words_of(_say(run, text, int(about or 0)))
        elif kind == "crontab":
            written = words_of(_say(run, WHEN.sub("", text), 0))
        elif kind == "text":
            assert_said(text, written)
        elif kind != "promql":
            assert about, f"neither a file, nor run, nor shown: {text}"
            save(about, text, directory)


def save(about: str, text: str, directory: Path) -> None:
    """Save a block under the name that its remark gives, or add it to the end of that file."""
    name, _, more = about.partition(" ")
    with (directory / name).open("a" if more else "w", encoding="utf-8") as file:
        file.write(text)


def assert_said(shown: str, written: list[str]) -> None:
    """All lines that a page shows are among those that were written, in this order."""
    rest = iter(written)
    for line in shown.splitlines():
        wanted = " ".join(line.split())
        assert any(wanted in line for line in rest), (wanted, written)


def words_of(written: str) -> list[str]:
    """Give the lines without the spaces between words."""
    return [" ".join(line.split()) for line in written.splitlines()]


def _say(run: Run, commands: str, status: int) -> str:
    """Run commands; give what they wrote."""
    written = ""
    for command in commands.splitlines():
        program, *arguments = shlex.split(command)
        assert program == "outcome-monitor"
        ended, out, err = run(*arguments)
        assert ended == status, (command, err)
        written += out + err
    return written
