"""A story leads to the same bytes, however its events come and wherever the worker restarts."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from monitor.core.outputs import Published
from monitor.core.reading import reading_of
from monitor.core.snapshot import records, restore
from monitor.core.tracker import Tracker
from monitor.shell.store import MemoryStore
from schemas.decode import read
from tests.sim.compare import of_seed
from tests.sim.delivery import Delivery
from tests.sim.journeys import story
from tests.sim.pen import SECOND
from tests.sim.policies import monitors_policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.core.outputs import Output
    from monitor.core.reading import Reading

SEEDS = 30
_BEAT = "cx.heartbeat.v1"


def published(
    deliveries: Sequence[Delivery], seed: int, batch: int = 0
) -> tuple[list[str], Reading]:
    """All records in their order, and the totals; ``batch`` events before each restart."""
    policy, kept = monitors_policy(seed), MemoryStore()
    tracker = Tracker(policy)
    said: list[Output] = []
    for number, one in enumerate(deliveries, start=1):
        said += tracker.receive(one.topic, read(one.topic, one.record), one.received_at)
        if batch and number % batch == 0:
            kept.put(records(tracker))
            tracker = restore(policy, kept)
    said += tracker.finish()
    lines = [one.model_dump_json() for one in said if isinstance(one, Published)]
    return lines, reading_of(tracker.totals, tracker.watermark)


def in_time(seed: int, order: int) -> list[Delivery]:
    """What a story says, each event up to a minute late, in one of the orders that this allows."""
    rng = Random(order)  # noqa: S311  # chance here is no secret, it must repeat
    arriving = [
        (said.at + rng.randrange(59 * SECOND) * (said.record["type"] != _BEAT), place, said)
        for place, said in enumerate(story(seed))
        if not said.held_back
    ]
    return [Delivery(said.topic, said.record, said.at) for *_, said in sorted(arriving, key=_first)]


def _first(arrival: tuple[int, int, object]) -> tuple[int, int]:
    return arrival[:2]


@pytest.mark.parametrize("batch", [7, 40, 1000])
def test_wherever_the_worker_restarts(batch: int) -> None:
    for seed in range(SEEDS):
        assert published(of_seed(seed), seed, batch) == published(of_seed(seed), seed), seed


def test_in_whatever_order_events_come() -> None:
    for seed in range(SEEDS):
        one, other = in_time(seed, 1), in_time(seed, 2)
        assert one != other
        assert published(one, seed) == published(other, seed), seed
