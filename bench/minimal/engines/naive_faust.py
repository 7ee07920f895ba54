"""Faust on the minimal job, as its guide has it: an agent, a table, one write for each event."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import faust

from bench.minimal import join, meter
from bench.minimal.contract import BROKEN, BY_PYDANTIC, PARTITIONS, TOPICS

if TYPE_CHECKING:
    from argparse import Namespace

    from faust.types import StreamT


async def drain(told: Namespace, measured: meter.Meter) -> None:
    """Fold the backlog, and return when the producer is flushed."""
    finished = asyncio.Event()
    app = faust.App(
        "bench-faust",
        broker=f"kafka://{told.bootstrap}",
        store="memory://",
        web_enabled=False,
        topic_partitions=PARTITIONS,
        datadir=told.state_dir,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=6.0,
        broker_heartbeat_interval=2.0,
        broker_rebalance_timeout=6.0,
    )
    customers = app.Table("customers", partitions=PARTITIONS)
    topic = app.topic(*TOPICS, key_serializer="raw", value_serializer="raw")

    @app.agent(topic)
    async def track(stream: StreamT[Any]) -> None:
        async for event in stream.events():
            measured.first()
            measured.seen += 1
            name = event.message.topic
            try:
                decoded = BY_PYDANTIC[name](event.value)
            except BROKEN:
                join.refuse(name, measured.counts)
            else:
                key = event.key.decode()
                state = customers.get(key) or join.new_state()
                join.update(state, decoded, measured.counts)
                customers[key] = state
            if measured.seen >= told.total:
                finished.set()

    await app.start()
    await finished.wait()
    await asyncio.sleep(0)
    await app.producer.flush()


async def main() -> None:
    """Drain, tell, and go: ending in good order is not what is measured."""
    told, measured = meter.arguments(), meter.Meter()
    await drain(told, measured)
    measured.done()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
