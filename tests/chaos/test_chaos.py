"""`make chaos`, cut short: faults of all kinds, and nothing is lost or doubled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.faults import KINDS, Weights, schedule
from tests.chaos.run import ENGINES, Chaos, Plan
from tests.integration.conftest import require_apache_kafka

if TYPE_CHECKING:
    from pathlib import Path

# So few faults in which each kind comes.
FAULTS, SEED = 14, 21


def test_a_seed_always_draws_the_same_faults() -> None:
    assert schedule(SEED, FAULTS, Weights()) == schedule(SEED, FAULTS, Weights())


def test_a_kind_without_weight_never_comes() -> None:
    assert "kill" not in {fault.kind for fault in schedule(SEED, 1000, Weights(kill=0))}
    assert {fault.kind for fault in schedule(SEED, 1000, Weights())} == set(KINDS)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_fault_loses_or_doubles_anything(tmp_path: Path, engine: str) -> None:
    require_apache_kafka()
    chaos = Chaos(Plan(SEED, FAULTS, engine=engine), tmp_path, print)
    verdict = chaos.run()

    assert verdict.lines() == []
    assert chaos.injected.total() == FAULTS
    assert chaos.injected.keys() == set(KINDS)
    assert min(verdict.compared.values()) > 0
