"""What loads take, made of what docs/performance.md has measured, for docs/operations.md.

Everything is multiplied straight, and where two sizes were measured the worse rate is taken.

    PYTHONPATH=. python bench/sizing.py
"""

from __future__ import annotations

import math
import re

from bench.document import PAGE
from bench.minimal.engine import ROOT

OPERATIONS = ROOT / "docs" / "operations.md"
LOADS = (
    (1_000, 100_000, "memory"),
    (5_000, 1_000_000, "memory"),
    (20_000, 5_000_000, "memory"),
    (20_000, 10_000_000, "disk"),
)
"""Events per second at the peak, open journeys, and where they are kept."""
HEAD = """\
| events/s at the peak | open journeys | engine | workers | MB of memory, each | MB of files, each \
| kB/s to the changelog | s to recover, each |
|--:|--:|---|--:|--:|--:|--:|--:|
"""
CORE_SHARE = 0.5
"""How much of a core a worker should use at the peak."""
COPIES = 2
"""A standby keeps what the owner keeps."""
A_MILLION = 1_000_000
_NUMBER = re.compile(r" ([0-9][0-9,.]*)(?= )")


def rows(page: str, begins: str) -> list[dict[str, float]]:
    """Give the rows that begin so: the first number of each cell, by the head of its column."""
    lines, found = page.splitlines(), []
    for place, line in enumerate(lines):
        if line.startswith(begins):
            head = next(at for at in range(place, 0, -1) if lines[at].startswith("|---")) - 1
            cells = zip(lines[head].split("|"), line.split("|"), strict=True)
            numbers = {name.strip(): _NUMBER.match(cell) for name, cell in cells}
            found.append(
                {name: float(one[1].replace(",", "")) for name, one in numbers.items() if one}
            )
    return found


def sizing(page: str) -> str:
    """Make the table."""
    (full,) = rows(page, "| full | apache-kafka | outcome-monitor |")
    lines = []
    for events, journeys, engine in LOADS:
        core = events * full["CPU µs/event (min-max)"] / 1e6
        workers = max(2, math.ceil(core / CORE_SHARE))
        memory, files, seconds = (_on_disk if engine == "disk" else _in_memory)(
            page, journeys / workers
        )
        written = events * full["changelog bytes/event"] / 1000
        cells = (workers, full["peak MB"] + memory, files, written, seconds)
        told = " | ".join(f"{math.ceil(cell):,}" for cell in cells)
        lines.append(f"| {events:,} | {journeys:,} | {engine} | {told} |\n")
    return HEAD + "".join(lines)


def _in_memory(page: str, own: float) -> tuple[float, float, float]:
    """Megabytes of memory and of files for a worker's journeys, and the seconds to recover them."""
    (kept,) = rows(page, f"| memory | {A_MILLION:,} |")
    (start,) = rows(page, "| a start without state |")
    (recovery,) = rows(page, "| a start with all of it")
    seconds = (recovery["seconds"] - start["seconds"]) * own / A_MILLION
    memory = own * COPIES * kept["resident bytes per journey"] / 2**20
    return memory, 0.0, start["seconds"] + seconds


def _on_disk(page: str, own: float) -> tuple[float, float, float]:
    """The same. Memory is what the largest state took, for it hardly depends on the size."""
    measured = rows(page, "| disk |")
    (start,) = rows(page, "| a start without state |")
    files = max(one["files MB"] / one["journeys"] for one in measured)
    seconds = max(one["s to recover"] / one["journeys"] for one in measured)
    memory = max(one["journeys"] * one["resident bytes per journey"] for one in measured) / 2**20
    return memory, own * COPIES * files, start["seconds"] + own * seconds


def main() -> None:
    """Write it where the former one stands."""
    text, table = OPERATIONS.read_text(), sizing(PAGE.read_text())
    former = re.compile(re.escape(HEAD) + r"(\|.*\n)*")
    OPERATIONS.write_text(former.sub(lambda _: table, text))


if __name__ == "__main__":
    main()
