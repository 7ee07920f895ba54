"""Try many seeds: `python -m tests.sim.run 10000`, and from which on: `... 10000 5000`."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor

from tests.sim.compare import differences, of_seed, told

CHUNK = 50
PROCESSES = 2


def failing(seeds: range) -> int | None:
    """The first of these seeds for which monitor and oracle differ."""
    return next((seed for seed in seeds if differences(of_seed(seed), seed)), None)


def main(count: int, first: int = 0) -> int:
    """Try the seeds, say how far it is, and stop at the first difference."""
    chunks = [
        range(start, min(start + CHUNK, first + count))
        for start in range(first, first + count, CHUNK)
    ]
    with ProcessPoolExecutor(PROCESSES) as processes:
        for chunk, seed in zip(chunks, processes.map(failing, chunks), strict=True):
            if seed is not None:
                processes.shutdown(wait=False, cancel_futures=True)
                sys.stdout.write(f"\n{told(seed)}\nAgain: make sim SEEDS=1 FROM={seed}\n")
                return 1
            sys.stdout.write(f"\r{chunk.stop - first} of {count} seeds alike")
            sys.stdout.flush()
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:3])))
