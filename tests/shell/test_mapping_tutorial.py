"""Whoever follows a tutorial of docs/ to the letter sees what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.following import blocks, follow
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shell.conftest import Run

TUTORIALS = ("tutorial.md", "mapping-tutorial.md")
PAGE = "mapping-tutorial.md"
MAPPING_LINES_MAX = 40


@pytest.mark.parametrize("page", TUTORIALS)
def test_who_follows_a_tutorial_sees_what_it_says(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page: str
) -> None:
    monkeypatch.chdir(tmp_path)
    follow(page, run, tmp_path)


def test_the_tutorial_shows_something_at_every_step() -> None:
    kinds = [kind for kind, _, _ in blocks(PAGE)]

    assert kinds.count("sh") == kinds.count("text") - 1 == 7
    assert kinds.count("csv") + kinds.count("toml") + kinds.count("xml") == 8


def test_the_mapping_of_the_tutorial_is_short() -> None:
    (mapping,) = [text for _, about, text in blocks(PAGE) if about == "helpdesk.toml"]
    page = (ROOT / "docs" / PAGE).read_text(encoding="utf-8")

    assert len(mapping.splitlines()) <= MAPPING_LINES_MAX
    assert f"a mapping of {len(mapping.splitlines())} lines" in page
