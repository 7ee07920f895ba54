"""The partitions of one worker: how their state gets into the changelog, and back out of it.

A partition's state is an object of its owner's making; the ledger only carries bytes to and from
it. It knows nothing of Faust: `monitor.shell.table` makes a table of it, and the simulation puts
it through thousands of faults.
Rules:

- Records are folded without an ``await`` from the first of a batch to `Ledger.applied`. So between
  two batches, and only there, a flush finds a state that is whole, and takes a cut of it.
- What a cut contains is published before the cut is written (`before_flush`), and a cut ends with
  its position: the next offset of every source. Recovery takes nothing that no position follows. So
  a flush that was interrupted has no effect, and replayed records below the position are skipped:
  whatever the moment of a crash, every record is folded into the durable state exactly once.
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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from faust.types import TP

from monitor.shell import log
from monitor.shell.changelog import ChangelogError, Position, Recovering, encode
from monitor.shell.transport import WriteBehind
from monitor.shell.writers import FencedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping

    from monitor.shell.transport import RecordBatch
    from monitor.shell.writers import Writer

T = TypeVar("T")

# The outputs and changed rows that wait for a flush are made of this much, and are as large.
BACKLOG_BYTES_MAX = 64 * 1024 * 1024


class _SuspendedError(Exception):
    """A rebalance has begun in the middle of a flush."""


class Partition(Protocol):
    """The state of one partition, as its owner makes it. Its keys do not begin with `RESERVED`."""

    def changes(self) -> dict[bytes, bytes | None]:
        """Return, and forget, the records that changed since the last call; None deletes one."""
        ...


@dataclass(slots=True)
class _Live:
    """A partition that is recovered and owned."""

    partition: Partition
    next_offsets: dict[str, int]
    # The part of `next_offsets` that the acknowledged changelog contains.
    durable: dict[str, int]
    # The last offset of the changelog that we read or wrote.
    changelog_offset: int
    # Changes of the partition that are not acknowledged.
    unflushed: dict[bytes, bytes | None]
    touched: bool
    # The bytes of records that are folded and not in the acknowledged changelog.
    backlog: int = 0
    # No more to be written: another worker has taken it over, or a flush of it broke off, and what
    # that was to publish may be lost. The next assignment recovers it anew.
    lost: bool = False


@dataclass(frozen=True, slots=True)
class _Cut:
    """What one flush writes of one partition."""

    number: int
    live: _Live
    changes: dict[bytes, bytes | None]
    next_offsets: dict[str, int]
    backlog: int


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What the owner of the state does, and when.

    Attributes:
        restore: Makes a partition of its number and of its records in the changelog.
        before_flush: Publishes, through the writer, what a partition put out. It is called after
            the cut was taken, so what it finds is at least what the cut contains.
        after_flush: Sends what may leave only once the cut is durable, and says whether that
            changed the partition.
    """

    restore: Callable[[int, dict[bytes, bytes]], Partition]
    before_flush: Callable[[Partition, Writer], Coroutine[Any, Any, None]]
    after_flush: Callable[[Partition], Coroutine[Any, Any, bool]]


