"""A group of counting workers on a broker: what was sent to it, and what became of it."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from monitor.shell.changelog import POSITION_KEY, Position
from tests.integration.counting_worker import PARTITIONS, TICK, sources

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from aiokafka.structs import ConsumerRecord

WORKER = Path(__file__).parent / "counting_worker.py"
ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


@dataclass
class Durable:
    """What the changelog vouches for, read by the rule and not by the code under test."""

    totals: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    positions: dict[int, Position] = field(default_factory=dict)
    tails: dict[int, dict[bytes, bytes | None]] = field(default_factory=lambda: defaultdict(dict))

    @property
    def ticks(self) -> int:
        return self.totals.get(TICK, (0, 0))[0]

    def advance(self, number: int, position: Position) -> None:
        """Note a position, which says that two owners wrote at a time if it steps back."""
        if (before := self.positions.get(number)) is not None:
            for topic, offset in before.next_offsets.items():
                assert position.next_offsets[topic] >= offset
        self.positions[number] = position

    def take(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self.totals.pop(key, None)
        else:
            count, total, _ = value.split(b" ")
            self.totals[key] = int(count), int(total)

    def read(self, number: int, records: list[ConsumerRecord]) -> None:
        """Read on in a partition: records count when a position follows them."""
        tail = self.tails[number]
        for record in records:
            if record.key != POSITION_KEY:
                tail[record.key] = record.value
                continue
            self.advance(number, msgspec.msgpack.decode(record.value, type=Position))
            for key, value in tail.items():
                self.take(key, value)
            tail.clear()

    @property
    def folded(self) -> int:
        return sum(sum(position.next_offsets.values()) for position in self.positions.values())


@dataclass
class Lab:
    """One group on one broker: what was sent to it, and what became of it."""

    bootstrap: str
    group: str
    directory: Path
    engine: str = "memory"
    sent: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def changelog(self) -> str:
        return f"{self.group}-counts-changelog"

    @property
    def outputs(self) -> str:
        return f"{self.group}-outputs"

    @property
    def sent_records(self) -> int:
        return sum(count for count, _ in self.sent.values())

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        number = len(self.workers)
        datadir = self.directory / str(number)
        datadir.mkdir()
        if self.engine == "disk":
            # Whoever comes after another gets its files; those who run at once have their own.
            alive = sum(worker.poll() is None for worker in self.workers)
            options = (*options, f"--state={self.directory / f'state-{alive}'}")
        with (self.directory / f"worker-{number}.log").open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, WORKER, self.bootstrap, self.group, datadir, *options],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        self.workers.append(worker)
        return worker

    def log(self, worker: subprocess.Popen[bytes]) -> str:
        return (self.directory / f"worker-{self.workers.index(worker)}.log").read_text()

    async def create_topics(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        # Who joins a group before its changelog is there is given no partition of it.
        names = [*sources(self.group), self.outputs, self.changelog]
        await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
        await admin.close()

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[AIOKafkaProducer]:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    async def send(
        self, records: int, *, seed: int, per_second: float = 1e9, size: int = 0
    ) -> None:
        """Send records with keys and values by chance, at about this pace and of this size."""
        chance = random.Random(seed)  # noqa: S311 - nobody is to be kept from guessing it
        async with self.producer() as producer:
            for number in range(records):
                key, value = b"key-%d" % (choice := chance.randrange(100)), chance.randrange(100)
                await producer.send(
                    chance.choice(sources(self.group)),
                    (b"%d" % value).ljust(size),
                    key=key,
                    partition=choice % PARTITIONS,
                )
                count, total = self.sent.get(key, (0, 0))
                self.sent[key] = (count + 1, total + value)
                if number % 100 == 99:
                    await asyncio.sleep(100 / per_second)
            await producer.flush()

    async def send_one(self, key: bytes, value: bytes) -> None:
        async with self.producer() as producer:
            await producer.send_and_wait(sources(self.group)[0], value, key=key, partition=0)

    @asynccontextmanager
    async def reader(self, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
        """Give a consumer that stands at the beginning of a topic."""
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap,
            enable_auto_commit=False,
            isolation_level="read_committed",
        )
        await consumer.start()
        try:
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            yield consumer
        finally:
            await consumer.stop()

    async def read(self, topic: str) -> dict[int, list[ConsumerRecord]]:
        """Return everything in a topic, by partition."""
        async with self.reader(topic) as consumer:
            return await what_follows(consumer)

    async def durable(self) -> Durable:
        """What the changelog vouches for now."""
        return await self.until(lambda _state: True)

    async def until(self, arrived: Callable[[Durable], bool]) -> Durable:
        """Read the changelog, and on in it, until it vouches for this."""
        deadline, state = time.monotonic() + PATIENCE, Durable()
        async with self.reader(self.changelog) as consumer:
            while True:
                for number, records in (await what_follows(consumer)).items():
                    state.read(number, records)
                if arrived(state):
                    return state
                assert time.monotonic() < deadline, f"never arrived: {state.positions}"

    async def until_more_is_folded_than(self, records: int) -> Durable:
        return await self.until(lambda state: state.folded > records)

    async def until_all_is_folded(self) -> Durable:
        """Wait until the changelog contains every record sent."""
        return await self.until(lambda state: state.folded >= self.sent_records)

    async def put_out(self) -> Counter[bytes]:
        """What was put out, and how often."""
        read = await self.read(self.outputs)
        return Counter(record.value for records in read.values() for record in records)

    async def missing_outputs(self) -> set[bytes]:
        lines = set(await self.put_out())
        wanted = {
            b"%s %d" % (key, number)
            for key, (count, _) in self.sent.items()
            for number in range(1, count + 1)
        }
        assert lines <= wanted
        return wanted - lines


async def what_follows(consumer: AIOKafkaConsumer) -> dict[int, list[ConsumerRecord]]:
    """Read on to the end, by partition."""
    read = defaultdict(list)
    # Two empty answers, because the first may come before anything was fetched.
    silence = 0
    while silence < 2:
        batches = await consumer.getmany(timeout_ms=250)
        silence = 0 if batches else silence + 1
        for partition, records in batches.items():
            read[partition.partition].extend(records)
        if await at_the_end(consumer):
            break
    return read


async def at_the_end(consumer: AIOKafkaConsumer) -> bool:
    """Tell whether all is read, which may be true only for a moment."""
    ends = {partition: consumer.highwater(partition) for partition in consumer.assignment()}
    return None not in ends.values() and all(
        [await consumer.position(partition) >= end for partition, end in ends.items()]
    )


def stop(worker: subprocess.Popen[bytes]) -> int:
    worker.terminate()
    return worker.wait(PATIENCE)


def kill(worker: subprocess.Popen[bytes]) -> None:
    assert worker.poll() is None, "it died before it was killed"
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def is_asleep(worker: subprocess.Popen[bytes]) -> bool:
    return "State:\tT" in Path(f"/proc/{worker.pid}/status").read_text()


def a_lab(bootstrap: str, group: str, directory: Path, engine: str = "memory") -> Iterator[Lab]:
    lab = Lab(bootstrap, group, directory, engine)
    asyncio.run(lab.create_topics())
    yield lab
    for worker in lab.workers:
        if worker.poll() is None:
            kill(worker)


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        await asyncio.sleep(0.1)
