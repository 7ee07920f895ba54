"""A worker whose state is so simple that every lost and every repeated record shows.

Per key it counts the records and adds up their values. Each record also puts out one line, the
key and its count, before the state that contains it is written. The key ``refuse`` cannot be put
out, and a value that is no number cannot be folded.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faust

from monitor.shell.disk_store import Directory
from monitor.shell.faust_settings import faust_app
from monitor.shell.ledger import BACKLOG_BYTES_MAX
from monitor.shell.store import MemoryStore, Stores
from monitor.shell.table import Callbacks, SessionTable
from monitor.shell.transport import BatchSchema, batches

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

    from aiokafka.producer.message_accumulator import BatchBuilder
    from aiokafka.structs import RecordMetadata
    from faust.types import StreamT

    from monitor.shell.store import Store
    from monitor.shell.table import Partition
    from monitor.shell.transport import RecordBatch
    from monitor.shell.writers import Writer

PARTITIONS = 4
TICK = b"tick"
SLEEP = b"sleep"


def sources(group: str) -> tuple[str, str]:
    return f"{group}-apples", f"{group}-pears"


class Counting:
    """Counts and sums by key. Padding makes large flushes of few records."""

    def __init__(self, store: Store, padding: int) -> None:
        self.totals: dict[bytes, tuple[int, int]] = {}
        for key, value in store.items(b""):
            count, total, _ = value.split(b" ")
            self.totals[key] = (int(count), int(total))
        self.changed: set[bytes] = set()
        self.outputs: list[bytes] = []
        self.padding = b"x" * padding
        self.sleepy = False

    def fold(self, key: bytes, value: int) -> None:
        count, total = self.totals.get(key, (0, 0))
        self.totals[key] = (count + 1, total + value)
        self.changed.add(key)
        self.outputs.append(b"%s %d" % (key, count + 1))
        self.sleepy |= key == SLEEP

    def prepare(self) -> Iterator[None]:
        return iter(())

    def changes(self) -> dict[bytes, bytes | None]:
        changed, self.changed = self.changed, set()
        return {key: b"%d %d %s" % (*self.totals[key], self.padding) for key in changed}


class SleepingTable(SessionTable):
    """A table whose worker stops itself where that does the most harm."""

    async def _open_writer(self, number: int) -> Writer:
        writer = await super()._open_writer(number)
        append = writer.append

        async def sleep_and_append(batch: BatchBuilder) -> int:
            partition = self.partition(number)
            assert isinstance(partition, Counting)
            if partition.sleepy:
                os.kill(os.getpid(), signal.SIGSTOP)
            return await append(batch)

        writer.append = sleep_and_append  # type: ignore[method-assign]
        return writer


def counting_table(
    app: faust.App, group: str, padding: int, state: Path | None, kind: type[SessionTable]
) -> SessionTable:
    def restore(_number: int, store: Store) -> Counting:
        return Counting(store, padding)

    def take(partition: Partition) -> Callable[[Writer], Coroutine[Any, Any, None]]:
        assert isinstance(partition, Counting)
        lines, partition.outputs = partition.outputs, []
        return lambda writer: publish(lines, writer)

    async def publish(lines: list[bytes], writer: Writer) -> None:
        sent: list[Awaitable[RecordMetadata]] = []
        for line in lines:
            if line.startswith(b"refuse"):
                raise ValueError(line)
            sent.append(await writer.send(f"{group}-outputs", key=None, value=line, headers=[]))
        await asyncio.gather(*sent)

    async def nothing(_partition: Partition) -> bool:
        return False

    return kind(
        app,
        name="counts",
        sources=sources(group),
        callbacks=Callbacks(restore, take, nothing),
        stores=Stores(Directory(state).open if state else lambda _number: MemoryStore()),
        partitions=PARTITIONS,
        outputs=(f"{group}-outputs",),
    )


def counting_app(arguments: argparse.Namespace) -> faust.App:
    group: str = arguments.group
    app = faust_app(
        group,
        arguments.bootstrap,
        datadir=arguments.datadir,
        session_timeout=6.0,
        commit_interval=0.3,
        standbys=arguments.standbys,
    )
    kind = SleepingTable if arguments.sleeps else SessionTable
    table = counting_table(app, group, arguments.padding, arguments.state, kind)
    table.backlog_max = arguments.backlog

    @app.agent(app.topic(*sources(group), schema=BatchSchema(), partitions=PARTITIONS))
    async def count(stream: StreamT[RecordBatch]) -> None:
        async for batch in batches(stream):
            partition = table.partition(batch.partition)
            assert isinstance(partition, Counting)
            known = table.next_offset(batch.topic, batch.partition)
            for record in batch.records:
                if record.offset >= known:
                    partition.fold(record.key, int(record.value))
            table.applied(batch)

    if arguments.tick:
        # Faust gives its decorator no type.
        @app.timer(0.2)  # type: ignore[untyped-decorator]
        async def tick() -> None:
            for number in table.owned:
                if None in [table.caught_up_at(topic, number) for topic in sources(group)]:
                    continue
                partition = table.partition(number)
                assert isinstance(partition, Counting)
                partition.fold(TICK, number)
                table.touch(number)

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("group")
    parser.add_argument("datadir", type=Path)
    parser.add_argument("--padding", type=int, default=0)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--standbys", type=int, default=0)
    parser.add_argument("--backlog", type=int, default=BACKLOG_BYTES_MAX)
    parser.add_argument("--tick", action="store_true")
    parser.add_argument("--sleeps", action="store_true")
    app = counting_app(parser.parse_args())
    worker = faust.Worker(app, loglevel="INFO", quiet=True, logfile=sys.stderr)
    raise SystemExit(worker.execute_from_commandline())


if __name__ == "__main__":
    main()
