"""The partitions of one worker: how their state gets into the changelog, and back out of it.

A partition's state is an object of its owner's making; the ledger only carries bytes to and from
it. What the owner let go of lies in a store, which gets each cut once it is acknowledged. The
ledger knows nothing of Faust: `monitor.shell.table` makes a table of it, and the simulation puts it
through thousands of faults.
Rules:

- A flush takes a cut of a state that is whole: not while a batch is in hand, unless whoever folds
  it has laid it down between two records and said by `Ledger.applied` how far he is.
- What a cut contains is published with it, neither more nor less, and before it where a flush is no
  transaction. A cut ends with its position: the next offset of every source. Recovery takes nothing
  that no position follows. So a flush that was interrupted has no effect, and replayed records
  below the position are skipped: whatever the moment of a crash, every record is folded into the
  durable state exactly once.
- The keys of an interrupted flush are written again by the next one, because later positions would
  otherwise vouch for values they do not belong to.
- Who takes a partition over opens a writer (`monitor.shell.writers`) before he reads how far its
  changelog goes: nobody else adds to it after that. Who finds that another has done so keeps quiet
  about the partition and joins the group anew, which deals it out again.
- A standby reads along, and goes on from where it is when the partition becomes its own.
"""

from __future__ import annotations

import abc
import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from faust.types import TP

from monitor.shell import log
from monitor.shell.changelog import (
    ChangelogError,
    Position,
    Recovering,
    encode,
    known_of,
    must_be_proven,
)
from monitor.shell.live import Cut, Live, all_of
from monitor.shell.transport import WriteBehind
from monitor.shell.writers import FencedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Mapping

    from monitor.shell.changelog import Known, Partition
    from monitor.shell.live import Callbacks
    from monitor.shell.store import Stores
    from monitor.shell.transport import RecordBatch
    from monitor.shell.writers import Writer

# The outputs and changed rows that wait for a flush are made of this much, and are as large.
BACKLOG_BYTES_MAX = 64 * 1024 * 1024


class _SuspendedError(Exception):
    """A rebalance has begun in the middle of a flush."""


