"""A header name that is not UTF-8 stops the client, and not the worker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer

from monitor.core.reading import by
from schemas.published import DEAD_LETTERS, DeadLetter, Reason
from tests.build import says
from tests.integration.traffic import read_all
from tests.integration.worker import PARTITIONS, Worker
from tests.shell.batches import Headers, Name, builder

if TYPE_CHECKING:
    from pathlib import Path

    from aiokafka.producer.message_accumulator import BatchBuilder

TOPIC = "cx.conversations"
BAD = Name(b"caf\xe9")
GZIP = 1
EVENTS = 5


def said(partition: int, number: int) -> bytes:
    event = says(f"ann-{partition}", f"09:0{number}")
    return event.model_dump_json(exclude_none=True).encode()


def batch(producer: AIOKafkaProducer, partition: int, codec: int) -> BatchBuilder:
    """Five events; the third of them has a name that is none."""
    made = producer.create_batch()
    made._builder = builder(codec)  # noqa: SLF001 - the client's own spells UTF-8 only
    for number in range(EVENTS):
        headers: Headers = [("fine", b"1"), (BAD, b"2"), ("é", None)] if number == 2 else []
        made.append(timestamp=None, key=b"key", value=said(partition, number), headers=headers)
    return made


async def send_batches(bootstrap: str) -> None:
    """Write to every partition, packed and unpacked; so the client stumbles again and again."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        for partition in range(PARTITIONS):
            for codec in (0, GZIP):
                made = batch(producer, partition, codec)
                await (await producer.send_batch(made, TOPIC, partition=partition))


@pytest.mark.parametrize("extensions", ["with", "without"])
def test_the_record_is_set_aside_and_the_worker_goes_on(
    unused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, topic_prefix: str, extensions: str
) -> None:
    if extensions == "without":
        monkeypatch.setenv("AIOKAFKA_NO_EXTENSIONS", "1")
    with Worker(unused, topic_prefix, tmp_path) as worker:
        asyncio.run(send_batches(unused))
        received = {
            "applied": PARTITIONS * (EVENTS - 1),
            "duplicate": PARTITIONS * (EVENTS - 1),
            "invalid": PARTITIONS * 2,
        }
        worker.wait_until(lambda: by(worker.reading(), "cx_events_total", 2) == received)
        assert by(worker.reading(), "cx_dead_letters_total", 1) == {
            str(Reason.NOT_AN_EVENT): PARTITIONS * 2
        }
        assert worker.stop() == 0
    letters = asyncio.run(read_all(unused, DEAD_LETTERS))

    told = [DeadLetter.from_headers(dict(letter.headers)) for letter in letters]
    places = {(one.topic, one.partition, one.offset) for one in told}
    assert places == {(TOPIC, n, offset) for n in range(PARTITIONS) for offset in (2, 7)}
    assert {one.detail for one in told} == {"the name of a header is not UTF-8"}
    for letter in letters:
        assert (letter.key, letter.value) == (b"key", said(letter.partition, 2))
        assert letter.headers[:3] == (("fine", b"1"), (r"caf\xe9", b"2"), ("é", None))
