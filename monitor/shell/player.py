"""Plays recorded journeys into the topics: their times moved to end now, and played fast.

While it plays it sends heartbeats, as every producer should: one to each partition of each topic,
which says that everything up to a moment has been sent. By them event time moves on where nothing
happens.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from monitor.adapters.samples import NAMES, read_lines, sample
from monitor.shell.topics import INPUTS
from schemas.decode import TOPIC_OF

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiokafka import AIOKafkaProducer

_TICK_SECONDS = 0.25
# In event time, however fast that is played: a producer not heard for `blind_window` is missed.
_BEAT = timedelta(minutes=10)
_CONTENT_TYPE = [("content-type", b"application/cloudevents+json")]


@dataclass(frozen=True, slots=True)
class Play:
    """Recorded events in the order of their new times."""

    events: list[tuple[datetime, str, dict[str, Any]]]
    begins: datetime
    ends: datetime


def load(days: float, ends: datetime) -> Play:
    """The first days of each recording that we ship, moved so that they end together."""
    events: list[tuple[datetime, str, dict[str, Any]]] = []
    length = timedelta(days=days)
    for name in NAMES:
        recorded = [
            (datetime.fromisoformat(event["time"]), event) for event in read_lines(sample(name))
        ]
        first = min(at for at, _ in recorded)
        shift = ends - length - first
        events += [
            (at + shift, TOPIC_OF[event["type"]], _moved(event, at + shift))
            for at, event in recorded
            if at < first + length
        ]
    events.sort(key=lambda one: one[0])
    return Play(events, ends - length, ends)


async def play(
    play_: Play,
    seconds: float,
    producer: AIOKafkaProducer,
    partitions: int,
    progress: Callable[[float], None],
) -> None:
    """Send everything, spread over so many seconds; ``progress`` is told the share that is sent."""
    beats, sent, told = 0, 0, play_.begins
    began = time.monotonic()
    while True:
        share = min(1.0, (time.monotonic() - began) / seconds) if seconds > 0 else 1.0
        reached = play_.begins + (play_.ends - play_.begins) * share
        for moment in _beats(told, reached):
            while sent < len(play_.events) and play_.events[sent][0] <= moment:
                _, topic, event = play_.events[sent]
                await _send(producer, topic, event, event["partitionkey"].encode(), None)
                sent += 1
            for topic_, partition in _everywhere(partitions):
                beats += 1
                beat = _heartbeat(beats, moment)
                await _send(producer, topic_, beat, None, partition)
        told = reached
        await producer.flush()
        progress(share)
        if share >= 1.0:
            return
        await asyncio.sleep(_TICK_SECONDS)


async def let_time_pass(producer: AIOKafkaProducer, partitions: int, until: datetime) -> None:
    """Tell every partition that event time has come to a moment."""
    for beats, (topic, partition) in enumerate(_everywhere(partitions)):
        await _send(producer, topic, _heartbeat(-beats, until), None, partition)
    await producer.flush()


def _beats(since: datetime, until: datetime) -> Iterator[datetime]:
    while since + _BEAT < until:
        since += _BEAT
        yield since
    yield until


def _everywhere(partitions: int) -> Iterator[tuple[str, int]]:
    return ((topic.name, number) for topic in INPUTS for number in range(partitions))


async def _send(
    producer: AIOKafkaProducer,
    topic: str,
    event: dict[str, Any],
    key: bytes | None,
    partition: int | None,
) -> None:
    value = json.dumps(event, separators=(",", ":")).encode()
    await producer.send(topic, value, key, partition, headers=_CONTENT_TYPE)


def _moved(event: dict[str, Any], at: datetime) -> dict[str, Any]:
    return event | {"time": at.isoformat()}


def _heartbeat(number: int, at: datetime) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"beat-{number}",
        "source": "player",
        "type": "cx.heartbeat.v1",
        "time": at.astimezone(UTC).isoformat(),
        "data": {"producer": "player"},
    }
