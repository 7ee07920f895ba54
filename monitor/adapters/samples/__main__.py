"""Writes the shipped samples anew: ``python -m monitor.adapters.samples SOURCE_DIR``.

To be run in the root of the repository, for the answers go to ``tests/data``, and so do the events
of the sets that only tests read.
"""

from __future__ import annotations

import sys
from pathlib import Path

from monitor.adapters.samples import (
    TRUTH_COLUMNS,
    extract_truth,
    kept_events,
    map_events,
    write_lines,
)

TRUTH_DIR = Path("tests/data")


def main(arguments: list[str]) -> int:
    """Map every set in the source directory."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("usage: python -m monitor.adapters.samples SOURCE_DIR\n")
        return 2
    source_dir = Path(arguments[0])
    for name in TRUTH_COLUMNS:
        events = write_lines(kept_events(name, TRUTH_DIR), map_events(name, source_dir))
        truth = TRUTH_DIR / f"{name}.truth.jsonl.gz"
        cases = write_lines(truth, extract_truth(name, source_dir))
        sys.stdout.write(f"{name}: {events} events, {cases} cases\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
