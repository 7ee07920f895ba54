"""What transactions cost a worker: CPU per event, and how long a flush takes, with and without.

The fold is trivial, one count per key, so nearly all that is measured is the transport and the
flushes. Each round runs both on the same records in Apache Kafka, which needs Java 17 and Maven.
Run it by ``PYTHONPATH=. .venv/bin/python bench/fencing.py``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import faust
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench import document
from monitor.shell.faust_settings import faust_app
from monitor.shell.store import MemoryStore, Stores
from monitor.shell.table import Callbacks, SessionTable
from monitor.shell.transport import BatchProducer, BatchSchema, batches
from monitor.shell.writers import PlainWriter
from tests.integration.apache_kafka import ApacheKafka

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faust.types import StreamT

    from monitor.shell.store import Store
    from monitor.shell.table import Partition
    from monitor.shell.transport import RecordBatch
    from monitor.shell.writers import Writer

PARTITIONS = 4
KEYS = 2_000
KINDS = ("plain", "transactions")
SOURCE = "bench-source"


class Counts:
    """How often each key came."""

    def __init__(self, store: Store) -> None:
        """Begin with what the changelog held."""
        self.counts = {key: int(value) for key, value in store.items(b"")}
        self.changed: set[bytes] = set()

    def prepare(self) -> Iterator[None]:
        """Do nothing: to encode so little takes no time."""
        return iter(())

    def changes(self) -> dict[bytes, bytes | None]:
        """The keys that came since the last call."""
        changed, self.changed = self.changed, set()
        return {key: b"%d" % self.counts[key] for key in changed}


class TimedTable(SessionTable):
    """Notes how long each flush takes that has something to write."""

    kind = ""
    total = 0
    took: list[float]

    async def _open_writer(self, number: int) -> Writer:
        if self.kind == "transactions":
            return await super()._open_writer(number)
        producer = self.app.producer
        assert isinstance(producer, BatchProducer)
        return PlainWriter(
            producer._ensure_producer(),  # noqa: SLF001 - as the transport does
            *(self.changelog_topic_name, number, self._consumer.prove_membership),
        )

    async def flush(self) -> bool:
        """Flush, and end the process when everything is written."""
        busy = any(live.touched for live in self._live.values())
        began = time.perf_counter()
        done = await super().flush()
        if busy and done:
            self.took.append(time.perf_counter() - began)
        if sum(self.durable().values()) >= self.total:
            self._report()
        return done

    def _report(self) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        # The first one opens connections.
        took = sorted(self.took[1:])
        p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
        seconds = used.ru_utime + used.ru_stime
        # Faust takes what is written to stdout for a log.
        os.write(1, f"{seconds} {p50} {p99} {len(took)}\n".encode())
        os._exit(0)


def work(bootstrap: str, group: str, kind: str, total: int, interval: float) -> None:
    """Be the worker."""
    app = faust_app(group, bootstrap, datadir=Path(tempfile.mkdtemp()), commit_interval=interval)

    async def publish(_writer: Writer) -> None:
        pass

    async def nothing(_partition: Partition) -> bool:
        return False

    table = TimedTable(
        app,
        name="counts",
        sources=(SOURCE,),
        callbacks=Callbacks(lambda _number, store: Counts(store), lambda _: publish, nothing),
        stores=Stores(lambda _number: MemoryStore()),
        partitions=PARTITIONS,
        outputs=(),
    )
    table.kind, table.total, table.took = kind, total, []

    @app.agent(app.topic(SOURCE, schema=BatchSchema(), partitions=PARTITIONS))
    async def count(stream: StreamT[RecordBatch]) -> None:
        async for batch in batches(stream):
            partition = table.partition(batch.partition)
            assert isinstance(partition, Counts)
            known = table.next_offset(batch.topic, batch.partition)
            for record in batch.records:
                if record.offset >= known:
                    key = record.key
                    partition.counts[key] = partition.counts.get(key, 0) + 1
                    partition.changed.add(key)
            table.applied(batch)

    worker = faust.Worker(app, loglevel="ERROR", quiet=True, logfile=sys.stderr)
    # It writes control characters to stdout.
    worker.spinner = None
    worker.execute_from_commandline()


async def fill(bootstrap: str, events: int) -> None:
    """Write the records that every run reads."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(SOURCE, PARTITIONS, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=20) as producer:
        for number in range(events):
            key = number * 7919 % KEYS
            await producer.send(SOURCE, b"x" * 100, key=b"%d" % key, partition=key % PARTITIONS)
        await producer.flush()


def run(bootstrap: str, name: str, kind: str, events: int, interval: float) -> list[float]:
    """Run one worker over everything; CPU seconds, flush p50 and p99, and flushes."""
    group = f"bench-{name}"

    async def changelog() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic(f"{group}-counts-changelog", PARTITIONS, 1)])
        await admin.close()

    asyncio.run(changelog())
    ended = subprocess.run(
        [sys.executable, __file__, "--worker", bootstrap, group, kind, str(events), str(interval)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return [float(number) for number in ended.stdout.split()]


def main() -> None:
    """Compare in interleaved rounds."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--worker", nargs=5, help=argparse.SUPPRESS)
    words.add_argument("--events", type=int, default=400_000)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--interval", type=float, default=0.5, help="seconds between flushes")
    words.add_argument("--document", action="store_true", help="into docs/performance.md, too")
    chosen = words.parse_args()
    if chosen.worker:
        bootstrap, group, kind, events, interval = chosen.worker
        work(bootstrap, group, kind, int(events), float(interval))
    results: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    with ApacheKafka() as kafka:
        asyncio.run(fill(kafka.bootstrap, chosen.events))
        for number in range(chosen.rounds):
            for kind in KINDS:
                name = f"{kind}-{number}"
                found = run(kafka.bootstrap, name, kind, chosen.events, chosen.interval)
                results[kind].append(found)
                sys.stderr.write(f"{name}: {found}\n")
    lines = [_line(kind, rounds, chosen.events) for kind, rounds in results.items()]
    text = f"""\
Written by `bench/fencing.py` on {document.today()}: {chosen.events:,} records in {PARTITIONS} \
partitions of Apache Kafka, a trivial fold, a flush each {chosen.interval:g} s; medians of \
{chosen.rounds} interleaved rounds. A flush in transactions ends when readers see it.

| kind | CPU µs per event, with the start | flush p50 ms | flush p99 ms | flushes |
|---|--:|--:|--:|--:|
""" + "\n".join(lines)
    sys.stdout.write(f"{text}\n")
    if chosen.document:
        document.put(document.FENCING, text)


def _line(kind: str, rounds: list[list[float]], events: int) -> str:
    cpu, p50, p99, flushes = (statistics.median(column) for column in zip(*rounds, strict=True))
    numbers = f"{cpu / events * 1e6:.2f} | {p50 * 1000:.0f} | {p99 * 1000:.0f} | {flushes:.0f}"
    return f"| {kind} | {numbers} |"


if __name__ == "__main__":
    main()
