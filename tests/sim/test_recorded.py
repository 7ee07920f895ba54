"""For the recorded journeys that we ship, the monitor counts what the oracle counts."""

from __future__ import annotations

import pytest

from monitor.adapters.samples import NAMES, read_lines, sample
from schemas.decode import TOPIC_OF
from tests.sim.compare import differences
from tests.sim.delivery import Delivery
from tests.sim.oracle_order import moment_of


@pytest.mark.parametrize("name", NAMES)
def test_the_monitor_counts_what_the_oracle_counts(name: str) -> None:
    deliveries = [
        Delivery(TOPIC_OF[record["type"]], record, moment_of(record["time"]))
        for record in read_lines(sample(name))
    ]

    assert list(map(str, differences(deliveries, seed=0))) == []
