"""Follows a page of the documents to the letter.

A block of the page is a file to save (``csv log.csv``), more for the end of one (``toml
helpdesk.toml +``), commands (``sh``, with their exit code if it is not 0), or lines that the last
commands wrote, in this order, with others between them (``text``). Other blocks are to be read.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shell.conftest import Run

BLOCK = re.compile(r"^```(\w+) ?(.*)\n((?:.*\n)*?)^```$", flags=re.MULTILINE)


def blocks(page: str) -> list[tuple[str, str, str]]:
    """Give kind, remark and text of each block of a page."""
    return blocks_of((ROOT / "docs" / page).read_text(encoding="utf-8"))


def blocks_of(text: str) -> list[tuple[str, str, str]]:
    """Do the same for a piece of text."""
    return BLOCK.findall(text)


def follow(page: str, run: Run, directory: Path) -> None:
    """Save, run and compare what a page says, in a directory that commands run in."""
    written: list[str] = []
    for kind, about, text in blocks(page):
        if kind == "sh":
            written = _say(run, text, int(about or 0))
        elif kind == "text":
            rest = iter(written)
            for line in text.splitlines():
                wanted = " ".join(line.split())
                assert any(wanted in line for line in rest), (wanted, written)
        elif about:
            name, _, more = about.partition(" ")
            with (directory / name).open("a" if more else "w", encoding="utf-8") as file:
                file.write(text)


def _say(run: Run, commands: str, status: int) -> list[str]:
    """Run commands; give the lines that they wrote, without the spaces between words."""
    written = ""
    for command in commands.splitlines():
        program, *arguments = shlex.split(command)
        assert program == "outcome-monitor"
        ended, out, err = run(*arguments)
        assert ended == status, (command, err)
        written += out + err
    return [" ".join(line.split()) for line in written.splitlines()]
