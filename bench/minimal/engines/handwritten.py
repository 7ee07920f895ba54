"""What a team writes by hand for the minimal job: aiokafka, pydantic, a dict and a changelog.

At least once: every five seconds the producer is flushed, and then the offsets are committed. One
changelog record is written for every event.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.minimal import join, meter
from bench.minimal.contract import BROKEN, BY_PYDANTIC, PARTITIONS, TOPICS

if TYPE_CHECKING:
    from argparse import Namespace

CHANGELOG = "bench-handwritten-changelog"
COMMIT_EVERY_SECONDS = 5


async def create_changelog(bootstrap: str) -> None:
    """Create the compacted topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    compacted = {"cleanup.policy": "compact"}
    await admin.create_topics([NewTopic(CHANGELOG, PARTITIONS, 1, topic_configs=compacted)])
    await admin.close()


async def drain(told: Namespace, measured: meter.Meter) -> None:
    """Fold the backlog, with a changelog record for every event."""
    producer = AIOKafkaProducer(bootstrap_servers=told.bootstrap, linger_ms=20)
    consumer = AIOKafkaConsumer(
        *TOPICS,
        bootstrap_servers=told.bootstrap,
        group_id="bench-handwritten",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=6000,
        heartbeat_interval_ms=2000,
    )
    await producer.start()
    await consumer.start()
    states: dict[bytes, join.State] = {}
    committed_at = time.monotonic()
    while measured.seen < told.total:
        polled = await consumer.getmany(timeout_ms=1000, max_records=1000)
        for partition, records in polled.items():
            measured.first()
            decode = BY_PYDANTIC[partition.topic]
            for record in records:
                measured.seen += 1
                try:
                    event = decode(record.value)
                except BROKEN:
                    join.refuse(partition.topic, measured.counts)
                    continue
                state = states.get(record.key)
                if state is None:
                    state = states[record.key] = join.new_state()
                join.update(state, event, measured.counts)
                value = orjson.dumps(state)
                await producer.send(CHANGELOG, value, record.key, partition=partition.partition)
        if time.monotonic() - committed_at > COMMIT_EVERY_SECONDS or measured.seen >= told.total:
            await producer.flush()
            await consumer.commit()
            committed_at = time.monotonic()
    measured.done()
    await consumer.stop()
    await producer.stop()


async def main() -> None:
    """Create the changelog and drain the backlog."""
    told = meter.arguments()
    measured = meter.Meter()
    await create_changelog(told.bootstrap)
    await drain(told, measured)


if __name__ == "__main__":
    asyncio.run(main())
