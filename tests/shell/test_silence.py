"""What silence lets happen, and what it leaves alone."""

from __future__ import annotations

from typing import Any

from monitor.core.policy import Policy
from monitor.core.tracker import Tracker
from monitor.shell.partition import OwnedPartition
from monitor.shell.silence import Silence
from schemas.decode import CONVERSATIONS, TOPICS
from tests.build import moment, started


class Table:
    """A table whose sources are read to their ends, by a fetch of a moment ago."""

    def __init__(self) -> None:
        """Nothing was touched."""
        self.touched: list[int] = []

    def touch(self, number: int) -> None:
        """Note it."""
        self.touched.append(number)

    def caught_up_at(self, topic: str, number: int) -> float:
        """By the clock."""
        del topic, number
        return 2e9


def silence(table: Any, idle: float) -> Silence:
    return Silence(table, tuple(TOPICS), idle)


def behind() -> OwnedPartition:
    """A partition that a crash has left in the middle of a record's leap."""
    tracker = Tracker(Policy())
    for name in ("ann", "bob", "cleo"):
        tracker.receive(CONVERSATIONS, started(name, "09:00"))
    for topic in set(TOPICS) - {CONVERSATIONS}:
        tracker.pass_time(topic, moment("10:00"))
    tracker.at_once = 1
    tracker.receive(CONVERSATIONS, started("dan", "10:00"))
    partition = OwnedPartition(tracker)
    assert partition.is_behind
    return partition


def test_a_leap_that_a_crash_has_cut_short_is_gone_on_with_though_nothing_comes() -> None:
    table, partition = Table(), behind()

    assert not silence(table, 0.0).pass_time({7: partition})

    assert not partition.is_behind
    assert set(table.touched) == {7}


def test_with_no_idle_time_silence_lets_none_pass() -> None:
    table, partition = Table(), behind()

    silence(table, 0.0).pass_time({7: partition})

    assert partition.tracker.watermark == moment("09:59")
