"""Every alert has its page, and pages ask for series that exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from monitor.rules.indicators import INDICATORS
from tests.paths import ROOT
from tests.rules.story import shipped
from tests.rules.test_alerts import NAMES
from tests.rules.test_files import RAW, RECORDED, documented

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
QUERIES = re.compile(r"^```promql\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
DOCUMENTS = [
    page
    for page in sorted((ROOT / "docs").rglob("*.md"))
    if QUERIES.search(page.read_text(encoding="utf-8"))
]


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    assert {page.stem for page in PAGES} == NAMES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_one_wants_to_know_at_night(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert text.startswith(f"# {page.stem}\n")
    parts = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert parts == ["Meaning", "Impact", "Diagnosis", "Mitigation"]
    assert QUERIES.search(text)


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.stem)
def test_pages_speak_of_series_that_exist(page: Path) -> None:
    text = "\n".join(QUERIES.findall(page.read_text(encoding="utf-8")))
    recorded = {rule.get("record") for group in shipped() for rule in group["rules"]}

    assert set(RECORDED.findall(text)) - recorded == set()
    assert set(RAW.findall(text)) - documented() == set()


def rows(heading: str) -> dict[str, list[str]]:
    """The cells of a table of docs/alerts.md, by the first of each row."""
    text = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    (part,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    lines = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in lines}


def test_every_indicator_is_listed_with_its_labels() -> None:
    listed = {name: cells[-1] for name, cells in rows("Objectives").items()}
    labels = {
        name: ", ".join(f"`{label}`" for label in share.labels) or "none"
        for name, share in INDICATORS.items()
    }

    assert listed == labels


def test_every_alert_is_listed() -> None:
    names = re.findall(
        r"\[`([A-Za-z]+)`\]\(runbooks/",
        (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8"),
    )

    assert sorted(names) == sorted(NAMES)
