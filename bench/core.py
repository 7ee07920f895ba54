"""The core's CPU time per event beside that of an earlier commit, in interleaved rounds.

What is judged is the main job: all events that ``outcome-monitor demo`` plays. Each sample is told
by itself as well, for what an event costs depends on what it is. These machines are noisy, so the
ratio counts, not the microseconds. Run it by ``make bench-core``.
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
    """Compare, and fail if the main job has become slower than allowed."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--base", default=FIRST, help="the commit to compare with")
    words.add_argument("--rounds", type=int, default=5, help="how often each is run")
    words.add_argument("--fall-max", type=float, default=0.3, help="how much throughput may fall")
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        base = _checked_out(chosen.base, Path(directory))
        spent = [_compare(name, base, chosen.rounds) for name in SAMPLES]
    then, now = (sum(seconds) for seconds in zip(*spent, strict=True))
    fall = 1 - then / now
    sys.stdout.write(f"together: ratio {now / then:.2f}, throughput fell by {fall:.0%}\n")
    if fall > chosen.fall_max:
        raise SystemExit(f"{fall:.0%} less throughput than {chosen.base}")


def _checked_out(commit: str, directory: Path) -> Path:
    archive = subprocess.run(
        ["git", "archive", commit, "monitor", "schemas"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tree:
        tree.extractall(directory, filter="data")
    return directory


def _compare(name: str, base: Path, rounds: int) -> tuple[float, float]:
    """The CPU seconds that a sample took then, and takes now: medians."""
    log = ROOT / "monitor" / "adapters" / "samples" / f"{name}.jsonl.gz"
    then, now = [], []
    for number in range(1, rounds + 1):
        then.append(_fold(base, log))
        now.append(_fold(ROOT, log))
        sys.stderr.write(f"{name} round {number}: {then[-1][1]} then, {now[-1][1]} now\n")
    before, after = statistics.median_low(then), statistics.median_low(now)
    sys.stdout.write(
        f"{name}: median {before[1]} then, {after[1]} now; ratio {after[0] / before[0]:.2f}\n"
    )
    return before[0], after[0]


def _fold(tree: Path, log: Path) -> tuple[float, str]:
    """The CPU seconds, and in words what an event cost."""
    run = subprocess.run(
        [sys.executable, ROOT / "bench" / "fold_log.py", log],
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(tree)},
    )
    told = json.loads(run.stdout)
    seconds = float(told["cpu_seconds"])
    return seconds, f"{seconds / told['events'] * 1e6:.0f} us CPU per event"


if __name__ == "__main__":
    main()
