"""For a thousand seeds, the monitor counts what the oracle counts."""

from __future__ import annotations

import pytest

from tests.sim.compare import NOT_YET, differences, monitored, of_seed, told

SEEDS = 1000
CHUNK = 25


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_the_monitor_counts_what_the_oracle_counts(first: int) -> None:
    wrong = [seed for seed in range(first, first + CHUNK) if differences(of_seed(seed), seed)]

    assert [told(seed) for seed in wrong[:1]] == []


@pytest.mark.parametrize("first", range(0, SEEDS // 10, CHUNK))
def test_it_counts_the_same_with_one_customer_in_use(first: int) -> None:
    for seed in range(first, first + CHUNK):
        deliveries = of_seed(seed)
        assert monitored(deliveries, seed, hot_max=1) == monitored(deliveries, seed)


def test_nothing_is_left_uncompared() -> None:
    assert frozenset() == NOT_YET
