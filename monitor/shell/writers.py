"""How the flushes of one partition reach the broker: each a transaction, where it has them.

Rule: of all workers that ever owned a partition, only the last may write its state. With
transactions the broker itself holds that: each partition's changelog has one transactional id, who
opens a writer takes it over, and from then on the broker refuses whatever an earlier owner writes
and takes back what he had begun. So a flush, with all that it publishes, happens as a whole or not
at all, and a worker that slept through the loss of its partitions changes nothing when it wakes.

Without transactions a worker asks before each write whether it is still a member of its group.
That is weaker: one that falls asleep between the answer and the write still overwrites its
successor's state. The embedded broker has none.
"""

from __future__ import annotations

import abc
import asyncio
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from time import monotonic
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError, ProducerFenced, UnknownTopicOrPartitionError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from aiokafka import AIOKafkaProducer
    from aiokafka.producer.message_accumulator import BatchBuilder
    from aiokafka.structs import RecordMetadata

# A broker that has just started has not heard of all topics yet. Ours were there at the start.
_KNOWN_WITHIN_SECONDS = 30
_ASK_AGAIN_AFTER_SECONDS = 0.2

# The next owner takes back what could not be taken back in that time.
_UNDONE_WITHIN_SECONDS = 5


class FencedError(Exception):
    """Another worker has taken the partition over."""


class Writer(abc.ABC):
    """Writes what the flushes of one partition contain, to its changelog and to other topics."""

    def __init__(self, producer: AIOKafkaProducer, changelog: str, partition: int) -> None:
        """Write to this partition of ``changelog``."""
        self._producer = producer
        self._changelog = changelog
        self._partition = partition

    @abc.abstractmethod
    def flush(self) -> AbstractAsyncContextManager[None]:
        """The frame of one flush. Who leaves it without an error has written all of it.

        Raises:
            FencedError: none of it is written, nor will anything be.
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
            except UnknownTopicOrPartitionError:
                if monotonic() > deadline:
                    raise
                await asyncio.sleep(_ASK_AGAIN_AFTER_SECONDS)
            else:
                return


class TransactionalWriter(Writer):
    """Has a producer for itself. When this was started, all earlier ones were fenced."""

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

    async def may_write(self) -> bool:
        """The broker decides that."""
        return True

    async def close(self) -> None:
        """Stop the producer."""
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(_UNDONE_WITHIN_SECONDS):
                await self._producer.stop()

    async def _undo(self) -> None:
        # What it broke on may keep us from it; that it failed is all that the caller need know.
        with suppress(Exception):
            async with asyncio.timeout(_UNDONE_WITHIN_SECONDS):
                await self._producer.abort_transaction()


class PlainWriter(Writer):
    """Shares the app's producer, and asks the group before each write."""

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
