"""Plays recorded journeys into the topics: their times moved to end now, and played fast.

While they are played, heartbeats are sent, as every producer should: one to each partition of each
topic, which says that everything up to a moment has been sent. By them event time moves on where
nothing happens.

Somebody's own log keeps its times, for its dates mean something to its owner. It is sent at once.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from monitor.adapters.samples import NAMES, read_lines, sample
from monitor.shell.outlet import key_of, packed
from monitor.shell.topics import INPUTS
from schemas.decode import TOPIC_OF, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from aiokafka import AIOKafkaProducer

    from monitor.adapters.records import Event

_TICK_SECONDS = 0.25
# In event time, however fast that is played: a producer not heard for `blind_window` is missed.
_BEAT = timedelta(minutes=10)
_CONTENT_TYPE = [("content-type", b"application/cloudevents+json")]


@dataclass(frozen=True, slots=True)
class Play:
    """Recorded events in the order of their times, each with its topic."""

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


def whole(events: Iterable[Event]) -> Play:
    """All events of a log, at least one, as they are."""
    timed = [(event, TOPIC_OF[event["type"]]) for event in events]
    played = [(read(topic, event).time, topic, event) for event, topic in timed]
    played.sort(key=lambda one: one[0])
    return Play(played, played[0][0], played[-1][0])


async def send(play_: Play, producer: AIOKafkaProducer, partitions: int, until: datetime) -> None:
    """Send everything at once, and that up to a moment nothing else has happened.

    Nobody sent heartbeats while it happened, so there are none between the events. Topics that it
    has none of are told first, so that time need not wait for them.
    """
    spoken = {topic for _, topic, _ in play_.events}
    silent = [place for place in _everywhere(partitions) if place[0] not in spoken]
    await _tell(producer, silent, until)
    for _, topic, event in play_.events:
        await _send(producer, topic, event, key_of(event), None)
    await let_time_pass(producer, partitions, until)


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
                await _send(producer, topic, event, key_of(event), None)
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
    await _tell(producer, _everywhere(partitions), until)
    await producer.flush()


async def _tell(
    producer: AIOKafkaProducer, places: Iterable[tuple[str, int]], until: datetime
) -> None:
    for beats, (topic, partition) in enumerate(places):
        await _send(producer, topic, _heartbeat(-beats, until), None, partition)


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
    key: str | None,
    partition: int | None,
) -> None:
    raw = None if key is None else key.encode()
    await producer.send(topic, packed(event), raw, partition, headers=_CONTENT_TYPE)


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
