"""The core's CPU time per event beside that of an earlier commit, in interleaved rounds.

These machines are noisy, so the ratio counts, not the microseconds. Run it by ``make bench-core``.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SAMPLES = ("uci_incident", "tau2")
FIRST = "b4971e7"
"""The commit at which the main job was first done end to end."""


def main() -> None:
    """Compare, and fail if the core has become slower than allowed."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--base", default=FIRST, help="the commit to compare with")
    words.add_argument("--rounds", type=int, default=5, help="how often each is run")
    words.add_argument("--fall-max", type=float, default=0.3, help="how much throughput may fall")
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        base = _checked_out(chosen.base, Path(directory))
        fall = max(1 - 1 / _compare(name, base, chosen.rounds) for name in SAMPLES)
    if fall > chosen.fall_max:
        raise SystemExit(f"{fall:.0%} less throughput than {chosen.base}")


def _checked_out(commit: str, directory: Path) -> Path:
    archive = subprocess.run(
        ["git", "archive", commit, "monitor", "schemas"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tree:
        tree.extractall(directory, filter="data")
    return directory


def _compare(name: str, base: Path, rounds: int) -> float:
    log = ROOT / "monitor" / "adapters" / "samples" / f"{name}.jsonl.gz"
    then, now = [], []
    for number in range(1, rounds + 1):
        then.append(_microseconds(base, log))
        now.append(_microseconds(ROOT, log))
        sys.stderr.write(f"{name} round {number}: {then[-1]:.0f} then, {now[-1]:.0f} now\n")
    ratio = statistics.median(now) / statistics.median(then)
    sys.stdout.write(
        f"{name}: median {statistics.median(then):.0f} us CPU per event then, "
        f"{statistics.median(now):.0f} now; ratio {ratio:.2f}\n"
    )
    return ratio


def _microseconds(tree: Path, log: Path) -> float:
    run = subprocess.run(
        [sys.executable, ROOT / "bench" / "fold_log.py", log],
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(tree)},
    )
    told = json.loads(run.stdout)
    return float(told["cpu_seconds"]) / float(told["events"]) * 1e6


if __name__ == "__main__":
    main()
