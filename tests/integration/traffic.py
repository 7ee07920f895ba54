"""What producers send: the sample, as disordered as real producers are, and the core's verdict."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from monitor.core.moments import seconds
from monitor.core.outputs import Published
from monitor.core.policy import Policy
from monitor.core.reading import reading_of
from monitor.core.tracker import Tracker
from monitor.shell import player
from monitor.shell.publish import hide
from monitor.shell.replay import Replay
from monitor.shell.topics import INPUTS
from schemas.decode import TOPICS, decode
from schemas.published import Finding
from tests.integration.worker import HASH_KEY, PARTITIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aiokafka import ConsumerRecord
    from aiokafka.structs import RecordMetadata

    from monitor.core.moments import Moment
    from monitor.core.reading import Reading

ENDS = datetime(2025, 6, 1, tzinfo=UTC)
POLICY = Policy()
BLINDNESS = "SF-20"
BEAT_EVERY = 400
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Message:
    """A record that is still to be sent; without a partition, the key decides."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What the core says of all messages together, when everything was applied."""

    reading: Reading
    published: list[Published]
    watermark: float


def sample(days: float, seed: int, ends: datetime = ENDS) -> list[Message]:
    """The first days of the sample: both modes, 3 % sent twice, a minute of disorder, heartbeats.

    The last heartbeats carry event time a microsecond over the last event, where a replay ends.
    """
    dice = random.Random(seed)  # noqa: S311 - it hides nothing
    minute = seconds(POLICY.lateness)
    arriving: list[tuple[datetime, str, dict[str, Any]]] = []
    for at, topic, event in player.load(days, ends).events:
        arriving.append((at + timedelta(seconds=dice.uniform(0, minute)), topic, event))
        if dice.random() < 0.03:
            again = at + timedelta(seconds=dice.uniform(minute, 86_400))
            arriving.append((min(again, ends), topic, event))
    arriving.sort(key=lambda one: one[0])
    messages: list[Message] = []
    for number, (at, topic, event) in enumerate(arriving):
        messages.append(binary(topic, event) if dice.random() < 0.5 else structured(topic, event))
        if number % BEAT_EVERY == 0:
            messages += heartbeats(number, at)
    last = max(datetime.fromisoformat(event["time"]) for _, _, event in arriving)
    return [*messages, *heartbeats(-1, last + timedelta(seconds=minute) + _MICROSECOND)]


def structured(topic: str, event: dict[str, Any]) -> Message:
    headers = (("content-type", b"application/cloudevents+json"),)
    return Message(topic, _key(event), json.dumps(event).encode(), headers)


def binary(topic: str, event: dict[str, Any]) -> Message:
    headers = [(f"ce_{name}", text.encode()) for name, text in event.items() if name != "data"]
    headers.append(("content-type", b"application/json"))
    return Message(topic, _key(event), json.dumps(event["data"]).encode(), tuple(headers))


def heartbeats(number: int, at: datetime) -> Iterator[Message]:
    """One for each partition of each topic: whatever happened before was sent."""
    event = {
        "specversion": "1.0",
        "id": f"beat-{number}",
        "source": "test",
        "type": "cx.heartbeat.v1",
        "time": at.isoformat(),
        "data": {"producer": "test"},
    }
    value = json.dumps(event).encode()
    for topic in INPUTS:
        for partition in range(PARTITIONS):
            yield Message(topic.name, None, value, partition=partition)


def expected(messages: Iterable[Message], silence: Moment = 0) -> Expected:
    """Fold everything in one tracker that knows no partition, no batch and no restart.

    After the last of them so much time passes.
    """
    tracker = Tracker(POLICY)
    published: list[Published] = []
    for message in messages:
        outputs = tracker.receive(message.topic, decode(*_record(message)))
        published += [output for output in outputs if isinstance(output, Published)]
    outputs = tracker.advance_to(tracker.watermark + silence)
    published += [output for output in outputs if isinstance(output, Published)]
    return Expected(
        reading_of(tracker.totals, tracker.watermark), published, seconds(tracker.watermark)
    )


