"""A Faust transport that delivers one message per poll and partition: a batch of records.

Faust pays its price (two tasks, a queue, an event, acknowledgements, sensors) per message; here it
is paid per batch. The transport is chosen by the scheme of the broker's address, ``kafka-batch://``,
once this module was imported; see `register`.

Rules, each of them about not losing and not repeating a record:

- The changelog is the authority. A partition is resumed where its state ends, never where offsets
  were committed; those are for tools that show a group's lag.
- Nothing is delivered to a stream until a rebalance is really over. Faust resumes the flow before.
- What was fetched and not delivered is read again.
- Offsets are committed after the flush that contains them was acknowledged. A flush that fails
  crashes the worker.
- What is folded and not durable is bounded in bytes. At the bound nothing more is taken, queues
  fill up, and fetching stops, until a flush has got through.
- All topics that agents consume belong to the sources of a `WriteBehind` table.
"""

from __future__ import annotations

import abc
import asyncio
from typing import TYPE_CHECKING, Any, cast

import faust
from aiokafka.errors import ConsumerStoppedError
from faust.exceptions import ImproperlyConfigured
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver

from monitor.shell.consumer_thread import BatchConsumerThread, RecordBatch
from monitor.shell.delivery import Deliveries
from monitor.shell.producer import BatchProducer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping

    from faust.tables.manager import TableManager
    from faust.tables.recovery import Recovery
    from faust.types import TP, AppT, Message
    from faust.types.events import EventT
    from faust.types.streams import StreamT
    from mode import ServiceT

__all__ = [
    "SCHEME",
    "BatchConsumer",
    "BatchProducer",
    "BatchSchema",
    "RecordBatch",
    "WriteBehind",
    "batches",
]

SCHEME = "kafka-batch"
_LOOK_AGAIN_AFTER_SECONDS = 0.05
_RECORDS_AT_ONCE = 100


class BatchSchema(faust.Schema[Any, Any]):
    """The schema of a topic whose messages are batches: it decodes nothing."""

    def compile(self, app: AppT, **_options: Any) -> Any:  # noqa: ANN401 - Faust's signature.
        """Return what makes an event of a message."""

        async def decode(message: Message, *, propagate: bool = False) -> EventT[Any]:
            del propagate
            return app.create_event(None, message, None, message)

        return decode


async def batches(stream: StreamT[RecordBatch]) -> AsyncIterator[RecordBatch]:
    """Iterate over the batches of an agent's stream, in parts that are soon folded.

    Between two parts pages are answered and flushes begin. A body that raised leaves its part in
    hand for ever: what it may have half applied is never written.
    """
    consumer = cast("BatchConsumer", stream.app.consumer)
    async for batch in stream:
        for part in batch.parts(_RECORDS_AT_ONCE):
            if not await consumer.room(part.tp):
                # We were expelled meanwhile: it is read again by whoever owns its partition.
                break
            consumer.in_hand.add(part)
            yield part
            consumer.in_hand.discard(part)
            await asyncio.sleep(0)


class WriteBehind(abc.ABC):
    """What the transport asks of a table that decides which offsets may be committed."""

    #: The topics whose records end up in the table.
    sources: frozenset[str]
    #: The most bytes of records that may be folded and not durable.
    backlog_max: int

    @property
    @abc.abstractmethod
    def backlog(self) -> int:
        """The bytes of records that are folded and not durable."""

    @property
    @abc.abstractmethod
    def ready(self) -> bool:
        """Whether the state of all assigned partitions is recovered."""

    @abc.abstractmethod
    def owns(self, tp: TP) -> bool:
        """Whether there is state into which records of a source can be folded."""

    @abc.abstractmethod
    def position(self, tp: TP) -> int | None:
        """The offset from which a source is to be read, None where the state has none."""

    @abc.abstractmethod
    def begin_at(self, tp: TP, offset: int) -> None:
        """A source without a position is read from this offset, the first of its log."""

    @abc.abstractmethod
    def durable(self) -> Mapping[TP, int]:
        """The offset per source below which everything is in the acknowledged changelog."""

    @abc.abstractmethod
    async def flush(self) -> bool:
        """Write what changed and wait until it is acknowledged; False when it must not write."""

    @abc.abstractmethod
    def suspend(self) -> None:
        """A rebalance begins: write nothing until recovery is over."""

    @abc.abstractmethod
    def forget(self) -> None:
        """Others own our partitions since we cannot say when: drop everything, write nothing."""


