"""Writes the shipped samples anew: ``python -m monitor.adapters.samples SOURCE_DIR``.

To be run in the root of the repository, for the answers go to ``tests/data``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from monitor.adapters.samples import NAMES, extract_truth, map_events, sample, write_lines

TRUTH_DIR = Path("tests/data")


def main(arguments: list[str]) -> int:
    """Map every set in the source directory."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("usage: python -m monitor.adapters.samples SOURCE_DIR\n")
        return 2
    source_dir = Path(arguments[0])
    for name in NAMES:
        events = write_lines(sample(name), map_events(name, source_dir))
        truth = TRUTH_DIR / f"{name}.truth.jsonl.gz"
        cases = write_lines(truth, extract_truth(name, source_dir))
        sys.stdout.write(f"{name}: {events} events, {cases} cases\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
