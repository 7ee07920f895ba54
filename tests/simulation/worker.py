"""A worker of the simulation: the real ledger, writers and deliveries, and a loop around them.

The loop does what Faust and the consumer do between them: join, take over, recover, pin the
sources, fetch and fold, flush, and let go. Its state counts how often each key came, and puts out
a line for each record.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from monitor.shell.consumer_thread import RecordBatch
from monitor.shell.delivery import Deliveries
from monitor.shell.ledger import Ledger
from monitor.shell.live import Callbacks
from monitor.shell.store import MemoryStore, Stores
from monitor.shell.writers import PlainWriter, TransactionalWriter
from tests.simulation.broker import CHANGELOG, OUTPUTS, SOURCE, Batch, Fate

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

    from monitor.shell.changelog import Partition
    from monitor.shell.store import Store
    from monitor.shell.writers import Writer
    from tests.simulation.broker import Broker, Group
    from tests.simulation.faults import Faults

    Turn = Callable[[], Awaitable[None]]


class KilledError(BaseException):
    """The process has ended, here and now."""


class Counts:
    """How often each key of a partition came."""

    def __init__(self, store: Store) -> None:
        """Begin with what the changelog held."""
        self.counts = {key: int(value) for key, value in store.items(b"")}
        self.changed: set[bytes] = set()
        self.prepared: dict[bytes, bytes | None] = {}
        self.lines: list[bytes] = []

    def fold(self, key: bytes) -> None:
        """Count a record."""
        self.counts[key] = self.counts.get(key, 0) + 1
        self.changed.add(key)
        self.lines.append(b"%s %d" % (key, self.counts[key]))

    def prepare(self) -> Iterator[None]:
        """Write down what changed, one key at a time."""
        for key in sorted(self.changed):
            self._write_down(key)
            yield

    def changes(self) -> dict[bytes, bytes | None]:
        """What changed since the last call."""
        for key in sorted(self.changed):
            self._write_down(key)
        prepared, self.prepared = self.prepared, {}
        return prepared

    def _write_down(self, key: bytes) -> None:
        self.changed.discard(key)
        self.prepared[key] = b"%d" % self.counts[key]


class Producer:
    """What a writer asks of the client's producer."""

    def __init__(self, broker: Broker, turn: Turn, loses_answer: Callable[[], bool]) -> None:
        """Without a transactional id, until ``start``."""
        self._broker = broker
        self._turn = turn
        self._loses_answer = loses_answer
        self._name: str | None = None
        self._epoch = 0

    async def start(self, name: str) -> None:
        """Take over a transactional id."""
        await self._turn()
        self._name, self._epoch = name, self._broker.initialise(name)
        await self._turn()

    async def begin_transaction(self) -> None:
        """The broker learns of it with the first record."""

    async def commit_transaction(self) -> None:
        """Commit."""
        await self._end(Fate.COMMITTED)

    async def abort_transaction(self) -> None:
        """Abort."""
        await self._end(Fate.ABORTED)

    async def _end(self, fate: Fate) -> None:
        assert self._name is not None
        await self._turn()
        self._broker.end(self._name, self._epoch, fate)
        await self._answer()

    async def end(self, topic: str, partition: int, *, committed: bool) -> int:
        """Where a log ends."""
        await self._turn()
        log = self._broker.logs[topic, partition]
        return log.stable if committed else len(log)

    def take_in(self, topic: str, partition: int) -> None:
        """Have the end of the transaction marked there, too."""
        assert self._name is not None
        self._broker.take_in(self._name, self._epoch, (topic, partition))

    async def stop(self) -> None:
        """Nothing is open that would have to be closed."""

    async def partitions_for(self, topic: str) -> set[int]:
        """All topics are there."""
        del topic
        return set()

    def create_batch(self) -> Batch:
        """Begin a batch."""
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[Any]:
        """Append a batch."""
        return await self._append(topic, partition, batch.records)

    async def send(
        self, topic: str, value: bytes, key: bytes | None, partition: int, **_: object
    ) -> asyncio.Future[Any]:
        """Append a record."""
        return await self._append(topic, partition, [(key, value)])

    async def _append(
        self, topic: str, number: int, records: list[tuple[bytes | None, bytes | None]]
    ) -> asyncio.Future[Any]:
        await self._turn()
        if self._name is None:
            first = self._broker.append(topic, number, records)
        else:
            place = (topic, number)
            first = self._broker.append_in(self._name, self._epoch, place, records)
        await self._answer()
        acknowledged: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        acknowledged.set_result(_Metadata(first))
        return acknowledged

    async def _answer(self) -> None:
        await self._turn()
        if self._loses_answer():
            raise KafkaConnectionError("the answer was lost")


