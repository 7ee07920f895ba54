"""The garbage collector, set for a process that keeps a lot and makes next to no cycles.

By default Python looks for cycles after every 700 objects that stay, and ever again through all
that it has. Here events stay until their moment comes, and nothing of them refers back to itself.
"""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _OLD = 20_000, 20, 20


def collect_seldom() -> None:
    """Keep what is loaded out of the collector's sight, and let it look at the rest seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
