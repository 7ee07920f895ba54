"""Ours beside its peers, in interleaved rounds on one machine. Run it by ``make bench``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import document, full, latency
from bench.brokers import BROKERS
from bench.minimal import rounds
from bench.minimal.engine import ENGINES, ROOT
from bench.report import details, summaries, table

if TYPE_CHECKING:
    from collections.abc import Iterator

JOBS = ("minimal", "full", "scaling", "latency")
ROWS = ROOT / "build" / "bench-rows.jsonl"


def main() -> None:
    """Measure what is asked for, print the table, and write the results."""
    chosen = _words().parse_args()
    if not chosen.more:
        ROWS.unlink(missing_ok=True)
    ROWS.parent.mkdir(exist_ok=True)
    with ROWS.open("a") as file:
        for row in _measured(chosen):
            file.write(json.dumps(row) + "\n")
            file.flush()
            sys.stderr.write(f"{row['engine']}: {row['cpu_us_per_event']:.1f} µs\n")
    results = summaries(map(json.loads, ROWS.read_text().splitlines()))
    sys.stdout.write(table(results) + details(results))
    if chosen.out:
        chosen.out.write_text(json.dumps(results, indent=1) + "\n")
    if chosen.document:
        document.write(results)
    wrong = sorted({result["engine"] for result in results if not result["equal"]})
    if wrong:
        raise SystemExit(f"not equal to the answer key: {', '.join(wrong)}")


def _words() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--out", type=Path, help="where the results go, as a JSON list")
    words.add_argument("--document", action="store_true", help="write docs/performance.md")
    words.add_argument("--more", action="store_true", help="add to what was measured before")
    words.add_argument("--jobs", nargs="+", choices=JOBS, default=JOBS)
    words.add_argument("--full-events", type=int, default=60_000, help="events of the full job")
    words.add_argument("--workers", nargs="+", type=int, default=[1, 2, 4], help="sizes of teams")
    words.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    words.add_argument("--brokers", nargs="+", choices=BROKERS, default=list(BROKERS))
    words.add_argument("--events", type=int, default=400_000)
    words.add_argument("--rounds", type=int, default=3, help="0 only reports what there is")
    return words


def _measured(chosen: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for name in chosen.brokers:
        for _ in range(chosen.rounds):
            if "full" in chosen.jobs:
                yield from full.rows(name, chosen.full_events, chosen.workers)
            if "scaling" in chosen.jobs:
                yield from full.scaling(name, chosen.full_events, chosen.workers)
            if "latency" in chosen.jobs:
                yield latency.row(name, chosen.full_events)
        if "minimal" in chosen.jobs:
            yield from rounds.rows(chosen.engines, name, chosen.events, chosen.rounds)


if __name__ == "__main__":
    main()
