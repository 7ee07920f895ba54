"""For the recorded journeys that we ship, the monitor counts what the oracle counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.adapters.samples import NAMES, map_events, read_lines, sample
from schemas.decode import TOPIC_OF
from tests.paths import RECORDED
from tests.sim.compare import differences
from tests.sim.delivery import Delivery
from tests.sim.oracle_order import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.adapters.records import Event


@pytest.mark.parametrize("name", NAMES)
def test_the_monitor_counts_what_the_oracle_counts(name: str) -> None:
    assert differing(read_lines(sample(name))) == []


# The samples above are the whole sets, which tests/adapters/test_full_data.py shows.
@pytest.mark.usefixtures("recorded_data")
@pytest.mark.parametrize("name", ["cfpb", "ghissues", "tau1_gpt4o_airline"])
def test_so_it_does_for_the_sets_that_are_not_shipped(name: str) -> None:
    assert differing(map_events(name, RECORDED)) == []


def differing(events: Iterable[Event]) -> list[str]:
    """What monitor and oracle count differently."""
    deliveries = [
        Delivery(TOPIC_OF[event["type"]], event, moment_of(event["time"])) for event in events
    ]
    assert deliveries
    return list(map(str, differences(deliveries, seed=0)))
