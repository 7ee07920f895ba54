"""The table and its transport, with a worker of its own process that is stopped in every way."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from monitor.shell.changelog import POSITION_KEY, Position
from tests.integration.counting_worker import PARTITIONS, TICK, sources

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from aiokafka.structs import ConsumerRecord

    from monitor.shell.embedded import EmbeddedBroker

WORKER = Path(__file__).parent / "counting_worker.py"
ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


@dataclass
class Durable:
    """What the changelog vouches for, read by the rule and not by the code under test."""

    totals: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    positions: dict[int, Position] = field(default_factory=dict)

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

    async def create_topics(self, *more: str) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        names = [*sources(self.group), self.outputs, *more]
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

    async def send(self, records: int, *, seed: int, per_second: float = 1e9) -> None:
        """Send records with keys and values by chance, at about this pace."""
        chance = random.Random(seed)  # noqa: S311 - nobody is to be kept from guessing it
        async with self.producer() as producer:
            for number in range(records):
                key, value = b"key-%d" % (choice := chance.randrange(100)), chance.randrange(100)
                await producer.send(
                    chance.choice(sources(self.group)),
                    b"%d" % value,
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

    async def read(self, topic: str) -> dict[int, list[ConsumerRecord]]:
        """Return everything in a topic, by partition."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            return await everything(consumer, topic)
        finally:
            await consumer.stop()

    async def durable(self) -> Durable:
        """Replay the changelog: records count when a position follows them."""
        state = Durable()
        for number, records in (await self.read(self.changelog)).items():
            tail: dict[bytes, bytes | None] = {}
            for record in records:
                if record.key != POSITION_KEY:
                    tail[record.key] = record.value
                    continue
                state.advance(number, msgspec.msgpack.decode(record.value, type=Position))
                for key, value in tail.items():
                    state.take(key, value)
                tail.clear()
        return state

    async def until(self, arrived: Callable[[Durable], bool]) -> Durable:
        deadline = time.monotonic() + PATIENCE
        while not arrived(state := await self.durable()):
            assert time.monotonic() < deadline, f"never arrived: {state.positions}"
        return state

    async def until_more_is_folded_than(self, records: int) -> Durable:
        return await self.until(lambda state: state.folded > records)

    async def until_all_is_folded(self) -> Durable:
        """Wait until the changelog contains every record sent."""
        return await self.until(lambda state: state.folded >= self.sent_records)

    async def missing_outputs(self) -> set[bytes]:
        read = await self.read(self.outputs)
        lines = {record.value for records in read.values() for record in records}
        wanted = {
            b"%s %d" % (key, number)
            for key, (count, _) in self.sent.items()
            for number in range(1, count + 1)
        }
        assert lines <= wanted
        return wanted - lines


async def everything(consumer: AIOKafkaConsumer, topic: str) -> dict[int, list[ConsumerRecord]]:
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    read = defaultdict(list)
    # Two empty answers, because the first may come before anything was fetched.
    silence = 0
    while silence < 2 and not await at_the_end(consumer):
        batches = await consumer.getmany(timeout_ms=250)
        silence = 0 if batches else silence + 1
        for partition, records in batches.items():
            read[partition.partition].extend(records)
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


def a_lab(bootstrap: str, group: str, directory: Path, engine: str = "memory") -> Iterator[Lab]:
    lab = Lab(bootstrap, group, directory, engine)
    asyncio.run(lab.create_topics())
    yield lab
    for worker in lab.workers:
        if worker.poll() is None:
            kill(worker)


@pytest.fixture(params=["memory", "disk"])
def lab(
    request: pytest.FixtureRequest, bootstrap: str, topic_prefix: str, tmp_path: Path
) -> Iterator[Lab]:
    """A group on each of the brokers, with its state in each of the engines."""
    yield from a_lab(bootstrap, topic_prefix, tmp_path, request.param)


@pytest.fixture
def small_lab(embedded: EmbeddedBroker, topic_prefix: str, tmp_path: Path) -> Iterator[Lab]:
    """A group on the embedded broker."""
    yield from a_lab(embedded.bootstrap, topic_prefix, tmp_path)


def test_a_graceful_stop_loses_and_repeats_nothing(lab: Lab) -> None:
    async def scenario() -> Durable:
        await lab.send(5_000, seed=1)
        worker = lab.start()
        await lab.until_more_is_folded_than(0)
        sending = asyncio.create_task(lab.send(5_000, seed=2, per_second=4_000))
        await asyncio.sleep(0.5)
        assert stop(worker) == 0
        await sending
        lab.start()
        return await lab.until_all_is_folded()

    state = asyncio.run(scenario())
    assert state.totals == lab.sent
    assert asyncio.run(lab.missing_outputs()) == set()


