"""Reads topics once, from some time on to where they end at the beginning.

Rule: what a transaction took back or has not decided yet is not read.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CorruptRecordException, KafkaError

from monitor.shell import raw_records
from monitor.shell.refusal import why_refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from aiokafka import ConsumerRecord, TopicPartition

    from monitor.core.moments import Moment
    from monitor.shell.access import Access

_WAIT_MILLISECONDS = 200
_ANSWERED_WITHIN_SECONDS = 15
_MILLISECOND: Moment = 1_000
_RECORD_BYTES_MAX = 1024 * 1024


async def records_of(
    access: Access,
    topics: Sequence[str],
    seen: Callable[[int, int], None],
    *,
    since: Moment | None = None,
    bytes_max: int = _RECORD_BYTES_MAX,
) -> AsyncIterator[ConsumerRecord[bytes, bytes]]:
    """All records there are now, of each partition in their order.

    Args:
        access: the way to Kafka.
        topics: which topics; they exist.
        seen: is told how many were read, and how many there may be.
        since: leaves out what lies before the first record that was written at this moment or
            later, as the record says.
        bytes_max: the largest record that may be there.

    Raises:
        SettingsError: nobody answers there, or lets us in.
    """
    # Without a group it is given all partitions.
    consumer = AIOKafkaConsumer(
        *topics,
        **access.client,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=bytes_max,
    )
    try:
        async with asyncio.timeout(_ANSWERED_WITHIN_SECONDS):
            await consumer.start()
            reading = _Reading(consumer, await _starts(consumer, since))
        read = 0
        while True:
            run = await reading.some()
            if run is None:
                return
            read += len(run)
            for record in run:
                yield record
            seen(read, reading.length)
    except (KafkaError, TimeoutError):
        raise await why_refused(access) from None
    finally:
        await consumer.stop()


async def _starts(consumer: AIOKafkaConsumer, since: Moment | None) -> dict[TopicPartition, int]:
    """Where to begin; partitions in which nothing is so young are left out."""
    partitions = consumer.assignment()
    if since is None:
        return {partition: await consumer.position(partition) for partition in partitions}
    moments = dict.fromkeys(partitions, max(since // _MILLISECOND, 0))
    found = await consumer.offsets_for_times(moments)
    return {partition: there.offset for partition, there in found.items() if there is not None}


class Runs:
    """Takes from a consumer what follows in its partitions, also what the client gives up at."""

    def __init__(self, consumer: AIOKafkaConsumer, starts: Mapping[TopicPartition, int]) -> None:
        """Begin at these offsets."""
        self._consumer = consumer
        self._next = dict(starts)
        for partition, offset in starts.items():
            consumer.seek(partition, offset)

    async def following(
        self, partitions: Sequence[TopicPartition], records_max: int | None = None
    ) -> dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]:
        """Records that follow in some partitions, after a short while none.

        Raises:
            CorruptRecordException: nobody could read what follows.
        """
        try:
            runs = await self._consumer.getmany(
                *partitions, timeout_ms=_WAIT_MILLISECONDS, max_records=records_max
            )
        except (UnicodeDecodeError, CorruptRecordException):
            # The client gives up at a header whose name is no text, and at all it had at hand.
            return {partition: await self._raw(partition) for partition in partitions}
        for partition in partitions:
            # It may have passed what gives no record.
            self._next[partition] = await self._consumer.position(partition)
        return dict(runs)

    async def _raw(self, partition: TopicPartition) -> list[ConsumerRecord[bytes, bytes]]:
        run = await raw_records.fetch(self._consumer, partition, self._next[partition])
        self._consumer.seek(partition, run.following)
        self._next[partition] = run.following
        return run.records


class _Reading:
    """How far each partition has been read, and how far it is to be read."""

    def __init__(self, consumer: AIOKafkaConsumer, starts: dict[TopicPartition, int]) -> None:
        self._consumer = consumer
        self._starts = starts
        self._ends: dict[TopicPartition, int] = {}
        consumer.pause(*consumer.assignment() - starts.keys())
        self._runs = Runs(consumer, starts)

    @property
    def length(self) -> int:
        """How many records there may be, as far as is known yet."""
        return sum(end - self._starts[partition] for partition, end in self._ends.items())

    async def some(self) -> list[ConsumerRecord[bytes, bytes]] | None:
        """The next records, or None at the end."""
        open_ = [partition for partition in self._starts if not await self._is_read(partition)]
        if not open_:
            return None
        runs = await self._runs.following(open_)
        self._learn_ends()
        return [
            record
            for partition, run in runs.items()
            for record in run
            if record.offset < self._ends.get(partition, record.offset + 1)
        ]

    def _learn_ends(self) -> None:
        """Note how far a partition was decided at its first fetch, which alone tells that."""
        for partition in self._starts.keys() - self._ends.keys():
            end = self._consumer.highwater(partition)
            stable = self._consumer.last_stable_offset(partition)
            if end is not None:
                self._ends[partition] = end if stable is None else min(end, stable)

    async def _is_read(self, partition: TopicPartition) -> bool:
        end = self._ends.get(partition)
        return end is not None and bool(await self._consumer.position(partition) >= end)
