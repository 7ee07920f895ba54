"""Every count of the catalogue, from what was delivered, by going through it again and again.

It follows docs/rules.md and shares no line with the engine. Nothing here is fast, and nothing is
kept up to date while events come: first all that was applied is put in order, then each question
is asked of that list.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from tests.sim import oracle_blind as blind
from tests.sim.oracle_book import beginning_of
from tests.sim.oracle_customer import Customer
from tests.sim.oracle_histograms import EDGES
from tests.sim.oracle_links import family
from tests.sim.oracle_order import HEARTBEAT, SECOND, log_of
from tests.sim.oracle_policy import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from tests.sim.oracle_book import Counts, Policy
    from tests.sim.oracle_order import Fact, Place

LENGTHS = {
    "cx_resolution_exposure_seconds_total",
    "cx_journey_owner_seconds_total",
    *(f"{name}_sum" for name in EDGES if name.endswith("_seconds")),
}
"""What is added up in microseconds and read in seconds."""


def count(
    deliveries: Iterable[tuple[str, dict[str, Any], int]], policy: Policy = DEFAULTS
) -> dict[str, dict[tuple[str, ...], float]]:
    """What must have been counted in the end, by metric and labels; zeros left out."""
    log = log_of(deliveries, policy)
    counts: Counts = defaultdict(Counter)
    counts["cx_events_total"] = log.counted
    counts["cx_clock_skewed_total"] = log.skewed
    waits: list[tuple[Place, int]] = []
    tally: dict[str, list[Fact]] = defaultdict(list)
    beats = [fact for fact in log.facts if fact.kind == HEARTBEAT]
    for facts in _customers(log.facts):
        customer = Customer(facts, beats, policy, counts, tally, beginning_of(log.end))
        customer.read()
        customer.judge()
        waits += customer.ledger_waits
    blind.judge(log, tally, waits, policy, counts)
    return {
        name: {cell: n / SECOND if name in LENGTHS else n for cell, n in cells.items() if n}
        for name, cells in counts.items()
    }


def _customers(facts: list[Fact]) -> list[list[Fact]]:
    """All facts of those who were found to be one in the end, or to share a device."""
    links = [fact for fact in facts if fact.kind == "customer.linked"]
    people: dict[frozenset[str], list[Fact]] = defaultdict(list)
    last = facts[-1].place if facts else beginning_of(0)
    for fact in facts:
        if fact.kind != HEARTBEAT:
            people[family(fact.key, links, last, ("verified", "asserted", "device"))].append(fact)
    return list(people.values())
