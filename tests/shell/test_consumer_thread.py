"""What the consumer thread does when the client gives up at a record, with a client as told."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka.errors import CorruptRecordException, KafkaConnectionError
from faust.types import TP

from monitor.shell.consumer_thread import (
    FETCH_BYTES_MIN,
    FETCH_WAIT_MILLISECONDS,
    BatchConsumerThread,
)
from monitor.shell.faust_settings import faust_app
from tests.shell.batches import Name, builder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from monitor.shell.consumer_thread import RecordBatch

READ, BAD = TP("source", 0), TP("source", 1)
NO_TEXT = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


def run(first: int, count: int, transaction_of: int = -1) -> bytes:
    made = builder(0, transaction_of)
    for number in range(count):
        made.append(number, 0, b"key", b"value", [(Name(b"\xff"), b"1")])
    return first.to_bytes(8, "big") + bytes(made.build())[8:]


class Client:
    """Stands for the Kafka consumer, its fetcher, its subscriptions and its connection at once."""

    _closed = False
    API_VERSION = 4

    def __init__(self, answer: Callable[[], bytes], error: int = 0) -> None:
        self._fetcher = self._subscriptions = self._client = self.cluster = self
        self._subscription = self.subscription = self.assignment = self
        # It took what was at hand of the one partition, and failed at the other.
        self._records = {BAD: None}
        self.seeks: list[tuple[TP, int]] = []
        self.answer = answer
        self.error = error
        self.aborted: list[tuple[int, int]] = []
        self.topics: list[Any] = []

    @contextmanager
    def fetch_context(self) -> Iterator[None]:
        yield

    async def fetched_records(self, *_: Any, **__: Any) -> dict[TP, list[Any]]:
        raise NO_TEXT

    def leader_for_partition(self, tp: TP) -> int:
        return {BAD: 1}[tp]

    async def send(self, node: int, request: Any) -> Client:
        ((topic, ((partition, offset, _),)),) = request.topics
        assert (node, topic, partition, offset) == (1, *BAD, 7)
        self.topics = [
            (BAD.topic, [(BAD.partition, self.error, 99, 99, self.aborted, self.answer())])
        ]
        return self

    def seek(self, tp: TP, offset: int) -> None:
        self.seeks.append((tp, offset))

    def state_value(self, tp: TP) -> Any:
        position = next((offset for to, offset in reversed(self.seeks) if to == tp), None)
        return SimpleNamespace(has_valid_position=position is not None, position=position)

    def highwater(self, tp: TP) -> int:
        return {BAD: 99}[tp]


class Thread(BatchConsumerThread):
    """A thread that is none, with a client of ours."""

    assigned = frozenset({READ, BAD})

    def assignment(self) -> set[TP]:
        return set(self.assigned)

    async def fetch(self, client: Any, max_records: int | None = None) -> dict[TP, list[Any]]:
        self._consumer = client
        self._positions.update({READ: 5, BAD: 7})
        return await self._fetch_records(client, self.assignment(), 0, max_records)


def fetched(
    directory: Path, client: Client, prepare: Callable[[Thread], None], max_records: int | None
) -> list[RecordBatch]:
    async def scenario() -> list[RecordBatch]:
        app = faust_app("thread", "localhost", datadir=directory)
        consumer: Any = app.consumer
        consumer._thread.thread_loop.close()  # noqa: SLF001 - it would have been in use
        thread = Thread(consumer, thread_loop=asyncio.get_running_loop())
        prepare(thread)
        found = await thread.fetch(client, max_records)
        assert set(found) <= {BAD}
        return [batch for batches in found.values() for batch in batches]

    return asyncio.run(scenario())


def client_of_a_worker(directory: Path) -> Any:
    """What the thread makes to read with; it was never started, and is stopped."""

    async def scenario() -> Any:
        app = faust_app("thread", "localhost", datadir=directory)
        consumer: Any = app.consumer
        consumer._thread.thread_loop.close()  # noqa: SLF001 - it would have been in use
        thread = Thread(consumer, thread_loop=asyncio.get_running_loop())
        client = thread._create_worker_consumer(consumer.transport)  # noqa: SLF001
        await client.stop()
        return client

    return asyncio.run(scenario())


def test_the_client_does_not_wait_long_for_topics_that_are_read_to_their_ends(
    tmp_path: Path,
) -> None:
    waits = client_of_a_worker(tmp_path)._fetch_max_wait_ms  # noqa: SLF001
    assert waits == FETCH_WAIT_MILLISECONDS


def test_the_client_is_not_woken_for_every_few_records(tmp_path: Path) -> None:
    least = client_of_a_worker(tmp_path)._fetch_min_bytes  # noqa: SLF001
    assert least == FETCH_BYTES_MIN


def test_a_group_that_was_dealt_out_without_a_topic_asks_for_it_again_within_seconds(
    tmp_path: Path,
) -> None:
    # A leader that has not heard of the changelog gives it to nobody, and nobody opens a writer.
    asks_after = client_of_a_worker(tmp_path)._client._metadata_max_age_ms  # noqa: SLF001
    assert asks_after <= 10_000


def nothing(thread: Thread) -> None:
    del thread


def test_a_run_in_which_all_was_taken_back_is_passed(tmp_path: Path) -> None:
    client = Client(lambda: run(7, 3, transaction_of=5))
    client.aborted = [(5, 0)]

    (batch,) = fetched(tmp_path, client, nothing, None)

    assert (batch.records, batch.after, batch.offset) == ([], 7, 9)
    assert client.seeks[-1] == (BAD, 10)


@pytest.mark.parametrize(("max_records", "count"), [(None, 4), (3, 3)])
def test_the_run_is_read_by_ourselves_and_what_others_lost_is_read_again(
    tmp_path: Path, max_records: int | None, count: int
) -> None:
    # The broker answers with whole batches: this one begins before what was asked for.
    client = Client(lambda: run(5, 6))
    (batch,) = fetched(tmp_path, client, nothing, max_records)

    assert [record.offset for record in batch.records] == [7, 8, 9, 10][:count]
    assert (batch.after, batch.highwater) == (7, 99)
    assert sorted(client.seeks[:-1]) == [(READ, 5), (BAD, 7)]
    assert client.seeks[-1] == (BAD, 7 + count)


def test_a_run_that_a_transaction_took_back_is_passed_over_and_said_to_be_empty(
    tmp_path: Path,
) -> None:
    class Passing(Client):
        """It has read up to an offset and found nothing that counts."""

        async def fetched_records(self, *_: Any, **__: Any) -> dict[TP, list[Any]]:
            self.seek(BAD, 12)
            return {}

    (batch,) = fetched(tmp_path, Passing(lambda: b""), nothing, None)

    assert (batch.after, batch.offset, batch.records) == (7, 11, [])


def test_what_was_read_before_a_rebalance_is_not_delivered_after_it(tmp_path: Path) -> None:
    threads: list[Thread] = []

    def lose() -> bytes:
        threads[0].assigned = frozenset({READ})
        return run(7, 1)

    assert fetched(tmp_path, Client(lose), threads.append, None) == []


def test_what_was_read_before_a_seek_is_not_delivered_after_it(tmp_path: Path) -> None:
    threads: list[Thread] = []

    def move() -> bytes:
        threads[0]._move({BAD: 3})  # noqa: SLF001 - as a seek does
        return run(7, 1)

    client = Client(move)
    assert fetched(tmp_path, client, threads.append, None) == []
    assert client.seeks[-1] == (BAD, 3)


def test_a_broker_that_does_not_answer_is_asked_again_later(tmp_path: Path) -> None:
    def refuse() -> bytes:
        raise KafkaConnectionError

    not_leader = 6
    assert fetched(tmp_path, Client(lambda: b"", not_leader), nothing, None) == []
    assert fetched(tmp_path, Client(refuse), nothing, None) == []


def test_what_nobody_can_read_is_named_with_its_place_and_the_fix(tmp_path: Path) -> None:
    damaged = run(7, 2)[:-1] + b"\x7f"

    with pytest.raises(CorruptRecordException) as failure:
        fetched(tmp_path, Client(lambda: damaged), nothing, None)
    assert "source, partition 1: the records from offset 7 on cannot be read" in str(failure.value)
    assert "fix: " in str(failure.value)
