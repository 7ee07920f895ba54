"""Puts a backlog on a broker, and weighs what an engine wrote to its changelog."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.minimal.contract import PARTITIONS, TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.minimal.backlog import Record

Headers = Sequence[tuple[str, bytes | None]]
Entry = tuple[str, int, bytes | None, bytes | None, Headers, int]
"""Topic, partition, key, value, headers, and milliseconds since 1970."""

BATCH_BYTES = 900_000


@dataclass(frozen=True, slots=True)
class Written:
    """What is in a topic: how many records, and their keys and values in bytes."""

    records: int
    size: int


async def load(bootstrap: str, records: Iterable[Record]) -> None:
    """Create the topics and append the records, in order within each partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    kept = {"retention.ms": "-1"}
    await admin.create_topics([NewTopic(t, PARTITIONS, 1, topic_configs=kept) for t in TOPICS])
    await admin.close()
    await append(
        bootstrap,
        ((one.topic, one.partition, one.key, one.value, (), one.milliseconds) for one in records),
    )


async def append(bootstrap: str, entries: Iterable[Entry]) -> None:
    """Append entries in large batches, one partition after the other."""
    queues: dict[tuple[str, int], list[Entry]] = defaultdict(list)
    for entry in entries:
        queues[entry[:2]].append(entry)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=BATCH_BYTES)
    async with producer:
        for place, queue in queues.items():
            await _append(producer, *place, queue)


async def _append(
    producer: AIOKafkaProducer, topic: str, partition: int, queue: Sequence[Entry]
) -> None:
    batch = producer.create_batch()
    for _, _, key, value, headers, milliseconds in queue:
        told = {"timestamp": milliseconds, "key": key, "value": value, "headers": list(headers)}
        if batch.append(**told) is None:
            await (await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(**told)
    await (await producer.send_batch(batch, topic, partition=partition))


async def weigh(bootstrap: str, topic: str) -> Written:
    """Read a topic to its end."""
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    records = size = 0
    try:
        consumer.assign(partitions)
        # The embedded broker answers too low an end where it is asked; an empty fetch is the end.
        while polled := await consumer.getmany(timeout_ms=1000):
            for run in polled.values():
                records += len(run)
                size += sum(len(one.key or b"") + len(one.value or b"") for one in run)
    finally:
        await consumer.stop()
    return Written(records, size)
