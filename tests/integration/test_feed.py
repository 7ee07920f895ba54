"""The feed goes on, whatever lies in the topic of findings."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaProducer

from monitor.shell.access import Access
from monitor.shell.topics import FINDINGS, create_topics
from monitor.shell.web_feed import Feed
from tests.integration.test_bad_header_names import BAD
from tests.integration.worker import PARTITIONS
from tests.shell.batches import Headers, builder
from tests.shell.test_web_feed import finding


async def send_findings(bootstrap: str, numbers: range, *, odd: bool = False) -> None:
    """Write findings as one batch, between them what is none; some with a name that is no text."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        made = producer.create_batch()
        made._builder = builder()  # noqa: SLF001 - the client's own spells UTF-8 only
        headers: Headers = [(BAD, b"1")] if odd else []
        for number in numbers:
            value = finding(number).model_dump_json().encode()
            made.append(timestamp=None, key=None, value=value)
            made.append(timestamp=None, key=None, value=b"no finding", headers=headers)
        await (await producer.send_batch(made, FINDINGS.name, partition=0))


def test_a_name_that_is_no_text_stops_nobody_from_reading_on(unused: str) -> None:
    async def read() -> list[str]:
        access = Access(unused)
        await create_topics(access, PARTITIONS, topics=[FINDINGS])
        await send_findings(unused, range(3), odd=True)
        feed = Feed(access)
        told: asyncio.Queue[str] = asyncio.Queue()
        with feed.told_to(lambda found: told.put_nowait(found.id)):
            assert len(await feed.ready()) == 3
            await send_findings(unused, range(3, 6), odd=True)
            await send_findings(unused, range(6, 9))
            async with asyncio.timeout(20):
                found = [await told.get() for _ in range(6)]
        await feed.stop()
        return found

    assert asyncio.run(read()) == [f"f{number}" for number in range(3, 9)]
