"""Recorded journeys that we ship: mapped, free of text, and what the source knew of them.

The events lie beside this file, ready to be played or replayed; where they come from and under
which licences is said in ATTRIBUTION.md. The answers that the sources recorded are reduced to
the columns that our tests compare with; they are no input of the monitor and lie with the tests.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.adapters.mapping import load_mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from monitor.adapters.records import Record

HERE = Path(__file__).parent

TRUTH_COLUMNS: dict[str, tuple[str, ...]] = {
    "cfpb": ("case_id", "company_response", "claimed_closed", "channel"),
    "tau1_gpt4o_airline": ("case_id", "agent_model", "customer_signal", "transfer_made"),
    "tau2": ("case_id", "customer_signal", "transfer_made", "termination_reason"),
    "uci_incident": (
        "case_id",
        "reopen_count",
        "reassignment_count",
        "resolved_at",
        "closed_at",
    ),
}
"""The sets that we keep, and what is kept of their answers. No column holds text."""

NAMES = ("tau2", "uci_incident")
"""Those of which the events are shipped; those of the others lie with the tests."""


def sample(name: str) -> Path:
    """Where the sample events of a set are: structured CloudEvents, one a line, gzip."""
    return HERE / f"{name}.jsonl.gz"


def read_lines(path: Path) -> Iterator[Record]:
    """Read JSON lines from a gzip file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def kept_events(name: str, directory: Path) -> Path:
    """Where the events of a set are, with the tests' own in this directory."""
    return sample(name) if name in NAMES else directory / f"{name}.events.jsonl.gz"


def map_events(name: str, source_dir: Path) -> Iterator[dict[str, Any]]:
    """Map a set's recorded events with its mapping, in the source's order."""
    return load_mapping(name).events(read_lines(source_dir / f"{name}.events.jsonl.gz"))


def extract_truth(name: str, source_dir: Path) -> Iterator[dict[str, Any]]:
    """Keep the columns that tests need of what the source recorded of each case."""
    for case in read_lines(source_dir / f"{name}.truth.jsonl.gz"):
        yield {column: case[column] for column in TRUTH_COLUMNS[name]}


def write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> int:
    """Write JSON lines into a gzip file, and give their number.

    The file has no name and no time in its header, so the same lines give the same bytes.
    """
    count = 0
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        for line in lines:
            packed.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
            count += 1
    return count