def replayed(messages: Iterable[Message]) -> Reading:
    """The reading of `outcome-monitor replay` over the same events, which knows no heartbeat."""
    replay = Replay(POLICY, None)
    for message in messages:
        event = decode(*_record(message))
        if event.type != "cx.heartbeat.v1":
            replay.take(event.model_dump_json(by_alias=True, exclude_none=True).encode())
    return replay.finish().reading


def without_heartbeats(reading: Reading) -> Reading:
    events = reading["cx_events_total"]
    kept = {labels: n for labels, n in events.items() if labels[1] != "cx.heartbeat.v1"}
    return reading | {"cx_events_total": kept}


def differences(got: Reading, want: Reading) -> dict[tuple[str, ...], tuple[float, float]]:
    """Every cell in which two readings differ, with both values.

    Exposure is a sum of floats, and not added up in one order everywhere. What the monitor does
    not see is a matter of each partition, so one tracker of all cannot know it.
    """
    cells = {
        (name, *labels): (got.get(name, {}).get(labels, 0), want.get(name, {}).get(labels, 0))
        for name in got.keys() | want.keys()
        for labels in got.get(name, {}).keys() | want.get(name, {}).keys()
        if name != "cx_monitor_blind" and BLINDNESS not in labels
    }
    return {cell: (a, b) for cell, (a, b) in cells.items() if abs(a - b) > 0.001}


def hidden(outputs: Iterable[Published]) -> Counter[bytes]:
    """The bytes that are to be published, and how often."""
    return Counter(
        hide(HASH_KEY, output).model_dump_json(exclude_none=True).encode()
        for output in outputs
        if not (isinstance(output, Finding) and output.sf == BLINDNESS)
    )


def verdicts(records: Iterable[ConsumerRecord[bytes, bytes]]) -> Counter[bytes]:
    """What was published on customers, and how often; not what the monitor says of itself."""
    said = (record.value for record in records if record.value is not None)
    return Counter(value for value in said if BLINDNESS.encode() not in value)


def some(counted: Counter[bytes]) -> list[bytes]:
    """A few of them. To show how thousands differ, pytest would take minutes."""
    return sorted(counted)[:3]


async def send(bootstrap: str, messages: Iterable[Message]) -> list[RecordMetadata]:
    """Send in this order, wait for all acknowledgements, and tell where each came to lie."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", linger_ms=5, max_request_size=17_000_000
    )
    async with producer:
        sent = [
            await producer.send(
                *(message.topic, message.value, message.key, message.partition),
                headers=list(message.headers),
            )
            for message in messages
        ]
        return list(await asyncio.gather(*sent))


async def read_all(bootstrap: str, topic: str) -> list[ConsumerRecord[bytes, bytes]]:
    """Read a topic to the end that its fetches report; the embedded broker tells no other."""
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, isolation_level="read_committed"
    )
    records: list[ConsumerRecord[bytes, bytes]] = []
    async with consumer:
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        while [tp for tp in partitions if consumer.highwater(tp) != await consumer.position(tp)]:
            for run in (await consumer.getmany(timeout_ms=200)).values():
                records += run
    return records


async def remove_our_topics(bootstrap: str) -> None:
    """Make a broker that other tests have used as if none of our workers had run there."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await client.start()
        while ours := [name for name in await client.list_topics() if name.startswith("cx.")]:
            await client.delete_topics(ours)
    finally:
        await client.close()


def _key(event: dict[str, Any]) -> bytes:
    key: str = event["partitionkey"]
    return key.encode()


def _record(message: Message) -> tuple[str, tuple[tuple[str, bytes | None], ...], bytes | None]:
    assert message.topic in TOPICS
    return message.topic, message.headers, message.value
