"""Histograms as docs/metrics.md has them: how many values were at most an edge, sum, count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sim.oracle_order import DAY, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from tests.sim.oracle_book import Counts

_LENGTHS = tuple(
    length / SECOND
    for length in (
        MINUTE,
        5 * MINUTE,
        15 * MINUTE,
        HOUR,
        4 * HOUR,
        12 * HOUR,
        DAY,
        3 * DAY,
        7 * DAY,
        14 * DAY,
        30 * DAY,
    )
)
EDGES: dict[str, tuple[float, ...]] = {
    "cx_handoff_wait_seconds": _LENGTHS,
    "cx_time_to_resolution_seconds": _LENGTHS,
    "cx_journey_contacts": (1, 2, 3, 4, 5, 7, 10),
    "cx_journey_channels": (1, 2, 3, 4),
    "cx_journey_transfers": (0, 1, 2, 3, 5),
    "cx_journey_customer_messages": (0, 1, 2, 3, 5, 8, 13, 21, 34),
    "cx_journey_repeated_requests": (0, 1, 2, 3, 5),
    "cx_journey_wait_seconds": _LENGTHS,
}


def observe(counts: Counts, name: str, labels: tuple[str, ...], value: int) -> None:
    """Count one value; a length is given in microseconds."""
    measured = value / SECOND if name.endswith("_seconds") else value
    for edge in (*EDGES[name], float("inf")):
        if measured <= edge:
            shown = "+Inf" if edge == float("inf") else str(float(edge))
            counts[f"{name}_bucket"][*labels, shown] += 1
    counts[f"{name}_sum"][labels] += value
    counts[f"{name}_count"][labels] += 1
