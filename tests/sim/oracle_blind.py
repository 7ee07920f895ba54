"""What the monitor itself did not see: rules, section 15 (SF-20)."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.sim.oracle_board import FOUND
from tests.sim.oracle_order import HEARTBEAT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.sim.oracle_book import Counts, Policy
    from tests.sim.oracle_order import Fact

BLIND = "cx_monitor_blind"
OPEN = "cx_silent_failures_open"


def judge(
    facts: list[Fact],
    waits: Iterable[tuple[int, int]],
    policy: Policy,
    counts: Counts,
    end: int,
) -> None:
    """Count every onset of blindness, and what is not seen in the end.

    ``waits`` are the times during which the verdict on an action waited for a late ledger.
    """
    window = policy["blind_window"]
    beats: dict[str, list[int]] = defaultdict(list)
    for fact in facts:
        if fact.kind == HEARTBEAT:
            beats[f"producer:{fact.topic}/{fact.get('producer')}"].append(fact.t)
    for signal, times in beats.items():
        heard = [*sorted(times), end]
        gaps = [(begun + window, over) for begun, over in pairwise(heard)]
        _follow(signal, gaps, window, counts, end)
    _follow("ledger", list(waits), window, counts, end)


def _follow(
    signal: str, gaps: list[tuple[int, int]], window: int, counts: Counts, end: int
) -> None:
    """Count how often it began not to be seen, by one who looks at each full window."""
    looks = set()
    for begun, over in gaps:
        first = begun // window * window + window
        looks.update(range(first, over if over == end else over + 1, window))
    cell = ("SF-20", "confirmed", "unknown", "unknown")
    onsets = [at for at in looks if at - window not in looks]
    if onsets:
        counts[FOUND][cell] += len(onsets)
    if looks and max(looks) >= (end - 1) // window * window:
        counts[BLIND][signal,] += 1
        counts[OPEN][cell] += 1
