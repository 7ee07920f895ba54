"""Takes records from Kafka in runs, and knows of every run what lies right before it.

Faust consumes in a thread of its own. Between taking records there and handing them to a stream,
records get lost in many ways: a rebalance drops them, a seek overtakes them, a queue is cleared.
Rule: a batch says from which offset on it is complete. Whoever has seen everything below that
offset may take it; whoever has not knows that something was dropped, and where to read again.

A record that the client cannot read makes it give up at all that it had at hand. Then every
partition is put back to where its last batch ended, and the run in question is read by ourselves.
"""

from __future__ import annotations

from collections import defaultdict
from time import monotonic
from typing import TYPE_CHECKING, Any

from aiokafka.errors import (
    CorruptRecordException,
    IllegalGenerationError,
    KafkaError,
    NoError,
    RebalanceInProgressError,
    UnknownMemberIdError,
    for_code,
)
from aiokafka.protocol.commit import OffsetCommitRequest
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from monitor.shell import raw_records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aiokafka import AIOKafkaConsumer
    from aiokafka.structs import ConsumerRecord

# The client has one fetch at a time under way to a broker, for the partitions of which it holds
# nothing. If all of these are read to their ends, as the topic of notes mostly is, the broker
# answers after this time only, and until then no other partition is fetched. Faust's 1.5 s would
# leave a worker idle in front of a backlog.
FETCH_WAIT_MILLISECONDS = 100

# Within that time the broker waits until it has so much for us. A worker at half of its load would
# otherwise be woken hundreds of times a second for a few records each, with cold caches every time.
FETCH_BYTES_MIN = 64 * 1024

# Others own our partitions, or are about to.
_NO_MEMBER = {IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError}


class RecordBatch(ConsumerMessage):
    """Consecutive records of one partition, travelling through Faust as one message.

    It is complete from ``after`` up to ``offset``: what it does not hold in between, the log does
    not, but for marks of transactions and for what these took back. It may hold nothing.
    ``highwater`` is the end of the log as the same fetch reported it.
    """

    __slots__ = ("after", "highwater", "records")

    def __init__(  # noqa: PLR0913 - All of it is known at the fetch only.
        self,
        tp: TP,
        records: list[ConsumerRecord],
        *,
        after: int,
        following: int,
        highwater: int,
        generation: int | None,
    ) -> None:
        super().__init__(
            tp.topic,
            tp.partition,
            following - 1,
            # Each record has its own.
            0.0,
            0,
            headers=None,
            key=None,
            # Not None, which Faust would take for the absence of a value.
            value=b"",
            checksum=None,
            tp=tp,
            generation_id=generation,
        )
        self.records = records
        self.after = after
        self.highwater = highwater

    @property
    def first_offset(self) -> int:
        """The offset of the first record, or where it would be."""
        return int(self.records[0].offset) if self.records else self.offset + 1

    @property
    def size(self) -> int:
        """The bytes of the records' keys and values; headers are small, or rare."""
        return sum(
            max(record.serialized_key_size, 0) + max(record.serialized_value_size, 0)
            for record in self.records
        )

    def begin_at(self, offset: int) -> None:
        """Leave out the records below an offset."""
        if self.first_offset < offset:
            self.records = [record for record in self.records if record.offset >= offset]

    def parts(self, records_max: int) -> Iterator[RecordBatch]:
        """The same as consecutive batches of so many records at most."""
        after = self.after
        for start in range(0, max(len(self.records), 1), records_max):
            end = start + records_max
            following = self.records[end].offset if end < len(self.records) else self.offset + 1
            yield RecordBatch(
                self.tp,
                self.records[start:end],
                after=after,
                following=following,
                highwater=self.highwater,
                generation=self.generation_id,
            )
            after = following


class BatchConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, which delivers runs of records and remembers every position.

    Everything that moves a position passes through here: fetches and seeks.
    """

    def __post_init__(self) -> None:
        """Called by Faust at the end of construction."""
        super().__post_init__()
        # What the next fetch will return begins here. Absent where aiokafka chose the position.
        self._positions: dict[TP, int] = {}

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # Faust has a setting for it only together with transactions of its own.
        consumer._isolation_level = "read_committed"  # noqa: SLF001
        # Faust has none for these.
        consumer._fetch_max_wait_ms = FETCH_WAIT_MILLISECONDS  # noqa: SLF001
        consumer._fetch_min_bytes = FETCH_BYTES_MIN  # noqa: SLF001
        return consumer

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Forget the positions: aiokafka chooses new ones for every assignment."""
        self._positions.clear()
        await super().on_partitions_assigned(assigned, generation_id)

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's signature.
        max_records: int | None = None,
    ) -> dict[TP, list[Any]]:
        try:
            fetched = await super()._fetch_records(
                consumer, active_partitions, timeout, max_records
            )
        except (UnicodeDecodeError, CorruptRecordException) as error:
            # A name that is no text is the former to the client's C code, the latter without it.
            raw = await self._read_raw(consumer, active_partitions, error)
            fetched = {tp: run.records[:max_records] for tp, run in raw.items()}
            for tp, run in raw.items():
                cut = len(fetched[tp]) < len(run.records)
                consumer.seek(tp, fetched[tp][-1].offset + 1 if cut else run.following)
        # No await from here on: the records, the positions and the generation belong together.
        runs = {ensure_TP(tp): run for tp, run in fetched.items()}
        for tp in list(self._passed(consumer, active_partitions - runs.keys())):
            runs[tp] = []
        return {tp: [self._batch(tp, run)] for tp, run in runs.items()}

    def _passed(self, consumer: AIOKafkaConsumer, tps: set[TP]) -> Iterator[TP]:
        """The partitions in which the client has read on and found no record to give us."""
        for tp in tps & self._positions.keys() & self.assignment():
            if _position(consumer, tp) > self._positions[tp]:
                yield tp

    async def _read_raw(
        self, consumer: AIOKafkaConsumer, active_partitions: set[TP], error: Exception
    ) -> dict[TP, raw_records.Run]:
        # What cannot be read is still at hand; what was taken of others has gone with the error.
        suspects = {ensure_TP(tp) for tp in consumer._fetcher._records}  # noqa: SLF001
        wanted = {
            tp: self._positions[tp]
            for tp in suspects & active_partitions & self._positions.keys() & self.assignment()
        }
        self._move({tp: self._positions[tp] for tp in self.assignment() & self._positions.keys()})
        runs = {}
        for tp, offset in wanted.items():
            self.log.warning(
                "%s: the client cannot read what follows offset %s, so we do: %s",
                *(tp, offset - 1, type(error).__name__),
            )
            runs[tp] = await raw_records.fetch(consumer, tp, offset)
        # Meanwhile others may have got a partition, or somebody may have sought.
        kept = {tp for tp, offset in wanted.items() if self._positions.get(tp) == offset}
        return {tp: runs[tp] for tp in kept & self.assignment() if runs[tp].following > wanted[tp]}

    def _batch(self, tp: TP, records: list[ConsumerRecord]) -> RecordBatch:
        following = _position(self._ensure_consumer(), tp)
        first = records[0].offset if records else following
        batch = RecordBatch(
            tp,
            records,
            after=min(first, self._positions.get(tp, first)),
            following=following,
            highwater=self.highwater(tp) or following,
            generation=self.app.consumer_generation_id,
        )
        self._positions[tp] = following
        return batch

    async def _seek_wait(self, consumer: AIOKafkaConsumer, partitions: Mapping[TP, int]) -> None:
        self._move(partitions)
        await super()._seek_wait(consumer, partitions)

    async def seek_back(self, offsets: Mapping[TP, int]) -> None:
        """Seek those partitions that are still assigned."""
        await self.call_thread(self._seek_back, offsets)

    async def _seek_back(self, offsets: Mapping[TP, int]) -> None:
        assigned = self.assignment()
        self._move({tp: offset for tp, offset in offsets.items() if tp in assigned})

    def _move(self, offsets: Mapping[TP, int]) -> None:
        consumer = self._ensure_consumer()
        for tp, offset in offsets.items():
            consumer.seek(tp, offset)
            self._positions[tp] = offset

    def seek(self, partition: TP, offset: int) -> None:
        """Faust never calls this one, and it would move a position from another thread."""
        raise NotImplementedError(f"seek {partition} to {offset}: use seek_wait")

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """The changelog says where to go on, so nobody may ask for the committed offsets."""
        raise NotImplementedError("positions come from the changelog, not from committed offsets")

    def end(self, tp: TP) -> tuple[int, float] | None:
        """The end of an assigned partition's log, and when a fetch last reported it."""
        consumer = self._ensure_consumer()
        milliseconds = consumer.last_poll_timestamp(tp)
        return None if milliseconds is None else (consumer.highwater(tp), milliseconds / 1000)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit once, and say whether the coordinator took it, as it does from members only.

        The client's own commit would, where it is refused, give up our membership as well. Brokers
        also refuse because a rebalance has begun; who leaves then is missed until he times out.
        """
        if self.expelled():
            # The coordinator of an empty group takes the commits of strangers.
            return False
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001
        topics = defaultdict(list)
        for tp, offset in offsets.items():
            topics[tp.topic].append((tp.partition, offset, ""))
        request = OffsetCommitRequest(
            coordinator.group_id,
            coordinator.generation,
            coordinator.member_id,
            OffsetCommitRequest.DEFAULT_RETENTION_TIME,
            list(topics.items()),
        )
        try:
            response = await coordinator._send_req(request)  # noqa: SLF001
        except KafkaError as error:
            self.log.warning("the coordinator does not answer: %r", error)
            return False
        # Faust watches this for workers that are stuck.
        self.tp_last_committed_at.update(dict.fromkeys(offsets, monotonic()))
        answers = {for_code(code) for _, taken in response.topics for _, code in taken}
        for answer in answers - _NO_MEMBER - {NoError}:
            if not answer.retriable:
                raise answer
        return answers == {NoError}

    async def rejoin(self) -> None:
        """Have the group deal its partitions out anew."""
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001
        await self.call_thread(coordinator.request_rejoin)

    def expelled(self) -> bool:
        """Whether the coordinator told us that we are no member any more."""
        generation = self._ensure_consumer()._coordinator.generation  # noqa: SLF001
        return bool(generation == driver.DEFAULT_GENERATION_ID)


def _position(consumer: AIOKafkaConsumer, tp: TP) -> int:
    """Where the client would fetch next; -1 while it does not know."""
    state = consumer._subscription.subscription.assignment.state_value(tp)  # noqa: SLF001
    return int(state.position) if state.has_valid_position else -1
