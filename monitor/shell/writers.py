"""How the flushes of one partition reach the broker: each a transaction, where it has them.

Rule: of all workers that ever owned a partition, only the last may write its state. With
transactions the broker itself holds that: each partition's changelog has one transactional id, who
opens a writer takes it over, and from then on the broker refuses whatever an earlier owner writes
and takes back what he had begun. So a flush, with all that it publishes, happens as a whole or not
at all, and a worker that slept through the loss of its partitions changes nothing when it wakes.

A broker says yes to a commit before it has marked the records as committed, and one that is killed
in between may forget to (KAFKA-20734, in Apache Kafka 4.3 and 4.4). The next transaction of the
same id then decides about them, too, in each partition by itself. So a flush counts once readers
see it, and not before; and who takes a partition over takes back, in all topics, what he finds
undecided in its changelog.

Without transactions a worker asks before each write whether it is still a member of its group.
That is weaker: one that falls asleep between the answer and the write still overwrites its
successor's state. The embedded broker has none.
"""

from __future__ import annotations

import abc
import asyncio
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from aiokafka.errors import (
    KafkaError,
    LeaderNotAvailableError,
    ProducerFenced,
    UnknownTopicOrPartitionError,
)

from monitor.shell import log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

    from aiokafka import AIOKafkaProducer
    from aiokafka.producer.message_accumulator import BatchBuilder
    from aiokafka.structs import RecordMetadata

    from monitor.shell.producer import TransactionalProducer

# A broker that has just started has not heard of all topics yet. Ours were there at the start.
_KNOWN_WITHIN_SECONDS = 30
_ASK_AGAIN_AFTER_SECONDS = 0.2

# The next owner takes back what could not be taken back in that time.
_UNDONE_WITHIN_SECONDS = 5

# Marks follow a commit within milliseconds, unless the broker is away.
_MARKED_WITHIN_SECONDS = 10.0
_LOOK_AGAIN_AFTER_SECONDS = 0.01


class FencedError(Exception):
    """Another worker has taken the partition over, or the broker has forgotten a flush of ours.

    Either way what we hold is not what recovery would read.
    """


class Writer(abc.ABC):
    """Writes what the flushes of one partition contain, to its changelog and to other topics."""

    is_atomic: ClassVar[bool]
    """Whether a flush happens as a whole or not at all, in whatever order it is written.

    Then it begins with the changelog, so that there is nothing of it anywhere where the changelog
    shows nothing of it.
    """

    def __init__(self, producer: AIOKafkaProducer, changelog: str, partition: int) -> None:
        """Write to this partition of ``changelog``."""
        self._producer = producer
        self._changelog = changelog
        self._partition = partition

    @abc.abstractmethod
    def flush(self) -> AbstractAsyncContextManager[None]:
        """The frame of one flush. Who leaves it without an error has written all of it.

        Raises:
            FencedError: none of it counts, nor will anything that follows.
        """

    @abc.abstractmethod
    async def may_write(self) -> bool:
        """Whether the partition was still ours a moment ago; to be asked before each write."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Let go of the broker."""

    def new_batch(self) -> BatchBuilder:
        """Begin a batch of records, which the broker will append as one."""
        return self._producer.create_batch()

    async def append(self, batch: BatchBuilder) -> int:
        """Append a batch to the changelog, wait until it is there, return its last offset."""
        await self._until_known(self._changelog)
        sent = await self._producer.send_batch(batch, self._changelog, partition=self._partition)
        return int((await sent).offset + batch.record_count() - 1)

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
    ) -> Awaitable[RecordMetadata]:
        """Send a record to the same partition of another topic; await twice for its arrival."""
        await self._until_known(topic)
        sent: Awaitable[RecordMetadata] = await self._producer.send(
            topic, value, key, self._partition, headers=list(headers)
        )
        return sent

    async def _until_known(self, topic: str) -> None:
        deadline = monotonic() + _KNOWN_WITHIN_SECONDS
        while True:
            try:
                await self._producer.partitions_for(topic)
            except (LeaderNotAvailableError, UnknownTopicOrPartitionError):
                if monotonic() > deadline:
                    raise
                await asyncio.sleep(_ASK_AGAIN_AFTER_SECONDS)
            else:
                return


