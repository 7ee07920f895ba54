"""Ours on the minimal job: Faust with the batch transport and the session table of the product.

Durable: what a customer's state became is in the changelog, and the position that vouches for it.
The settings are those that the product runs with.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from bench.minimal import join, meter
from bench.minimal.contract import BROKEN, DECODERS, PARTITIONS, TOPICS
from monitor.shell.faust_settings import faust_app
from monitor.shell.garbage import collect_seldom
from monitor.shell.store import MemoryStore, Stores
from monitor.shell.table import Callbacks, SessionTable
from monitor.shell.transport import BatchSchema, batches

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    import faust
    from faust.types import StreamT

    from monitor.shell.store import Store
    from monitor.shell.table import Partition
    from monitor.shell.transport import RecordBatch
    from monitor.shell.writers import Writer


class Customers:
    """The customers of a partition, and which of them changed."""

    def __init__(self, store: Store) -> None:
        self.states = {key: msgspec.msgpack.decode(value) for key, value in store.items(b"")}
        self.changed: set[bytes] = set()
        self._encode = msgspec.msgpack.Encoder().encode

    def prepare(self) -> Iterator[None]:
        """Do nothing: to encode so little takes no time."""
        return iter(())

    def changes(self) -> dict[bytes, bytes | None]:
        """Return the changed customers, encoded."""
        changed, self.changed = self.changed, set()
        return {key: self._encode(self.states[key]) for key in changed}

    def fold(self, batch: RecordBatch, known: int, decoder: str, counts: join.Counts) -> None:
        """Fold the records of a batch that are not in the state."""
        decode, states, update = DECODERS[decoder][batch.topic], self.states, join.update
        for record in batch.records:
            if record.offset < known:
                continue
            try:
                event = decode(record.value)
            except BROKEN:
                join.refuse(batch.topic, counts)
                continue
            state = states.get(record.key)
            if state is None:
                state = states[record.key] = join.new_state()
            update(state, event, counts)
            self.changed.add(record.key)


def session_table(app: faust.App) -> SessionTable:
    """Make the table; nothing is published, so nothing is to be done before or after a flush."""

    async def nothing(_writer: Writer) -> None:
        pass

    async def nothing_after(_partition: Partition) -> bool:
        return False

    return SessionTable(
        app,
        name="customers",
        sources=TOPICS,
        callbacks=Callbacks(
            lambda _number, store: Customers(store), lambda _partition: nothing, nothing_after
        ),
        stores=Stores(lambda _number: MemoryStore()),
        partitions=PARTITIONS,
        outputs=(),
    )


async def drain(told: Namespace, measured: meter.Meter) -> None:
    """Fold the backlog, and return when all of it is in the acknowledged changelog."""
    app = faust_app(
        f"bench-ours-{told.decoder}",
        told.bootstrap,
        datadir=Path(told.state_dir),
        session_timeout=6.0,
    )
    table = session_table(app)

    async def track(stream: StreamT[RecordBatch]) -> None:
        async for batch in batches(stream):
            measured.first()
            known = table.next_offset(batch.topic, batch.partition)
            customers = cast("Customers", table.partition(batch.partition))
            customers.fold(batch, known, told.decoder, measured.counts)
            table.applied(batch)
            measured.seen += len(batch.records)

    collect_seldom()
    app.agent(app.topic(*TOPICS, schema=BatchSchema(), partitions=PARTITIONS))(track)
    await app.start()
    while sum(table.durable().values()) < told.total:
        await asyncio.sleep(0.05)
        if measured.seen >= told.total:
            await table.flush()


def main() -> None:
    """Drain, tell, and go: ending in good order is not what is measured."""
    told = meter.arguments("--decoder")
    measured = meter.Meter()
    asyncio.run(_run(told, measured))


async def _run(told: Namespace, measured: meter.Meter) -> None:
    await drain(told, measured)
    measured.done()
    os._exit(0)


if __name__ == "__main__":
    main()
