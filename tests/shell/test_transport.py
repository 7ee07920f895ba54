"""The transport's rules of delivery, with a consumer thread that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from aiokafka.errors import ConsumerStoppedError
from aiokafka.structs import ConsumerRecord
from faust.exceptions import ImproperlyConfigured
from faust.types import TP

from monitor.shell.consumer_thread import BatchConsumerThread, RecordBatch
from monitor.shell.faust_settings import faust_app
from monitor.shell.transport import BatchConsumer, WriteBehind, batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from faust.types import StreamT

SOURCE, OTHER = TP("source", 0), TP("source", 1)


def batch(*offsets: int, after: int, generation: int = 1, tp: TP = SOURCE) -> RecordBatch:
    records = [
        ConsumerRecord(*tp, offset, 0, 0, b"key", b"value", None, 3, 5, ()) for offset in offsets
    ]
    end = offsets[-1] + 1
    return RecordBatch(
        tp, records, after=after, following=end, highwater=end, generation=generation
    )


class State(WriteBehind):
    """A table that has read its source up to an offset."""

    sources = frozenset({SOURCE.topic})
    ready = True
    backlog = 0
    backlog_max = 100
    dropped = False

    def owns(self, tp: TP) -> bool:
        return not self.dropped and tp == SOURCE

    def position(self, tp: TP) -> int:
        return {SOURCE: 10}[tp]

    def begin_at(self, tp: TP, offset: int) -> None:
        raise AssertionError((tp, offset))

    def durable(self) -> Mapping[TP, int]:
        return {}

    async def flush(self) -> bool:
        return False

    def suspend(self) -> None:
        self.ready = False

    def forget(self) -> None:
        raise AssertionError


class Thread(BatchConsumerThread):
    """A thread that is none: it answers polls from a script, and notes where it is sent."""

    script: list[tuple[RecordBatch, ...]]
    seeks: list[dict[TP, int]]

    async def getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109 - Faust's signature.
    ) -> dict[TP, list[Any]]:
        del active_partitions, timeout
        if not self.script:
            raise ConsumerStoppedError
        return {batch.tp: [batch] for batch in self.script.pop(0)}

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        self.seeks.append(dict(partitions))

    async def seek_back(self, offsets: Mapping[TP, int]) -> None:
        self.seeks.append(dict(offsets))

    def assignment(self) -> set[TP]:
        return {SOURCE}

    def expelled(self) -> bool:
        return False


class Consumer(BatchConsumer):
    """A consumer of such a thread and such a table."""

    _thread: Thread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.table = State()
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> Thread:
        # With a loop given it makes none that somebody would have to close.
        thread = Thread(self, thread_loop=self.loop)
        thread.script, thread.seeks = [], []
        return thread

    def tables(self) -> Iterator[WriteBehind]:
        yield self.table

    @property
    def seeks(self) -> list[dict[TP, int]]:
        return self._thread.seeks

    async def end_rebalance(self) -> None:
        """Do as Faust does when a partition was assigned and its table recovered."""
        self.app.consumer_generation_id += 1
        await self.on_partitions_assigned({SOURCE}, self.app.consumer_generation_id)
        self.table.ready = True
        await self.perform_seek()
        self.resume_flow()

    async def take(self, *polls: RecordBatch | tuple[RecordBatch, ...]) -> None:
        """Deliver what these polls return."""
        self._thread.script += [poll if isinstance(poll, tuple) else (poll,) for poll in polls]
        # Faust only polls for partitions that it has not paused.
        self.resume_partitions({SOURCE})
        with pytest.raises(ConsumerStoppedError):
            await self._drain_messages(self)


class Stream:
    """The stream of an agent, which brings one batch."""

    def __init__(self, consumer: BatchConsumer, got: RecordBatch) -> None:
        self.app = SimpleNamespace(consumer=consumer)
        self._got = got

    async def __aiter__(self) -> AsyncIterator[RecordBatch]:
        yield self._got


def in_parts(consumer: BatchConsumer, got: RecordBatch) -> AsyncIterator[RecordBatch]:
    return batches(cast("StreamT[RecordBatch]", Stream(consumer, got)))


Scenario = Callable[[Consumer], Coroutine[Any, Any, None]]
Run = Callable[[Scenario], list[int]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a scenario with a consumer, and return the offsets that reached the stream."""
    reached: list[int] = []

    async def reach(message: Any) -> None:
        reached.extend(record.offset for record in message.records)

    async def nothing(*_: Any) -> None:
        pass

    def run(scenario: Scenario) -> list[int]:
        async def main() -> None:
            app = faust_app("unit", "localhost:9092", datadir=tmp_path)
            app.topics.acking_topics.add(SOURCE.topic)
            consumer = Consumer(
                app.transport,
                callback=reach,
                on_partitions_revoked=nothing,
                on_partitions_assigned=nothing,
            )
            app.on_rebalance_start()
            await scenario(consumer)

        asyncio.run(main())
        return reached

    return run


