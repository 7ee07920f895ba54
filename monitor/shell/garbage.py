"""The garbage collector, set for a process that keeps a lot and makes next to no cycles.

By default Python looks for cycles after every 700 objects that stay, and ever again through all
that it has. Here events stay until their moment comes, or until Kafka has them, and nothing of them
refers back to itself.
"""

from __future__ import annotations

import gc


def collect_seldom(young: int = 20_000, older: int = 20) -> None:
    """Keep what is loaded out of the collector's sight, and let it look at the rest seldom.

    Args:
        young: how many more objects there must be than when it last looked.
        older: how often it looks at new ones before it looks at those that it saw already.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(young, older, older)