class TransactionalWriter(Writer):
    """Has a producer for itself. When this was started, all earlier ones were fenced."""

    is_atomic = True
    _producer: TransactionalProducer

    def __init__(
        self,
        producer: TransactionalProducer,
        changelog: str,
        partition: int,
        marked_within: float = _MARKED_WITHIN_SECONDS,
    ) -> None:
        """Wait so many seconds for the marks of a transaction."""
        super().__init__(producer, changelog, partition)
        self._marked_within = marked_within
        self._written_to = 0

    async def settle(self, outputs: Iterable[str]) -> None:
        """Take back what the broker has left undecided; to be called before anything is read.

        Nothing of ours is open now. Of what seems so the marks were forgotten, and what they were
        to say is not known. So the flush is folded anew, and what it published is not to be seen.
        """
        await self._until_known(self._changelog)
        self._written_to = await self._end(committed=False)
        while await self._end(committed=True) < self._written_to:
            log.operator.warning(
                "partition %s: the broker has forgotten how a transaction ended; taking it back",
                self._partition,
            )
            try:
                await self._take_back([self._changelog, *outputs])
            except ProducerFenced:
                # Somebody else sees to it by now, and our first flush will be refused.
                return
            await self._is_marked()

    async def _take_back(self, topics: Iterable[str]) -> None:
        await self._producer.begin_transaction()
        for topic in topics:
            await self._until_known(topic)
            self._producer.take_in(topic, self._partition)
        await self._producer.abort_transaction()

    async def append(self, batch: BatchBuilder) -> int:
        """Append a batch, as any writer does, and remember where it ends."""
        last = await super().append(batch)
        self._written_to = last + 1
        return last

    @asynccontextmanager
    async def flush(self) -> AsyncIterator[None]:
        """One transaction."""
        try:
            await self._producer.begin_transaction()
            yield
            await self._producer.commit_transaction()
        except ProducerFenced as error:
            raise FencedError(f"partition {self._partition} has another owner") from error
        except BaseException:
            await self._undo()
            raise
        if not await self._is_marked():
            raise FencedError(f"partition {self._partition}: what was committed is not to be seen")

    async def may_write(self) -> bool:
        """The broker decides that."""
        return True

    async def close(self) -> None:
        """Stop the producer."""
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(_UNDONE_WITHIN_SECONDS):
                await self._producer.stop()

    async def _is_marked(self) -> bool:
        """Wait until readers of what is committed get as far as was written; no if they do not."""
        deadline = monotonic() + self._marked_within
        with suppress(KafkaError):
            while await self._end(committed=True) < self._written_to:
                if monotonic() >= deadline:
                    return False
                await asyncio.sleep(_LOOK_AGAIN_AFTER_SECONDS)
            return True
        return False

    async def _end(self, *, committed: bool) -> int:
        """Where the changelog ends for readers of what is committed, or of everything."""
        deadline = monotonic() + _KNOWN_WITHIN_SECONDS
        while True:
            try:
                return await self._producer.end(
                    self._changelog, self._partition, committed=committed
                )
            except KafkaError as error:
                if not error.retriable or monotonic() > deadline:
                    raise
                await asyncio.sleep(_ASK_AGAIN_AFTER_SECONDS)

    async def _undo(self) -> None:
        # What it broke on may keep us from it; that it failed is all that the caller need know.
        with suppress(Exception):
            async with asyncio.timeout(_UNDONE_WITHIN_SECONDS):
                await self._producer.abort_transaction()


class PlainWriter(Writer):
    """Shares the app's producer, and asks the group before each write."""

    is_atomic = False

    def __init__(
        self,
        producer: AIOKafkaProducer,
        changelog: str,
        partition: int,
        prove_membership: Callable[[], Awaitable[bool]],
    ) -> None:
        """Ask by ``prove_membership``."""
        super().__init__(producer, changelog, partition)
        self._prove_membership = prove_membership

    def flush(self) -> AbstractAsyncContextManager[None]:
        """No frame: what is written is written, and counts once its position is."""
        return nullcontext()

    async def may_write(self) -> bool:
        """Whether the group's coordinator takes us for a member."""
        return await self._prove_membership()

    async def close(self) -> None:
        """The producer is not ours."""
