"""What an ordinary journey costs in memory and in the changelog. Run it by ``make bench-core``.

The journey is that of tests/core/test_state_size.py: eight events, a handoff, a promise, with ids
as long as producers make them. Measured while its claim is on trial and its promise open.
"""

from __future__ import annotations

import gc
import hashlib
import sys
import tracemalloc

from tests.core.test_state_size import ordinary_journey
from tests.driver import Driver

JOURNEYS = 2_000


def main() -> None:
    """Fold many of them, and divide."""
    said = [
        ordinary_journey(hashlib.blake2b(bytes([n >> 8, n & 255]), digest_size=16).hexdigest())
        for n in range(JOURNEYS)
    ]
    driver = Driver()
    gc.collect()
    tracemalloc.start()
    for journey in said:
        driver.tell(*journey)
        driver.outputs.clear()
    driver.until("09:10")
    driver.outputs.clear()
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    written = sum(
        len(key) + len(value)
        for key, value in driver.save().items()
        if value is not None and key.startswith(b"customer:")
    )
    sys.stdout.write(
        f"ordinary journey: {held / JOURNEYS:.0f} bytes in memory, "
        f"{written / JOURNEYS:.0f} in the changelog\n"
    )


if __name__ == "__main__":
    main()
