"""Ours beside its peers, in interleaved rounds on one machine. Run it by ``make bench``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bench.brokers import BROKERS
from bench.minimal import rounds
from bench.minimal.engine import ENGINES
from bench.report import summaries, table


def main() -> None:
    """Run what is asked for, print the table, and write the results."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--out", type=Path, help="where the results go, as a JSON list")
    words.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    words.add_argument("--brokers", nargs="+", choices=BROKERS, default=list(BROKERS))
    words.add_argument("--events", type=int, default=400_000)
    words.add_argument("--rounds", type=int, default=3)
    chosen = words.parse_args()
    rows = []
    for name in chosen.brokers:
        for row in rounds.rows(chosen.engines, name, chosen.events, range(chosen.rounds)):
            sys.stderr.write(json.dumps(row) + "\n")
            rows.append(row)
    results = summaries(rows)
    sys.stdout.write(table(results))
    if chosen.out:
        chosen.out.write_text(json.dumps(results, indent=1) + "\n")
    wrong = sorted({result["engine"] for result in results if not result["equal"]})
    if wrong:
        raise SystemExit(f"not equal to the answer key: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
