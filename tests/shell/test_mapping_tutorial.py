"""Whoever follows a tutorial of docs/ to the letter sees what it says.

A block of the page is a file to save (``csv log.csv``), more for the end of one (``toml
helpdesk.toml +``), commands (``sh``, with their exit code if it is not 0), or lines that the last
commands wrote, in this order, with others between them (``text``).
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shell.conftest import Run

TUTORIALS = ("tutorial.md", "mapping-tutorial.md")
PAGE = ROOT / "docs" / "mapping-tutorial.md"
BLOCK = re.compile(r"^```(\w+) ?(.*)\n((?:.*\n)*?)^```$", flags=re.MULTILINE)
MAPPING_LINES_MAX = 40


def blocks(page: str = "mapping-tutorial.md") -> list[tuple[str, str, str]]:
    return BLOCK.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))


def say(run: Run, commands: str, status: int) -> list[str]:
    """Run commands; give the lines that they wrote, without the spaces between words."""
    written = ""
    for command in commands.splitlines():
        program, *arguments = shlex.split(command)
        assert program == "outcome-monitor"
        ended, out, err = run(*arguments)
        assert ended == status, (command, err)
        written += out + err
    return [" ".join(line.split()) for line in written.splitlines()]


@pytest.mark.parametrize("page", TUTORIALS)
def test_who_follows_a_tutorial_sees_what_it_says(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page: str
) -> None:
    monkeypatch.chdir(tmp_path)
    written: list[str] = []
    for kind, about, text in blocks(page):
        if kind == "sh":
            written = say(run, text, int(about or 0))
        elif kind == "text":
            rest = iter(written)
            for line in text.splitlines():
                wanted = " ".join(line.split())
                assert any(wanted in line for line in rest), (wanted, written)
        else:
            name, _, more = about.partition(" ")
            with (tmp_path / name).open("a" if more else "w", encoding="utf-8") as file:
                file.write(text)


def test_the_tutorial_shows_something_at_every_step() -> None:
    kinds = [kind for kind, _, _ in blocks()]

    assert kinds.count("sh") == kinds.count("text") - 1 == 6
    assert kinds.count("csv") + kinds.count("toml") == 6


def test_the_mapping_of_the_tutorial_is_short() -> None:
    (mapping,) = [text for _, about, text in blocks() if about == "helpdesk.toml"]

    assert len(mapping.splitlines()) <= MAPPING_LINES_MAX
    assert f"a mapping of {len(mapping.splitlines())} lines" in PAGE.read_text(encoding="utf-8")
