"""How a story reaches the monitor: out of order, twice, late, and by clocks that are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from tests.sim.pen import DAY, HOUR, MINUTE, SECOND, chance, text_of

if TYPE_CHECKING:
    from tests.sim.pen import Record, Said


@dataclass(frozen=True)
class Delivery:
    """One record as it was read from a topic."""

    topic: str
    record: Record
    received_at: int


def delivered(story: list[Said], seed: int) -> list[Delivery]:
    """The same events, as they come in: in the order of their arrival."""
    rng = Random(f"delivery {seed}")  # noqa: S311  # chance here is no secret, it must repeat
    orderly = chance(rng, 0.3)
    arriving: list[tuple[int, int, Delivery]] = []
    for said in story:
        beat = said.record["type"] == "cx.heartbeat.v1"
        delay = 0 if beat else rng.randrange(0, 59 * SECOND)
        record = said.record
        if not orderly and not beat:
            delay, record = _disturbed(rng, said, delay)
        at = said.at + delay + said.held_back
        arriving.append((at, len(arriving), Delivery(said.topic, record, at)))
        if not beat and chance(rng, 0.05):
            # Who repeats what is a week old finds it forgotten, or too late: nobody cares which.
            longest = 2 * DAY if at - said.at < 5 * DAY else HOUR
            again = at + rng.choice((0, SECOND, HOUR, longest))
            arriving.append((again, len(arriving), Delivery(said.topic, record, again)))
    return [delivery for *_, delivery in sorted(arriving, key=lambda one: one[:2])]


def _disturbed(rng: Random, said: Said, delay: int) -> tuple[int, Record]:
    if chance(rng, 0.03):
        return rng.choice((2 * MINUTE, HOUR, DAY, 6 * DAY, 8 * DAY)), said.record
    if chance(rng, 0.01):
        ahead = rng.choice((5 * MINUTE, 5 * MINUTE + 1, DAY, 400 * DAY))
        return delay, said.record | {"time": text_of(said.at + delay + ahead)}
    return delay, said.record
