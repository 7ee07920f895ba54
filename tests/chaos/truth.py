"""What is true: a replay of the log as the broker has it, partition by partition."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition

from monitor.core.outputs import Published
from monitor.core.policy import Policy
from monitor.core.snapshot import restore
from monitor.shell.changelog import Recovering
from monitor.shell.publish import hide, records_of
from monitor.shell.replay import Replay
from monitor.shell.store import MemoryStore
from schemas.conversations import Heartbeat
from schemas.decode import TOPICS, Invalid, decode
from tests.chaos.load import CLOSING, PARTITIONS
from tests.integration.worker import HASH_KEY

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    from monitor.core.outputs import Output
    from monitor.core.tracker import Tracker
    from schemas.envelope import Envelope

Place = tuple[str, int, int]
"""Topic, partition, offset."""


@dataclass
class Truth:
    """What must have come of a log."""

    trackers: dict[int, Tracker] = field(default_factory=dict)
    published: Counter[tuple[str, int, bytes]] = field(default_factory=Counter)
    letters: set[Place] = field(default_factory=set)


class _Judge(Replay):
    """A replay that keeps what it would publish."""

    def __init__(self) -> None:
        super().__init__(Policy(), None)
        self.outputs: list[Published] = []
        self.last: list[tuple[str, Envelope]] = []

    def _note(self, outputs: list[Output]) -> None:
        super()._note(outputs)
        self.outputs += [output for output in outputs if isinstance(output, Published)]

    def end(self) -> None:
        """Apply what is held, and then hear the heartbeats that tell of nothing else."""
        self.finish()
        for topic, beat in self.last:
            self._note(self.tracker.receive(topic, beat))


def replayed(log: list[ConsumerRecord[bytes, bytes]], ends: int) -> Truth:
    """Replay a log whose last heartbeats carry event time just over the moment ``ends``."""
    truth = Truth()
    judges: defaultdict[int, _Judge] = defaultdict(_Judge)
    for record in log:
        judge = judges[record.partition]
        try:
            event = decode(record.topic, tuple(record.headers), record.value)
        except Invalid as refusal:
            judge.tracker.refuse(record.topic, refusal.reason)
            truth.letters.add((record.topic, record.partition, record.offset))
            continue
        if isinstance(event, Heartbeat) and event.id.startswith(f"{CLOSING}-{ends}-"):
            judge.last.append((record.topic, event))
        else:
            judge.hold(record.topic, event)
    for number, judge in judges.items():
        judge.end()
        truth.trackers[number] = judge.tracker
        for output in judge.outputs:
            for topic, value in records_of(hide(HASH_KEY, output)):
                truth.published[topic.name, number, value] += 1
    return truth


def recovered(changelog: list[ConsumerRecord[bytes, bytes]]) -> dict[int, Tracker]:
    """The state that a worker would begin with, had all of them been killed now."""
    kept: defaultdict[int, Recovering] = defaultdict(lambda: Recovering(MemoryStore()))
    for record in changelog:
        kept[record.partition].take(record.key, record.value)
    return {number: restore(Policy(), one.store) for number, one in kept.items()}


def read_log(bootstrap: str) -> list[ConsumerRecord[bytes, bytes]]:
    """All that was sent, each partition's topics one after the other."""
    return [record for topic in TOPICS for record in read(bootstrap, topic)]


def read(bootstrap: str, topic: str) -> list[ConsumerRecord[bytes, bytes]]:
    """A topic as it is now, without what was written in vain."""
    return asyncio.run(_read(bootstrap, topic))


async def _read(bootstrap: str, topic: str) -> list[ConsumerRecord[bytes, bytes]]:
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    records: list[ConsumerRecord[bytes, bytes]] = []
    async with consumer:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while [tp for tp in partitions if await consumer.position(tp) < ends[tp]]:
            for run in (await consumer.getmany(timeout_ms=200)).values():
                records += run
    return records
