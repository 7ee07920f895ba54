"""A topic is read once, to where it ended at the beginning, whatever lies in it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer

from monitor.shell.access import Access
from monitor.shell.settings import SettingsError
from monitor.shell.topic_reader import records_of
from monitor.shell.topics import INPUTS, create_topics
from tests.integration.test_bad_header_names import EVENTS, TOPIC, send_batches
from tests.integration.traffic import remove_our_topics
from tests.integration.worker import PARTITIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiokafka import ConsumerRecord

    from tests.integration.apache_kafka import ApacheKafka


def nothing(read: int, of: int) -> None:
    del read, of


async def read(
    bootstrap: str, seen: Callable[[int, int], None] = nothing
) -> list[ConsumerRecord[bytes, bytes]]:
    return [record async for record in records_of(Access(bootstrap), [TOPIC], seen)]


async def prepared(bootstrap: str) -> None:
    await create_topics(Access(bootstrap), PARTITIONS, topics=INPUTS)


@pytest.mark.parametrize("extensions", ["with", "without"])
def test_a_name_that_is_no_text_hides_nothing(
    unused: str, monkeypatch: pytest.MonkeyPatch, extensions: str
) -> None:
    if extensions == "without":
        monkeypatch.setenv("AIOKAFKA_NO_EXTENSIONS", "1")
    asyncio.run(prepared(unused))
    asyncio.run(send_batches(unused))
    records = asyncio.run(read(unused))

    wanted = [(number, offset) for number in range(PARTITIONS) for offset in range(2 * EVENTS)]
    assert sorted((record.partition, record.offset) for record in records) == wanted
    for number in range(PARTITIONS):
        offsets = [record.offset for record in records if record.partition == number]
        assert offsets == sorted(offsets)


def test_an_empty_topic_has_no_records(unused: str) -> None:
    asyncio.run(prepared(unused))

    assert asyncio.run(read(unused)) == []


def test_what_comes_meanwhile_is_not_waited_for(unused: str) -> None:
    async def reading() -> int:
        await prepared(unused)
        async with AIOKafkaProducer(bootstrap_servers=unused) as producer:
            # More than one fetch takes.
            for _ in range(10):
                await producer.send_and_wait(TOPIC, bytes(300_000), partition=0)
            read = 0
            async for _ in records_of(Access(unused), [TOPIC], nothing):
                read += 1
                await producer.send_and_wait(TOPIC, b"meanwhile", partition=0)
        return read

    assert asyncio.run(reading()) == 10


def test_what_is_not_decided_is_not_read(apache_kafka: ApacheKafka) -> None:
    bootstrap = apache_kafka.bootstrap

    async def reading() -> list[bytes | None]:
        await remove_our_topics(bootstrap)
        await prepared(bootstrap)
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id="t") as producer:
            for decide in (producer.commit_transaction, producer.abort_transaction):
                await producer.begin_transaction()
                await producer.send_and_wait(TOPIC, decide.__name__.encode(), partition=0)
                await decide()
            await producer.begin_transaction()
            await producer.send_and_wait(TOPIC, b"open", partition=0)
            values = [record.value for record in await read(bootstrap)]
            await producer.abort_transaction()
        return values

    assert asyncio.run(reading()) == [b"commit_transaction"]


def test_much_that_was_taken_back_before_such_a_name_is_passed(apache_kafka: ApacheKafka) -> None:
    bootstrap = apache_kafka.bootstrap

    async def reading() -> int:
        await remove_our_topics(bootstrap)
        await prepared(bootstrap)
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id="t") as producer:
            await producer.begin_transaction()
            # More than one fetch takes.
            for _ in range(5):
                await producer.send_and_wait(TOPIC, bytes(300_000), partition=0)
            await producer.abort_transaction()
        await send_batches(bootstrap)
        async with asyncio.timeout(60):
            return len(await read(bootstrap))

    assert asyncio.run(reading()) == 2 * EVENTS * PARTITIONS


def test_progress_is_told(unused: str) -> None:
    told: list[tuple[int, int]] = []
    asyncio.run(prepared(unused))
    asyncio.run(send_batches(unused))
    asyncio.run(read(unused, lambda read, of: told.append((read, of))))

    assert told[-1] == (2 * EVENTS * PARTITIONS,) * 2


def test_a_broker_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match=r"no Kafka broker answers at 127\.0\.0\.1:1"):
        asyncio.run(read("127.0.0.1:1"))
