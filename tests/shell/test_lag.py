"""How late records are read, as it is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, generate_latest

from monitor.shell.lag import Lag
from monitor.shell.metrics import Distance

SOURCE = ("cx.conversations", 0)


@dataclass
class World:
    """A clock, and what the consumer knows."""

    now: float = 1000.0
    caught_up: dict[tuple[str, int], float] = field(default_factory=dict)

    def lag(self) -> Lag:
        return Lag(lambda *source: self.caught_up.get(source), lambda: self.now)


def of(lag: Lag) -> float:
    return lag.seconds(["cx.conversations"], [0])[SOURCE]


def test_who_has_read_all_is_not_late() -> None:
    world = World(caught_up={SOURCE: 900.0})

    assert of(world.lag()) == 0


def test_lateness_grows_from_when_all_was_read() -> None:
    world = World(caught_up={SOURCE: 1000.0})
    lag = world.lag()
    of(lag)
    world.caught_up.clear()
    world.now = 1060.0

    assert of(lag) == 60


def test_a_stream_that_never_pauses_is_as_late_as_its_last_record_is_old() -> None:
    world = World()
    lag = world.lag()
    of(lag)
    world.now = 5000.0
    lag.read(*SOURCE, written_at=4999.0)

    assert of(lag) == 1


def test_a_record_dated_in_the_past_makes_nobody_late() -> None:
    world = World(caught_up={SOURCE: 1000.0})
    lag = world.lag()
    of(lag)
    world.caught_up.clear()
    world.now = 1005.0
    lag.read(*SOURCE, written_at=3.0)

    assert of(lag) == 5


def test_a_partition_that_comes_back_starts_anew() -> None:
    world = World()
    lag = world.lag()
    of(lag)
    world.now = 2000.0
    lag.seconds(["cx.conversations"], [])

    assert of(lag) == 0


def test_the_page_tells_lag_and_partitions() -> None:
    registry = CollectorRegistry()
    registry.register(Distance(12, lambda: {SOURCE: 7.5}))
    page = generate_latest(registry).decode()

    assert 'cx_monitor_lag_seconds{partition="0",topic="cx.conversations"} 7.5\n' in page
    assert "cx_monitor_partitions 12.0\n" in page