def test_kills_at_any_moment_lose_and_repeat_nothing(lab: Lab) -> None:
    seed = time.time_ns()
    print("seed", seed)  # noqa: T201 - pytest shows it when the test fails
    chance = random.Random(seed)  # noqa: S311 - as above

    async def scenario() -> Durable:
        # Padded, a flush of a partition takes more than one batch, and is often cut in two.
        options = ("--padding", "50000")
        sending = asyncio.create_task(lab.send(30_000, seed=seed, per_second=2_000))
        folded = 0
        for _ in range(3):
            worker = lab.start(*options)
            # All may be folded before the kill; more than that never comes.
            folded = (await lab.until_more_is_folded_than(min(folded, 29_999))).folded
            await asyncio.sleep(chance.uniform(0, 1.5))
            kill(worker)
        lab.start(*options)
        await sending
        return await lab.until_all_is_folded()

    state = asyncio.run(scenario())
    assert state.totals == lab.sent
    assert asyncio.run(lab.missing_outputs()) == set()


def test_workers_that_come_and_go_lose_and_repeat_nothing(lab: Lab) -> None:
    async def scenario() -> Durable:
        sending = asyncio.create_task(lab.send(25_000, seed=3, per_second=2_000))
        first = lab.start()
        await lab.until_more_is_folded_than(0)
        generation = max(position.epoch for position in (await lab.durable()).positions.values())
        second = lab.start()
        await lab.until(
            lambda state: all(place.epoch > generation for place in state.positions.values())
        )
        assert stop(first) == 0
        await sending
        state = await lab.until_all_is_folded()
        assert stop(second) == 0
        return state

    state = asyncio.run(scenario())
    assert state.totals == lab.sent
    assert asyncio.run(lab.missing_outputs()) == set()


def test_what_an_interrupted_flush_wrote_never_counts(small_lab: Lab) -> None:
    lab = small_lab

    async def scenario() -> tuple[Durable, Durable]:
        await lab.create_topics(lab.changelog)
        position = msgspec.msgpack.encode(Position(next_offsets={}, epoch=-7))
        async with lab.producer() as producer:
            for key, value in [
                (b"old", b"1 10 "),
                (POSITION_KEY, position),
                # The flush of a worker that died before it wrote the position.
                (b"old", b"2 20 "),
                (b"new", b"1 5 "),
            ]:
                await producer.send_and_wait(lab.changelog, value, key=key, partition=0)
        worker = lab.start()
        # Neither key comes again, yet the next position must not vouch for the wrong values.
        repaired = await lab.until(lambda state: state.positions[0].epoch != -7)
        await lab.send_one(b"other", b"1")
        state = await lab.until(lambda state: b"other" in state.totals)
        assert stop(worker) == 0
        return repaired, state

    repaired, state = asyncio.run(scenario())
    assert repaired.totals == {b"old": (1, 10)}
    assert state.totals == {b"old": (1, 10), b"other": (1, 1)}


def test_files_of_another_log_are_emptied(small_lab: Lab, tmp_path: Path) -> None:
    new, state = small_lab, f"--state={tmp_path / 'state'}"
    old = Lab(new.bootstrap, f"{new.group}-old", tmp_path / "old")

    async def scenario() -> Durable:
        old.directory.mkdir()
        await old.create_topics()
        worker = old.start(state)
        await old.send(3_000, seed=1)
        await old.until_all_is_folded()
        assert stop(worker) == 0
        await new.send(2_000, seed=2)
        assert await asyncio.to_thread(new.start(state).wait, PATIENCE) != 0
        new.start(state)
        return await new.until_all_is_folded()

    assert asyncio.run(scenario()).totals == new.sent


def test_a_partition_that_only_time_changes_is_flushed(small_lab: Lab) -> None:
    lab = small_lab

    async def scenario() -> list[int]:
        worker = lab.start("--tick")
        before = await lab.until(lambda state: state.ticks > 3)
        kill(worker)
        lab.start("--tick")
        await lab.until(lambda state: state.ticks > before.ticks + 3)
        written = (await lab.read(lab.changelog))[0]
        return [int(record.value.split()[0]) for record in written if record.key == TICK]

    counts = asyncio.run(scenario())
    # The second worker went on where the first had been.
    assert counts == sorted(set(counts))


@pytest.mark.parametrize(
    ("key", "value"),
    [(b"key-1", b"no number"), (b"refuse", b"1")],
    ids=["folding fails", "publishing fails"],
)
def test_a_worker_that_fails_crashes_and_writes_nothing(
    small_lab: Lab, key: bytes, value: bytes
) -> None:
    lab = small_lab

    async def scenario() -> Durable:
        await lab.send(1_000, seed=4)
        worker = lab.start()
        await lab.until_all_is_folded()
        await lab.send_one(key, value)
        assert await asyncio.to_thread(worker.wait, PATIENCE) != 0
        return await lab.durable()

    state = asyncio.run(scenario())
    assert state.totals == lab.sent