class _Metadata:
    """Where a batch came to lie."""

    def __init__(self, offset: int) -> None:
        """Its first offset."""
        self.offset = offset


class SimulatedWorker(Ledger):
    """One process."""

    def __init__(  # noqa: PLR0913 - the whole world of a worker
        self,
        name: str,
        broker: Broker,
        group: Group,
        turn: Callable[[SimulatedWorker], Awaitable[None]],
        chance: random.Random,
        faults: Faults,
        unlucky: Callable[[float], bool],
    ) -> None:
        """Not yet a member."""
        callbacks = Callbacks(lambda _, store: Counts(store), self._take, self._nothing)
        super().__init__(callbacks, [SOURCE], Stores(lambda _number: MemoryStore()))
        self.name = name
        self.stopping = self.asleep = self.dead = False
        self._flushing_on = False
        self._broker = broker
        self._group = group
        self._chance = chance
        self._faults = faults
        self._turn: Turn = lambda: turn(self)
        self._deliveries = Deliveries()
        self._at: dict[TP, int] = {}
        self._unlucky = unlucky
        self._shared = self._producer()

    # What the ledger asks

    async def _open_writer(self, number: int) -> Writer:
        if not self._faults.transactions:
            return PlainWriter(cast("Any", self._shared), CHANGELOG, number, self._prove)
        producer = self._producer()
        await producer.start(f"{CHANGELOG}-{number}")
        # Marks come with the answer or never.
        writer = TransactionalWriter(cast("Any", producer), CHANGELOG, number, marked_within=0)
        await writer.settle([OUTPUTS])
        return writer

    def _producer(self) -> Producer:
        return Producer(self._broker, self._turn, lambda: self._unlucky(self._faults.lost_answer))

    async def _prove(self) -> bool:
        await self._turn()
        return self._group.takes_commits_of(self.name, self._generation)

    async def _rejoin(self) -> None:
        self._group.request()

    def _in_hand(self) -> set[int]:
        return set()

    async def _rest(self, _seconds: float) -> None:
        for _ in range(self._chance.randrange(3)):
            await self._turn()

    def _take(self, partition: Partition) -> Callable[[Writer], Coroutine[Any, Any, None]]:
        assert isinstance(partition, Counts)
        lines, partition.lines = partition.lines, []
        return lambda writer: self._publish(lines, writer)

    async def _publish(self, lines: list[bytes], writer: Writer) -> None:
        for line in lines:
            await (await writer.send(OUTPUTS, key=None, value=line, headers=[]))

    async def _nothing(self, _partition: Partition) -> bool:
        return False

    # The loop

    async def run(self) -> None:
        """Be a worker until told to stop."""
        while not self.stopping:
            self._group.join(self.name)
            while not self._group.settled(self.name):
                await self._turn()
                if self._group.must_join(self.name):
                    self._group.join(self.name)
            await self._take_over()
            self._flushing_on = True
            flushing = asyncio.create_task(self._flush_now_and_then())
            await self._consume(flushing)
            # What failed in there ends the process.
            self._flushing_on = False
            await flushing
            if self.name not in self._group.members:
                self.forget()
            await self.flush()
            self.suspend()
        self._group.leave(self.name)

    @property
    def _unsettled(self) -> bool:
        return self._group.must_join(self.name)

    async def _take_over(self) -> None:
        group = self._group
        generation = group.generation
        self._deliveries.forget()
        self._at.clear()
        await self.assign(group.owned_by(self.name), group.stood_by_for(self.name), generation)
        owned = [TP(CHANGELOG, number) for number in group.owned_by(self.name)]
        await self._turn()
        ends = {tp: len(self._broker.logs[tp]) for tp in owned}
        for tp in [*owned, *(TP(CHANGELOG, number) for number in self._standing_by)]:
            self._seek(tp, self.read_up_to(tp.partition) + 1)
        while any(self.read_up_to(tp.partition) + 1 < ends[tp] for tp in owned):
            if self._unsettled:
                return
            for tp in owned:
                await self._fetch(tp)
        self.complete((tp.partition for tp in owned), generation)
        if self.ready:
            for number in self.owned:
                tp = TP(SOURCE, number)
                position = self.position(tp)
                if position is None:
                    self.begin_at(tp, 0)
                self._seek(tp, position or 0)

    def _seek(self, tp: TP, offset: int) -> None:
        self._at[tp] = offset
        self._deliveries.expect({tp: offset})

    async def _consume(self, flushing: asyncio.Task[None]) -> None:
        while not (self.stopping or self._unsettled or flushing.done()):
            await self._turn()
            if not self.ready:
                continue
            for number in sorted(self.owned):
                await self._fetch(TP(SOURCE, number))
            for number in sorted(self._standing_by):
                await self._fetch(TP(CHANGELOG, number))

    async def _flush_now_and_then(self) -> None:
        while self._flushing_on:
            for _ in range(self._chance.randrange(1, 12)):
                await self._turn()
            await self.flush()

    # Fetching

    async def _fetch(self, tp: TP) -> None:
        for again, offset in self._deliveries.to_read_again().items():
            self._at[again] = offset
        after = self._at[tp]
        await self._turn()
        batch = self._read(tp, after)
        await self._turn()
        if batch is None or self._at[tp] != after:
            return
        self._at[tp] = batch.offset + 1
        if self._unlucky(self._faults.lost_fetch):
            # Some losses are noticed at once, others by the hole before what comes next.
            if self._at[tp] == self._broker.logs[tp].stable or self._chance.random() < 0.5:
                self._deliveries.admit(batch, wanted=False)
            return
        twice = self._unlucky(self._faults.repeated_fetch)
        for copy in (batch, self._copy(batch))[: 1 + twice]:
            if self._deliveries.admit(copy, wanted=not self._unsettled):
                await self._deliver(copy)
                self._deliveries.delivered(copy, surely=True)

    def _read(self, tp: TP, after: int) -> RecordBatch | None:
        log = self._broker.logs[tp]
        end = log.stable
        if self._unlucky(self._faults.short_fetch):
            end = min(end, after + self._chance.randrange(1, 4))
        if end <= after:
            return None
        return RecordBatch(
            tp,
            cast("Any", log.committed(after, end)),
            after=after,
            following=end,
            highwater=len(log),
            generation=0,
        )

    def _copy(self, batch: RecordBatch) -> RecordBatch:
        return RecordBatch(
            batch.tp,
            list(batch.records),
            after=batch.after,
            following=batch.offset + 1,
            highwater=batch.highwater,
            generation=0,
        )

    async def _deliver(self, batch: RecordBatch) -> None:
        if batch.topic == CHANGELOG:
            read_on_from = self.collect(batch)
            if read_on_from is not None:
                self._deliveries.read_again(batch.tp, read_on_from)
            return
        partition = self.partition(batch.partition)
        assert isinstance(partition, Counts)
        known = self.next_offset(batch.topic, batch.partition)
        for record in batch.records:
            if record.offset >= known:
                partition.fold(cast("bytes", record.key))
                # Without it no dice are thrown, so that schedules stay what they were.
                if self._faults.laid_down and self._unlucky(self._faults.laid_down):
                    self.applied(batch, before=record.offset + 1)
                    await self._turn()
        self.applied(batch)
