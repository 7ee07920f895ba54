"""The state of partitions, written behind to a compacted changelog.

A partition's state is an object of its owner's making; the table only carries bytes to and from it.
What the owner let go of lies in a store, which gets each cut once it is acknowledged. Rules:

- Records are folded without an ``await`` from the first of a batch to `SessionTable.applied`. So
  between two batches, and only there, a flush finds a state that is whole, and takes a cut of it.
- What a cut contains was published before the cut is written (`before_flush`), and a cut ends with
  its position: the next offset of every source. Recovery takes nothing that no position follows. So
  a flush that was interrupted has no effect, and replayed records below the position are skipped:
  whatever the moment of a crash, every record is folded into the durable state exactly once.
- The keys of an interrupted flush are written again by the next one, because later positions would
  otherwise vouch for values they do not belong to.
- Who cannot prove to be a member of the group does not publish and does not write. A worker that
  was stopped between the proof and the write may still overwrite its successor's state: only
  transactions close that.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

import faust
import msgspec
from faust.types import TP

from monitor.shell.changelog import (
    COMPACTION_LAG_MILLISECONDS,
    RESERVED,
    ChangelogError,
    Partition,
    Position,
    Recovering,
    encode,
    known_of,
    must_be_proven,
)
from monitor.shell.transport import BatchSchema, RecordBatch, WriteBehind, recovery_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping

    from faust.types import AppT, EventT

    from monitor.shell.store import Store, Stores
    from monitor.shell.transport import BatchConsumer, BatchProducer

__all__ = ["RESERVED", "ChangelogError", "Partition", "Position", "SessionTable"]

T = TypeVar("T")


@dataclass(slots=True)
class _Live:
    """A partition that is recovered and owned."""

    partition: Partition
    store: Store
    next_offsets: dict[str, int]
    # The part of `next_offsets` that the acknowledged changelog contains.
    durable: dict[str, int]
    # The last offset of the changelog that we read or wrote.
    changelog_offset: int
    # Changes of the partition that are not acknowledged.
    unflushed: dict[bytes, bytes | None]
    touched: bool


@dataclass(frozen=True, slots=True)
class _Cut:
    """What one flush writes of one partition."""

    number: int
    live: _Live
    changes: dict[bytes, bytes | None]
    next_offsets: dict[str, int]


async def _all(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do it at the same time; if some of it fails, the rest is over before that is raised."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
    return [task.result() for task in tasks]


class SessionTable(faust.Table[bytes, bytes], WriteBehind):
    """A table of partitions. Register the app's agents on its sources, with `BatchSchema`.

    Args:
        app: A Faust app that uses the batch transport.
        name: The changelog's topic is ``<app id>-<name>-changelog``.
        sources: The topics that are folded into the table, with as many partitions as the table.
        restore: Makes a partition of its number and of its records in the changelog.
        stores: Where the partitions' records lie.
        before_flush: Publishes what a partition put out. It is called after the cut was taken, so
            what it finds is at least what the cut contains.
        after_flush: Sends what may leave only once the cut is durable, and says whether that
            changed the partition.
        partitions: How many.
    """

    def __init__(  # noqa: PLR0913 - All of them are what makes the table.
        self,
        app: AppT,
        *,
        name: str,
        sources: Iterable[str],
        restore: Callable[[int, Store], Partition],
        stores: Stores,
        before_flush: Callable[[int, Partition], Coroutine[Any, Any, None]],
        after_flush: Callable[[Partition], Coroutine[Any, Any, bool]],
        partitions: int,
    ) -> None:
        super().__init__(
            app,
            name=name,
            schema=BatchSchema(),
            key_type=bytes,
            value_type=bytes,
            partitions=partitions,
            # Faust keeps what it has delivered until so many batches came together. One would
            # make it read the changelog for ever.
            recovery_buffer_size=2,
            extra_topic_configs={"min.compaction.lag.ms": str(COMPACTION_LAG_MILLISECONDS)},
        )
        self.sources = frozenset(sources)
        self._restore = restore
        self._stores = stores
        self._before_flush = before_flush
        self._after_flush = after_flush
        self._live: dict[int, _Live] = {}
        self._recovering: dict[int, Recovering] = {}
        self._generation = -1
        # Between the assignment of partitions and their revocation.
        self._assigned = False
        self._ready = False
        self._flushing = asyncio.Lock()
        app.tables.add(self)

    # For agents and timers

    @property
    def owned(self) -> frozenset[int]:
        """The partitions that are recovered and owned."""
        return frozenset(self._live)

    def partition(self, number: int) -> Partition:
        """Return the state of a partition that is owned; KeyError for others."""
        return self._live[number].partition

    def next_offset(self, topic: str, partition: int) -> int:
        """Records of the source below this offset are already in the state: skip them."""
        return self._live[partition].next_offsets.get(topic, 0)

    def applied(self, batch: RecordBatch) -> None:
        """Say that the state contains a batch; to be called before anything is awaited."""
        live = self._live[batch.partition]
        known = live.next_offsets.get(batch.topic, 0)
        if batch.after > known:
            raise ChangelogError(f"{batch.tp}: records {known} to {batch.after - 1} are missing")
        live.next_offsets[batch.topic] = max(known, batch.offset + 1)
        live.touched = True

    def touch(self, number: int) -> None:
        """Say that time changed a partition: it is flushed although no record came."""
        self._live[number].touched = True

    def caught_up_at(self, topic: str, partition: int) -> float | None:
        """When, by the clock, the source last held nothing that is not in the state.

        None where that is not known: in a rebalance, and while there is something left to read.
        """
        end = self._consumer.end(TP(topic, partition))
        if end is None:
            return None
        offset, reported_at = end
        return reported_at if offset <= self.next_offset(topic, partition) else None

    # Flushing

    async def flush(self) -> bool:
        """Write behind what changed, of all partitions; True when all of it is acknowledged.

        False says that nothing may be written now. A partition whose batch is being folded waits
        for the next flush. After a flush that raised or was cancelled there is no next one: what
        it took to publish may be lost, and must not be covered by a position.
        """
        async with self._flushing:
            if self._ready and not any(live.touched for live in self._live.values()):
                return True
            if not await self._may_write():
                return False
            cuts = list(self._cuts())
            try:
                await _all(self._before_flush(cut.number, cut.live.partition) for cut in cuts)
                # That may have taken long.
                return await self._may_write() and all(await _all(self._write(cut) for cut in cuts))
            except BaseException:
                self.suspend()
                raise
            finally:
                for cut in cuts:
                    cut.live.touched |= cut.live.durable is not cut.next_offsets

    async def _may_write(self) -> bool:
        return self._ready and await self._consumer.prove_membership()

    def _cuts(self) -> Iterator[_Cut]:
        unfinished = {batch.partition for batch in self._consumer.in_hand}
        for number, live in self._live.items():
            if live.touched and number not in unfinished:
                live.touched = False
                live.unflushed.update(live.partition.changes())
                yield _Cut(number, live, dict(live.unflushed), dict(live.next_offsets))

    async def _write(self, cut: _Cut) -> bool:
        producer = cast("BatchProducer", self.app.producer)
        live, topic = cut.live, self.changelog_topic_name
        position = Position(next_offsets=cut.next_offsets, epoch=self._generation)
        batches = encode(cut.changes, position, producer.new_batch)
        # One after the other: the position must not arrive before what it vouches for.
        for count, batch in enumerate(batches):
            if count > 0 and not await self._may_write():
                return False
            live.changelog_offset = await producer.write(batch, topic, cut.number)
        live.store.apply(cut.changes, known_of(batches[-1], position, live.changelog_offset))
        live.unflushed = {}
        live.durable = cut.next_offsets
        live.touched |= await self._after_flush(live.partition)
        return True

    # For the transport

    @property
    def _consumer(self) -> BatchConsumer:
        return cast("BatchConsumer", self.app.consumer)

    @property
    def ready(self) -> bool:
        """Whether the state of all assigned partitions is recovered."""
        return self._ready

    def position(self, tp: TP) -> int | None:
        """The offset from which a source is to be read, None where the state has none."""
        live = self._live.get(tp.partition)
        if live is None:
            raise ChangelogError(f"{tp}: table {self.name} has only {self.partitions} partitions")
        return live.next_offsets.get(tp.topic)

    def begin_at(self, tp: TP, offset: int) -> None:
        """A source without a position is read from this offset, the first of its log."""
        self._live[tp.partition].next_offsets[tp.topic] = offset

    def durable(self) -> Mapping[TP, int]:
        """The offset per source below which everything is in the acknowledged changelog."""
        return {
            TP(topic, number): offset
            for number, live in self._live.items()
            for topic, offset in live.durable.items()
        }

    def suspend(self) -> None:
        """A rebalance begins: write nothing until recovery is over."""
        self._assigned = self._ready = False

    def forget(self) -> None:
        """Others may own our partitions by now: drop everything, write nothing."""
        self.suspend()
        self._live.clear()
        self._recovering.clear()

    # Recovery, called by Faust

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],
        newly_assigned: set[TP],
        generation_id: int = 0,
    ) -> None:
        """Drop what was revoked, keep what stayed, and recover the rest."""
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)
        numbers = {tp.partition for tp in assigned if tp.topic == self.changelog_topic_name}
        if generation_id != self._generation + 1:
            # There was a generation of which we know nothing. Others may have owned our partitions.
            self._live.clear()
        self._live = {number: self._live[number] for number in numbers & self._live.keys()}
        self._stores.keep(numbers)
        self._recovering = {
            number: self._recovering.get(number) or Recovering(self._stores.open(number))
            for number in numbers - self._live.keys()
        }
        self._generation = generation_id
        self._assigned = True

    def persisted_offset(self, tp: TP) -> int:
        """Return the last offset of the changelog that needs not be read again."""
        if tp.partition in self._live:
            return self._live[tp.partition].changelog_offset
        # Not None, for which Faust would put what it remembers of an earlier assignment.
        recovering = self._recovering.get(tp.partition)
        return -1 if recovering is None else recovering.offset

    async def on_changelog_event(self, event: EventT[Any]) -> None:
        """Collect the records of a batch."""
        try:
            self._collect(cast("RecordBatch", event.message))
        except (ChangelogError, msgspec.MsgspecError) as error:
            # Faust would log it and go on with the next batch.
            await self.app.crash(error)
            raise

    def _collect(self, batch: RecordBatch) -> None:
        number = batch.partition
        if not self._assigned or self._ready:
            return
        if number in self._live:
            if batch.offset > self._live[number].changelog_offset:
                # Somebody else wrote since we did, so what we hold is not the partition's state.
                del self._live[number]
                self._recover(batch.tp, self._stores.open(number))
            return
        recovering = self._recovering.get(number)
        if recovering is None:
            return
        if batch.after > recovering.offset + 1:
            self._read_again(batch.tp, recovering.offset)
            return
        if not recovering.proves(batch.records, batch.offset):
            recovering.store.clear()
            self._recover(batch.tp, recovering.store)
            return
        recovering.read(batch.records, batch.offset)

    def _recover(self, tp: TP, store: Store) -> None:
        recovering = self._recovering[tp.partition] = Recovering(store)
        self._read_again(tp, recovering.offset)

    def _read_again(self, tp: TP, known: int) -> None:
        # Faust has just noted that everything up to this batch was read.
        recovery_of(self.app).active_offsets[tp] = known
        self._consumer.read_again(tp, known + 1)

    def apply_changelog_batch(self, batch: Iterable[EventT[Any]]) -> None:
        """Do nothing: `on_changelog_event` has seen each of them."""

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Bring to life what was recovered."""
        # A recovery may end when the next rebalance has begun; its result is of no use then.
        recovery = recovery_of(self.app)
        if not self._assigned or recovery._generation_id != self._generation:  # noqa: SLF001
            return
        try:
            tables = {tp.partition for tp in active_tps if tp.topic == self.changelog_topic_name}
            numbers = tables & self._recovering.keys()
            must_be_proven(self._recovering[number] for number in numbers)
            for number in numbers:
                self._bring_to_life(number)
        except Exception as error:
            # Faust would not even log it.
            await self.app.crash(error)
            raise
        self._ready = not self._recovering
        await super().on_recovery_completed(active_tps, standby_tps)

    def _bring_to_life(self, number: int) -> None:
        recovered = self._recovering.pop(number)
        again = recovered.finish()
        self._live[number] = _Live(
            partition=self._restore(number, recovered.store),
            store=recovered.store,
            next_offsets=recovered.next_offsets,
            durable=dict(recovered.next_offsets),
            changelog_offset=recovered.offset,
            unflushed=again,
            # What was to leave after a flush that a crash cut short leaves after the next one.
            touched=True,
        )

    async def on_stop(self) -> None:
        """Write what the last commit left."""
        await self.flush()
        self.suspend()
        await super().on_stop()

    # As a mapping it would need to know the partition of a key.

    def on_key_get(self, key: bytes) -> NoReturn:
        """Refuse: state is read through `partition`."""
        raise TypeError(f"no value for {key!r}: use partition()")

    def on_key_set(self, key: bytes, value: bytes) -> NoReturn:
        """Refuse: state is changed through `partition`."""
        raise TypeError(f"cannot set {key!r} to {value!r}: use partition()")

    def on_key_del(self, key: bytes) -> NoReturn:
        """Refuse: state is changed through `partition`."""
        raise TypeError(f"cannot delete {key!r}: use partition()")