async def _all(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do it at the same time; if some of it fails, the rest is over before that is raised."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
    return [task.result() for task in tasks]


class Ledger(WriteBehind):
    """The partitions that a worker owns, recovers or stands by for."""

    def __init__(
        self, callbacks: Callbacks, sources: Collection[str], backlog_max: int = BACKLOG_BYTES_MAX
    ) -> None:
        """Fold the topics ``sources``; nothing is owned yet."""
        self.sources = frozenset(sources)
        self.backlog_max = backlog_max
        self._callbacks = callbacks
        self._live: dict[int, _Live] = {}
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
        live.backlog += batch.size

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
            cuts = list(self._cuts())
            try:
                done = await _all(self._flush(cut) for cut in cuts)
            except BaseException:
                self.suspend()
                for cut in cuts:
                    cut.live.lost = True
                raise
            finally:
                for cut in cuts:
                    cut.live.touched |= cut.live.durable is not cut.next_offsets
            return all(done) and not any(live.lost for live in self._live.values())

    def _cuts(self) -> Iterator[_Cut]:
        in_hand = self._in_hand()
        for number, live in self._live.items():
            if live.touched and not live.lost and number not in in_hand:
                live.touched = False
                live.unflushed.update(live.partition.changes())
                offsets = dict(live.next_offsets)
                yield _Cut(number, live, dict(live.unflushed), offsets, live.backlog)

    async def _flush(self, cut: _Cut) -> bool:
        live = cut.live
        try:
            written = await self._write(cut, self._writers[cut.number])
        except _SuspendedError:
            live.lost = True
            return False
        except FencedError as error:
            log.operator.warning("%s: dropping what we hold of it", error)
            live.lost = True
            await self._rejoin()
            return False
        if not written:
            return False
        live.unflushed = {}
        live.durable = cut.next_offsets
        live.backlog -= cut.backlog
        live.touched |= await self._callbacks.after_flush(live.partition)
        return True

    async def _write(self, cut: _Cut, writer: Writer) -> bool:
        position = Position(next_offsets=cut.next_offsets, epoch=self._generation)
        async with writer.flush():
            if not await writer.may_write():
                return False
            await self._callbacks.before_flush(cut.live.partition, writer)
            # One after the other: the position must not arrive before what it vouches for.
            for batch in encode(cut.changes, position, writer.new_batch):
                # What was awaited may have taken long.
                if not self._ready:
                    raise _SuspendedError
                if not await writer.may_write():
                    return False
                cut.live.changelog_offset = await writer.append(batch)
        return True

    # For the transport

    @property
    def ready(self) -> bool:
        """Whether the state of all assigned partitions is recovered."""
        return self._ready

    @property
    def backlog(self) -> int:
        """The bytes of records that are folded and not durable."""
        return sum(live.backlog for live in self._live.values())

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
        self._recovering = {number: begun.get(number) or Recovering() for number in recovering}
        self._standing_by = {number: begun.get(number) or Recovering() for number in standing_by}
        self._begun_at = {number: each.offset + 1 for number, each in self._recovering.items()}
        self._up_to_date.clear()
        self._generation = generation
        await self.close_writers()
        opened = await _all(self._open_writer(number) for number in recovering)
        self._writers.update(zip(recovering, opened, strict=True))
        self._assigned = True

    async def close_writers(self) -> None:
        """Close the writers of all partitions that are not alive."""
        unused = self._writers.keys() - self._live.keys()
        await _all(self._writers.pop(number).close() for number in unused)

    def read_up_to(self, number: int) -> int:
        """Return the last offset of a changelog that needs not be read again."""
        if number in self._live:
            return self._live[number].changelog_offset
        return (self._reading(number) or Recovering()).offset

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
        live = self._live.get(number)
        if live is not None:
            if not batch.records or batch.records[-1].offset <= live.changelog_offset:
                return None
            # Somebody else wrote since we did, so what we hold is not the partition's state.
            del self._live[number]
            self._recovering[number] = Recovering()
            self._begun_at[number] = 0
            return 0
        reading = self._reading(number)
        if reading is None:
            return None
        if batch.after > reading.offset + 1:
            return reading.offset + 1
        for record in batch.records:
            if record.offset > reading.offset:
                reading.take(record.key, record.value)
        reading.offset = max(reading.offset, batch.offset)
        if number in self._standing_by and reading.offset + 1 >= batch.highwater:
            self._tell_of_a_standby(number)
        return None

    def _tell_of_a_standby(self, number: int) -> None:
        if number not in self._up_to_date:
            self._up_to_date.add(number)
            log.operator.info("standing by for partition %s, with all of its changelog", number)

    def complete(self, numbers: Iterable[int], generation: int) -> None:
        """Bring to life what was recovered.

        A recovery may end when the next rebalance has begun; its result is of no use then.
        """
        if not self._assigned or generation != self._generation:
            return
        for number in self._recovering.keys() & set(numbers):
            self._bring_to_life(number)
        self._ready = not self._recovering

    def _bring_to_life(self, number: int) -> None:
        recovered = self._recovering.pop(number)
        log.operator.info(
            "partition %s: read the changelog from offset %s to %s",
            *(number, self._begun_at[number], recovered.offset),
        )
        # What an interrupted flush wrote is replaced by what was there before.
        again = {key: recovered.records.get(key) for key in recovered.tail}
        self._live[number] = _Live(
            partition=self._callbacks.restore(number, recovered.records),
            next_offsets=recovered.next_offsets,
            durable=dict(recovered.next_offsets),
            changelog_offset=recovered.offset,
            unflushed=again,
            # What was to leave after a flush that a crash cut short leaves after the next one.
            touched=True,
        )