def test_a_source_is_resumed_where_its_state_ends(run: Run) -> None:
    async def scenario(consumer: Consumer) -> None:
        await consumer.end_rebalance()
        assert consumer.seeks == [{SOURCE: 10}]
        await consumer.take(batch(8, 9, 10, 11, after=8), batch(12, after=12))

    assert run(scenario) == [10, 11, 12]


def test_nothing_is_delivered_before_the_rebalance_is_over(run: Run) -> None:
    async def scenario(consumer: Consumer) -> None:
        await consumer.end_rebalance()
        await consumer.on_partitions_revoked({SOURCE})
        await consumer.take(batch(10, after=10))
        # Faust resumes the flow for recovery too, when nothing was pinned yet.
        consumer.resume_flow()
        await consumer.take(batch(10, after=10))

    assert run(scenario) == []


def test_what_was_fetched_and_not_delivered_is_read_again(run: Run) -> None:
    async def scenario(consumer: Consumer) -> None:
        await consumer.end_rebalance()
        stale = batch(10, 11, after=10, generation=0)
        await consumer.take(stale, batch(12, after=12), batch(10, 11, 12, after=10))
        assert consumer.seeks[1:] == [{SOURCE: 10}, {SOURCE: 10}]

    assert run(scenario) == [10, 11, 12]


def test_of_a_poll_that_is_broken_off_the_rest_is_read_again(run: Run) -> None:
    async def scenario(consumer: Consumer) -> None:
        reach = consumer.callback

        async def reach_until_it_is_full(message: Any) -> None:
            if message.offset == 21:
                consumer.stop_flow()
                asyncio.get_running_loop().call_soon(consumer.resume_flow)
                await asyncio.Event().wait()
            await reach(message)

        consumer.callback = reach_until_it_is_full
        await consumer.end_rebalance()
        await consumer.take(
            batch(20, after=20, tp=OTHER),
            (batch(10, after=10), batch(21, after=21, tp=OTHER)),
            (batch(11, after=11), batch(22, after=22, tp=OTHER)),
        )
        assert consumer.seeks[1:] == [{OTHER: 21}, {OTHER: 21}]

    assert run(scenario) == [20, 10, 11]


def test_a_partition_whose_agent_is_behind_is_still_polled(run: Run) -> None:
    """A poll of the others would not learn that there is room again, and wait."""

    async def scenario(consumer: Consumer) -> None:
        await consumer.end_rebalance()
        consumer.resume_partitions({SOURCE})
        # Faust would be more careful in a recovery.
        consumer.app.in_recovery = False
        consumer.on_buffer_full(SOURCE)
        assert consumer._get_active_partitions() == {SOURCE}  # noqa: SLF001

    assert run(scenario) == []


def test_records_fetched_before_a_seek_are_dropped(run: Run) -> None:
    async def scenario(consumer: Consumer) -> None:
        await consumer.end_rebalance()
        await consumer.take(batch(30, 31, after=30), batch(10, after=10))

    assert run(scenario) == [10]


def test_a_hole_in_offsets_is_sought_once(run: Run) -> None:
    async def scenario(consumer: Consumer) -> None:
        await consumer.end_rebalance()
        await consumer.take(batch(15, after=10), batch(15, after=10), batch(16, after=16))
        assert consumer.seeks[1:] == [{SOURCE: 10}]

    assert run(scenario) == [15, 16]


