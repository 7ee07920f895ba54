"""Whatever befalls workers and broker, the logs say the same as a plain fold; many at a time."""

from __future__ import annotations

import asyncio

import pytest

from tests.simulation.faults import Faults
from tests.simulation.run import main
from tests.simulation.world import World

SEEDS = 300


def test_schedules_of_faults_lose_and_double_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(SEEDS, 0)

    # It says which seed failed, of what, and how to run that alone.
    assert "hold" in capsys.readouterr().out
    assert status == 0


@pytest.mark.parametrize("seed", [3, 4])
def test_a_seed_is_a_schedule(seed: int) -> None:
    first, second = World(Faults.drawn(seed)), World(Faults.drawn(seed))
    for world in (first, second):
        asyncio.run(world.run())

    assert first.broker.logs == second.broker.logs