def recovery_of(app: AppT) -> Recovery:
    """Return the service that reads the changelogs; Faust's interfaces do not mention it."""
    return cast("TableManager", app.tables).recovery


class BatchConsumer(driver.Consumer):
    """Faust's consumer, told to keep the rules of this module."""

    _thread: BatchConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Faust's signature.
        super().__init__(*args, **kwargs)
        #: Batches that were given to the body of an agent's loop, which has not finished.
        self.in_hand: set[RecordBatch] = set()
        self._deliveries = Deliveries()
        # Where our sources would be resumed after a crash.
        self._durable: dict[TP, int] = {}
        # Rebalances are counted, because Faust's recovery of one may end in the middle of another.
        self._round = 0
        self._assigned_round = -1
        self._sought_round = -1
        self._gate_open = False

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def tables(self) -> Iterator[WriteBehind]:
        """The tables that decide about offsets."""
        return (table for table in self.app.tables.values() if isinstance(table, WriteBehind))

    # Delivery

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):
                await self._seek_back()
                # That a fetch found nothing but marks of transactions shows when this is over, and
                # recovery waits for it.
                fetched, _ = await self._wait_next_records(1.0 if self._gate_open else 0.1)
                await self._deliver([batch for (batch,) in (fetched or {}).values()])
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    async def _deliver(self, batches: list[RecordBatch]) -> None:
        # One wait for all of them: each wait is a way through the loop, which others have to wait
        # for, and a poll of a busy worker brings something of every partition.
        if batches:
            await self.wait_first(self._hand_over(batches), self.suspend_flow.wait())
        for batch in batches:
            self._deliveries.delivered(batch, surely=False)

    async def _hand_over(self, batches: list[RecordBatch]) -> None:
        """Deliver batches, and take out of the list what that has been decided of."""
        while batches:
            batch = batches[0]
            if self._deliveries.admit(batch, wanted=self._may_deliver(batch)):
                self._raise_recovery_target(batch)
                await self.callback(batch)
                self._deliveries.delivered(batch, surely=self._may_deliver(batch))
            batches.pop(0)

    def on_buffer_full(self, tp: TP) -> None:
        """Do nothing: who delivers waits for room, and fetching stops with him.

        Faust would leave the partition out until the queue is nearly empty. A poll that began
        meanwhile would not learn of that, and wait for all of its time while records are at hand.
        """

    def _may_deliver(self, batch: RecordBatch) -> bool:
        if not self.flow_active or batch.generation_id != self.app.consumer_generation_id:
            return False
        if self._is_changelog_tp(batch.tp):
            return batch.tp in self._get_active_partitions()
        return self._gate_open

    async def _seek_back(self) -> None:
        offsets = self._deliveries.to_read_again()
        if offsets:
            await self._thread.seek_back(offsets)

    def read_again(self, tp: TP, offset: int) -> None:
        """Deliver a changelog from this offset on, whatever was delivered before."""
        self._deliveries.read_again(tp, offset)

    def _raise_recovery_target(self, batch: RecordBatch) -> None:
        # Recovery runs up to the end that the broker answered when it was asked. Tansu 0.6 answers
        # the first offset of the last batch plus one. What a fetch reports is right everywhere.
        targets = recovery_of(self.app).active_highwaters
        if batch.tp in targets:
            targets[batch.tp] = max(targets[batch.tp], batch.highwater - 1)

    async def room(self, tp: TP) -> bool:
        """Wait until the tables may fold more, or a rebalance begins, which waits for the batch.

        False says that the state into which it was to be folded has been dropped.
        """
        while self._gate_open and any(  # noqa: ASYNC110 - Flushes and gates are no events.
            table.backlog > table.backlog_max for table in self.tables()
        ):
            await asyncio.sleep(_LOOK_AGAIN_AFTER_SECONDS)
        return self._table_of(tp).owns(tp)

    async def lay_down(self, batch: RecordBatch, until: Callable[[], bool]) -> None:
        """Let flushes take what is folded of a batch, until something holds or a rebalance begins.

        The table has been told how much that is.
        """
        self.in_hand.discard(batch)
        while self._gate_open and not until():  # noqa: ASYNC110 - as above
            await asyncio.sleep(_LOOK_AGAIN_AFTER_SECONDS)
        self.in_hand.add(batch)

    # Rebalance

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Close the gate, wait for the running batch, flush, commit, and write no more."""
        self._round += 1
        self._gate_open = False
        if revoked and self._thread.expelled():
            self.log.warning("expelled from the group: dropping the state of all partitions")
            for table in self.tables():
                table.forget()
        await super().on_partitions_revoked(revoked)
        # The commit in there does nothing while another one runs, which may have come too early.
        await self._commit_tps((), start_new_transaction=False)
        for table in self.tables():
            table.suspend()

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Begin to recover; the gate stays closed."""
        self._assigned_round = self._round
        self._deliveries.forget()
        await super().on_partitions_assigned(assigned, generation_id)

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Seek, and expect to go on from there."""
        self._deliveries.expect(partitions)
        await super().seek_wait(partitions)

    async def perform_seek(self) -> None:
        """Pin every source where its state ends. Faust calls it when recovery is over."""
        began_in = self._round
        if self._assigned_round != began_in or not all(table.ready for table in self.tables()):
            return
        positions = await self._source_positions()
        await self.seek_wait(positions)
        self._durable = positions
        self._sought_round = began_in

    async def _source_positions(self) -> dict[TP, int]:
        sources = {tp: self._table_of(tp) for tp in self.assignment() if self._is_source(tp)}
        positions = {tp: table.position(tp) for tp, table in sources.items()}
        new = [tp for tp, position in positions.items() if position is None]
        first = await self.earliest_offsets(*new) if new else {}
        for tp in new:
            sources[tp].begin_at(tp, first[tp])
        return {tp: first[tp] if at is None else at for tp, at in positions.items()}

    def _is_source(self, tp: TP) -> bool:
        return bool(self.app.topics.acks_enabled_for(tp.topic))

    def _table_of(self, tp: TP) -> WriteBehind:
        for table in self.tables():
            if tp.topic in table.sources:
                return table
        raise ImproperlyConfigured(f"topic {tp.topic} is no source of any table")

    def resume_flow(self) -> None:
        """Open the gate if this is the call that ends a rebalance: positions are pinned by then."""
        self._gate_open = self._sought_round == self._round
        super().resume_flow()

    def end(self, tp: TP) -> tuple[int, float] | None:
        """The end of a source's log and when a fetch last reported it, by the clock.

        None where that is not known, and in a rebalance, when the source may not be ours.
        """
        return self._thread.end(tp) if self._gate_open else None

    # Flushing and committing

    async def prove_membership(self) -> bool:
        """Ask the coordinator whether our partitions are still ours.

        We commit what is durable, again if need be. The answer to a heartbeat proves less: it is
        the same before a rebalance, while others wait for us to write, and (on Tansu 0.6) after it,
        when they have begun.
        """
        return await self._commit(self._durable)

    async def rejoin(self) -> None:
        """Have the group deal its partitions out anew, ours too."""
        await self._thread.rejoin()

    async def _commit_tps(self, tps: Iterable[TP], start_new_transaction: bool) -> bool:  # noqa: FBT001 - Faust's signature.
        del tps
        # Faust collects acknowledged offsets here and we never ask for them.
        self._acked.clear()
        self._acked_index.clear()
        for table in self.tables():
            try:
                if not await table.flush():
                    return False
            except Exception as error:
                await self.crash(error)
                raise
            self._durable |= table.durable()
        new = {
            tp: offset for tp, offset in self._durable.items() if self._should_commit(tp, offset)
        }
        return bool(new) and await self._commit_offsets(
            new, start_new_transaction=start_new_transaction
        )


class BatchTransport(driver.Transport):
    """Faust's transport for aiokafka with our consumer and producer."""

    Consumer = BatchConsumer
    Producer = BatchProducer
    driver_version = f"{driver.Transport.driver_version} in batches"


def register() -> None:
    """Make the scheme known to Faust. A second time does nothing."""
    TRANSPORTS.aliases[SCHEME] = f"{__name__}:{BatchTransport.__name__}"


register()
