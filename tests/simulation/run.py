"""Run schedules by their seeds: ``python -m tests.simulation.run SEEDS FROM``."""

from __future__ import annotations

import sys
import time

from tests.simulation.faults import Faults
from tests.simulation.world import ViolationError, live_through


def main(seeds: int, first: int) -> int:
    """Run them one after the other; the first that goes wrong is told with how to run it alone."""
    began = time.monotonic()
    for seed in range(first, first + seeds):
        faults = Faults.drawn(seed)
        try:
            live_through(faults)
        except ViolationError as violation:
            sys.stdout.write(
                f"seed {seed}: {violation}\n{faults}\n"
                f"again: python -m tests.simulation.run 1 {seed}\n"
            )
            return 1
    seconds = time.monotonic() - began
    sys.stdout.write(f"{seeds} schedules from seed {first} hold, in {seconds:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