def test_a_log_that_was_begun_anew_is_refused(run: Run) -> None:
    async def scenario(consumer: Consumer) -> None:
        await consumer.end_rebalance()
        with pytest.raises(ImproperlyConfigured, match="another log by the same name"):
            await consumer.take(batch(0, 1, after=0))

    assert run(scenario) == []


def test_a_recovery_of_the_last_rebalance_does_not_open_the_gate_of_this_one(run: Run) -> None:
    async def scenario(consumer: Consumer) -> None:
        await consumer.on_partitions_assigned({SOURCE}, 1)
        consumer.app.consumer_generation_id = 1
        await consumer.on_partitions_revoked({SOURCE})
        await consumer.perform_seek()
        consumer.resume_flow()
        await consumer.take(batch(10, after=10))
        assert consumer.seeks == []

    assert run(scenario) == []


def test_nothing_more_is_taken_while_too_much_waits_for_a_flush(run: Run) -> None:
    async def scenario(consumer: Consumer) -> None:
        await consumer.end_rebalance()
        consumer.table.backlog = 101
        waiting = asyncio.create_task(consumer.room(SOURCE))
        await asyncio.sleep(0)
        assert not waiting.done()
        consumer.table.backlog = 100
        await waiting

    run(scenario)


def test_what_waited_for_room_is_not_folded_into_state_that_was_dropped(run: Run) -> None:
    async def scenario(consumer: Consumer) -> None:
        await consumer.end_rebalance()
        assert await consumer.room(SOURCE)
        consumer.table.dropped = True
        assert not await consumer.room(SOURCE)

    run(scenario)


def test_a_rebalance_does_not_wait_for_room(run: Run) -> None:
    async def scenario(consumer: Consumer) -> None:
        await consumer.end_rebalance()
        consumer.table.backlog = 101
        waiting = asyncio.create_task(consumer.room(SOURCE))
        await asyncio.sleep(0)
        await consumer.on_partitions_revoked({SOURCE})
        await waiting

    run(scenario)


def test_a_batch_that_is_laid_down_is_out_of_hand_until_there_is_room_again(run: Run) -> None:
    async def scenario(consumer: Consumer) -> None:
        await consumer.end_rebalance()
        consumer.in_hand.add(half_folded := batch(10, 11, after=10))
        room: list[bool] = []
        waiting = asyncio.create_task(consumer.lay_down(half_folded, lambda: bool(room)))
        await asyncio.sleep(0)
        assert (consumer.in_hand, waiting.done()) == (set(), False)
        room.append(True)
        await waiting
        assert consumer.in_hand == {half_folded}

    run(scenario)


def test_a_rebalance_does_not_wait_for_what_is_laid_down(run: Run) -> None:
    async def scenario(consumer: Consumer) -> None:
        await consumer.end_rebalance()
        consumer.in_hand.add(half_folded := batch(10, 11, after=10))
        waiting = asyncio.create_task(consumer.lay_down(half_folded, lambda: False))
        await asyncio.sleep(0)
        await consumer.on_partitions_revoked({SOURCE})
        await waiting
        assert consumer.in_hand == {half_folded}

    run(scenario)


def test_between_the_parts_of_a_batch_a_flush_may_take_what_is_folded(run: Run) -> None:
    seen: list[tuple[int, int]] = []
    folded = 0

    async def look(consumer: Consumer) -> None:
        while True:
            seen.append((folded, len(consumer.in_hand)))
            await asyncio.sleep(0)

    async def scenario(consumer: Consumer) -> None:
        nonlocal folded
        await consumer.end_rebalance()
        looking = asyncio.create_task(look(consumer))
        async for part in in_parts(consumer, batch(*range(10, 260), after=10)):
            assert consumer.in_hand == {part}
            folded += len(part.records)
        looking.cancel()

    run(scenario)

    assert seen == [(100, 0), (200, 0), (250, 0)]


def test_state_that_is_dropped_between_two_parts_gets_no_more(run: Run) -> None:
    folded: list[int] = []

    async def scenario(consumer: Consumer) -> None:
        await consumer.end_rebalance()
        async for part in in_parts(consumer, batch(*range(10, 260), after=10)):
            folded.append(len(part.records))
            consumer.table.dropped = True

    run(scenario)

    assert folded == [100]
