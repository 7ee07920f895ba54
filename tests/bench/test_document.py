"""The page of docs/performance.md is written by several scripts, each its own part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench import document
from bench.report import details, table

if TYPE_CHECKING:
    from pathlib import Path

ROW = {
    "job": "full",
    "broker": "apache-kafka",
    "engine": "outcome-monitor",
    "cpu_us_per_event": 90.0,
    "cpu_us_min": 90.0,
    "cpu_us_max": 90.0,
    "events_per_s": 11_000.0,
    "rss_peak_mb": 250.0,
    "broker_cpu_us_per_event": 30.0,
    "equal": True,
}
SCALED = ROW | {"job": "scaling, 2 workers", "times_one_worker": 1.9, "share_used": 0.97}


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page that nothing was written to."""
    path = tmp_path / "performance.md"
    path.write_text("# Performance\n\n## How to read it\n")
    monkeypatch.setattr(document, "PAGE", path)
    return path


def test_a_section_that_is_written_anew_leaves_the_others_as_they_were(page: Path) -> None:
    document.put(document.FENCING, "a flush")
    document.put(document.MEMORY, "a kilobyte")
    document.put(document.MEMORY, "two kilobytes")

    assert document.section(document.MEMORY) == "two kilobytes"
    assert document.section(document.FENCING) == "a flush"
    headings = [line[3:] for line in page.read_text().splitlines() if line.startswith("## ")]
    assert headings == [document.MEMORY, document.FENCING, "How to read it"]


def test_the_tables_are_written_around_the_sections(page: Path) -> None:
    document.put(document.FENCING, "a flush")
    document.write([ROW])

    assert "| full | apache-kafka | outcome-monitor |" in page.read_text()
    assert document.section(document.FENCING) == "a flush"


def test_throughput_of_a_share_of_a_core_stands_apart_from_that_of_whole_ones() -> None:
    assert "scaling" not in table([ROW, SCALED])
    (line,) = [line for line in details([ROW, SCALED]).splitlines() if "scaling" in line]
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    assert cells == [
        "scaling, 2 workers",
        "apache-kafka",
        "11,000",
        "1.90",
        "97%",
        "90.0",
        "30.0",
        "",
        "",
    ]