class Ledger(WriteBehind):
    """The partitions that a worker owns, recovers or stands by for."""

    def __init__(
        self,
        callbacks: Callbacks,
        sources: Collection[str],
        stores: Stores,
        backlog_max: int = BACKLOG_BYTES_MAX,
    ) -> None:
        """Fold the topics ``sources``; nothing is owned yet."""
        self.sources = frozenset(sources)
        self.backlog_max = backlog_max
        self._callbacks = callbacks
        self._stores = stores
        self._live: dict[int, Live] = {}
        self._recovering: dict[int, Recovering] = {}
        self._standing_by: dict[int, Recovering] = {}
        # Where the reading of a changelog began, at the last assignment.
        self._begun_at: dict[int, int] = {}
        # The partitions whose changelog a standby has read to its end.
        self._up_to_date: set[int] = set()
        self._writers: dict[int, Writer] = {}
        self._generation = -1
        # Between the assignment of partitions and their revocation.
        self._assigned = False
        self._ready = False
        self._flushing = asyncio.Lock()

    # What is around it

    @abc.abstractmethod
    async def _open_writer(self, number: int) -> Writer:
        """Take a partition over from whoever had it."""

    @abc.abstractmethod
    async def _rejoin(self) -> None:
        """Have the group deal out its partitions anew."""

    @abc.abstractmethod
    def _in_hand(self) -> Collection[int]:
        """The partitions of which a batch is being folded at this moment."""

    @abc.abstractmethod
    async def _rest(self, seconds: float) -> None:
        """Let others have their turn for about so long."""

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

    def applied(self, batch: RecordBatch, before: int | None = None) -> None:
        """Say that the state contains a batch, or its records below an offset.

        To be called before anything is awaited with the batch out of hand.
        """
        live = self._live[batch.partition]
        known = live.next_offsets.get(batch.topic, 0)
        if batch.after > known:
            raise ChangelogError(f"{batch.tp}: records {known} to {batch.after - 1} are missing")
        live.next_offsets[batch.topic] = max(known, batch.offset + 1 if before is None else before)
        live.touched = True
        # Of a part it is small, and soon told with the rest.
        live.backlog += batch.size if before is None else 0

    def touch(self, number: int) -> None:
        """Say that time changed a partition: it is flushed although no record came."""
        self._live[number].touched = True

    # Flushing

    async def flush(self) -> bool:
        """Write behind what changed, of all partitions; True when all of it is acknowledged.

        False says that nothing may be written now. A partition whose batch is being folded waits
        for the next flush. After a flush that raised or was cancelled there is no next one: what
        it took to publish may be lost, and must not be covered by a position.
        """
        async with self._flushing:
            if not self._ready:
                return False
            cuts: list[Cut] = []
            flushing: list[asyncio.Task[bool]] = []
            try:
                async with asyncio.TaskGroup() as group:
                    async for cut in self._cuts():
                        cuts.append(cut)
                        flushing.append(group.create_task(self._flush(cut)))
            except BaseException:
                self.suspend()
                for cut in cuts:
                    cut.live.lost = True
                raise
            finally:
                for cut in cuts:
                    cut.live.touched |= cut.live.durable is not cut.next_offsets
            done = all(task.result() for task in flushing)
            return done and not any(live.lost for live in self._live.values())

    async def _cuts(self) -> AsyncIterator[Cut]:
        for number, live in list(self._live.items()):
            if live.touched and not live.lost:
                await self._prepare(live)
            is_ours = self._ready and self._live.get(number) is live
            if is_ours and live.touched and not live.lost and number not in self._in_hand():
                live.touched = False
                live.unflushed.update(live.partition.changes())
                live.outputs.append(self._callbacks.take_outputs(live.partition))
                yield Cut(number, live, dict(live.unflushed), dict(live.next_offsets), live.backlog)

    async def _prepare(self, live: Live) -> None:
        """Leave little to do for a cut; others have a turn for as long as each part of it takes."""
        began_at = monotonic()
        for _ in live.partition.prepare():
            await self._rest(monotonic() - began_at)
            began_at = monotonic()

    async def _flush(self, cut: Cut) -> bool:
        live = cut.live
        try:
            known = await self._write(cut, self._writers[cut.number])
        except _SuspendedError:
            live.lost = True
            return False
        except FencedError as error:
            log.operator.warning("%s: dropping what we hold of it", error)
            live.lost = True
            await self._rejoin()
            return False
        if known is None:
            return False
        live.store.apply(cut.changes, known)
        live.unflushed = {}
        live.durable = cut.next_offsets
        live.backlog -= cut.backlog
        live.touched |= await self._callbacks.after_flush(live.partition)
        return True

    async def _write(self, cut: Cut, writer: Writer) -> Known | None:
        position = Position(next_offsets=cut.next_offsets, epoch=self._generation)
        batches = encode(cut.changes, position, writer.new_batch)
        async with writer.flush():
            if not await writer.may_write():
                return None
            if not writer.is_atomic:
                await self._put_out(cut, writer)
            # One after the other: the position must not arrive before what it vouches for.
            for batch in batches:
                # What was awaited may have taken long.
                if not self._ready:
                    raise _SuspendedError
                if not await writer.may_write():
                    return None
                cut.live.changelog_offset = await writer.append(batch)
            if writer.is_atomic:
                await self._put_out(cut, writer)
        return known_of(batches[-1], position, cut.live.changelog_offset)

    async def _put_out(self, cut: Cut, writer: Writer) -> None:
        while cut.live.outputs:
            await cut.live.outputs.pop(0)(writer)

    # For the transport

    @property
    def ready(self) -> bool:
        """Whether the state of all assigned partitions is recovered."""
        return self._ready

    @property
    def backlog(self) -> int:
        """The bytes of records that are folded and not durable."""
        return sum(live.backlog for live in self._live.values())

    def owns(self, tp: TP) -> bool:
        """Whether there is state into which records of a source can be folded."""
        return tp.partition in self._live

    def position(self, tp: TP) -> int | None:
        """The offset from which a source is to be read, None where the state has none."""
        live = self._live.get(tp.partition)
        if live is None:
            raise ChangelogError(f"{tp}: there are more partitions than the setting says")
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

    # Recovery

    async def assign(self, owned: set[int], standing_by: set[int], generation: int) -> None:
        """Keep what stayed, take over what is new, and begin to recover it."""
        if generation != self._generation + 1:
            # There was a generation of which we know nothing. Others may have owned our partitions.
            self._live.clear()
        self._live = {
            number: live for number, live in self._live.items() if number in owned and not live.lost
        }
        begun = self._recovering | self._standing_by
        recovering = owned - self._live.keys()
        self._stores.keep(owned | standing_by)
        self._recovering = {
            number: begun.get(number) or self._anew(number) for number in recovering
        }
        self._standing_by = {
            number: begun.get(number) or self._anew(number) for number in standing_by
        }
        self._begun_at = {number: each.offset + 1 for number, each in self._recovering.items()}
        self._up_to_date.clear()
        self._generation = generation
        await self.close_writers()
        opened = await all_of(self._open_writer(number) for number in recovering)
        self._writers.update(zip(recovering, opened, strict=True))
        self._assigned = True

    def _anew(self, number: int) -> Recovering:
        return Recovering(self._stores.open(number))

    async def close_writers(self) -> None:
        """Close the writers of all partitions that are not alive."""
        unused = self._writers.keys() - self._live.keys()
        await all_of(self._writers.pop(number).close() for number in unused)

    def read_up_to(self, number: int) -> int:
        """Return the last offset of a changelog that needs not be read again."""
        if number in self._live:
            return self._live[number].changelog_offset
        reading = self._reading(number)
        return -1 if reading is None else reading.offset

    def _reading(self, number: int) -> Recovering | None:
        return self._recovering.get(number) or self._standing_by.get(number)

    def collect(self, batch: RecordBatch) -> int | None:
        """Take a batch of a changelog. What it returns is the offset to read on from, if another.

        Raises:
            ChangelogError: a newer version has written it.
        """
        number = batch.partition
        if not self._assigned or (self._ready and number not in self._standing_by):
            return None
        live, reading = self._live.get(number), self._reading(number)
        if (live or reading) and batch.after > self.read_up_to(number) + 1:
            return self.read_up_to(number) + 1
        if live is not None:
            return self._compare(live, batch)
        if reading is None:
            return None
        if not reading.proves(batch.records, batch.offset):
            reading.store.clear()
            return self._read_anew(number)
        reading.read(batch.records, max(reading.offset, batch.offset))
        is_all = number in self._standing_by and reading.offset + 1 >= batch.highwater
        if is_all and number not in self._up_to_date:
            self._up_to_date.add(number)
            log.operator.info("standing by for partition %s, with all of its changelog", number)
        return None

    def _compare(self, live: Live, batch: RecordBatch) -> int | None:
        """See whether a partition that stayed ours is as we have left it."""
        if not batch.records or batch.records[-1].offset <= live.changelog_offset:
            live.changelog_offset = max(live.changelog_offset, batch.offset)
            return None
        # Somebody else wrote since we did, so what we hold is not the partition's state.
        del self._live[batch.partition]
        self._recovering[batch.partition] = self._anew(batch.partition)
        self._begun_at[batch.partition] = self.read_up_to(batch.partition) + 1
        return self._begun_at[batch.partition]

    def _read_anew(self, number: int) -> int:
        """Begin with nothing: the store was of another log."""
        for those in (self._recovering, self._standing_by):
            if number in those:
                those[number] = Recovering(those[number].store)
        self._begun_at[number] = 0
        return 0

    def complete(self, numbers: Iterable[int], generation: int) -> None:
        """Bring to life what was recovered.

        A recovery may end when the next rebalance has begun; its result is of no use then.
        """
        if not self._assigned or generation != self._generation:
            return
        numbers = self._recovering.keys() & set(numbers)
        must_be_proven(self._recovering[number] for number in numbers)
        for number in numbers:
            self._bring_to_life(number)
        self._ready = not self._recovering

    def _bring_to_life(self, number: int) -> None:
        recovered = self._recovering.pop(number)
        log.operator.info(
            "partition %s: read the changelog from offset %s to %s",
            *(number, self._begun_at[number], recovered.offset),
        )
        again = recovered.finish()
        self._live[number] = Live(
            partition=self._callbacks.restore(number, recovered.store),
            store=recovered.store,
            next_offsets=recovered.next_offsets,
            durable=dict(recovered.next_offsets),
            changelog_offset=recovered.offset,
            unflushed=again,
            # What was to leave after a flush that a crash cut short leaves after the next one.
            touched=True,
        )
