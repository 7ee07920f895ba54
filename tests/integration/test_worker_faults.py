"""Whatever happens to a worker or its broker, every record is counted exactly once."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.core.catalogue import METRICS
from monitor.shell.page import PARTITION
from schemas.published import FINDINGS, OUTCOMES
from tests.integration.traffic import (
    differences,
    expected,
    hidden,
    read_all,
    remove_our_topics,
    sample,
    send,
    some,
    verdicts,
)
from tests.integration.worker import PARTITIONS, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from monitor.core.reading import Reading
    from tests.integration.apache_kafka import ApacheKafka
    from tests.integration.traffic import Expected, Message

KILLS = 3
COUNTERS = {name for name, metric in METRICS.items() if metric.kind == "counter"}


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    return sample(3, seed=2)


@pytest.fixture(scope="module")
def want(messages: list[Message]) -> Expected:
    return expected(messages)


def test_killed_at_random_moments_it_counts_everything_once(
    unused: str, topic_prefix: str, tmp_path: Path, messages: list[Message], want: Expected
) -> None:
    dice = random.Random(3)  # noqa: S311 - it hides nothing
    worker = Worker(unused, topic_prefix, tmp_path)
    with ExitStack() as ending:
        ending.callback(worker.kill)
        for part in parts(messages, KILLS):
            worker.start()
            with sending(unused, part):
                time.sleep(dice.uniform(0, 1.5))
                worker.kill()
        worker.start()
        worker.wait_until_applied(want.watermark)

        assert differences(worker.reading(), want.reading) == {}
        assert worker.stop() == 0
    assert_all_published(unused, want)


def test_partitions_move_to_a_second_worker_and_back(
    apache_kafka: ApacheKafka,
    topic_prefix: str,
    tmp_path: Path,
    messages: list[Message],
    want: Expected,
) -> None:
    bootstrap = apache_kafka.bootstrap
    asyncio.run(remove_our_topics(bootstrap))
    first, second, third = parts(messages, 3)
    stays, visits = (
        Worker(bootstrap, topic_prefix, tmp_path / "stays"),
        Worker(bootstrap, topic_prefix, tmp_path / "visits"),
    )
    with stays, ExitStack() as ending:
        ending.callback(visits.kill)
        with sending(bootstrap, first):
            visits.start()
        asyncio.run(send(bootstrap, second))
        stays.wait_until(lambda: len(stays.watermarks()) == len(visits.watermarks()) == 2)
        assert stays.watermarks().keys() | visits.watermarks().keys() == set(range(PARTITIONS))

        with sending(bootstrap, third):
            before = visits.get("/metrics")[2]
            assert visits.stop() == 0
        stays.wait_until_applied(want.watermark)

        assert differences(stays.reading(), want.reading) == {}
        # Rules read the highest of all workers, and so count nothing twice.
        union = highest(before, stays.get("/metrics")[2])
        assert differences(union, counters(want.reading)) == {}
    assert_all_published(bootstrap, want)


def test_a_restart_of_the_broker_loses_nothing(
    apache_kafka: ApacheKafka,
    topic_prefix: str,
    tmp_path: Path,
    messages: list[Message],
    want: Expected,
) -> None:
    bootstrap = apache_kafka.bootstrap
    asyncio.run(remove_our_topics(bootstrap))
    first, second = parts(messages, 2)
    # A worker waits half a session for a broker, and Kafka may take seconds to start.
    with Worker(bootstrap, topic_prefix, tmp_path, session_timeout_seconds=60) as worker:
        pid = worker.pid
        asyncio.run(send(bootstrap, first))
        apache_kafka.stop()
        apache_kafka.start()
        asyncio.run(send(bootstrap, second))
        worker.wait_until_applied(want.watermark)

        assert worker.pid == pid
        assert differences(worker.reading(), want.reading) == {}
        assert worker.stop() == 0
    assert_all_published(bootstrap, want)


def parts(messages: Sequence[Message], count: int) -> list[Sequence[Message]]:
    size = -(-len(messages) // count)
    return [messages[start : start + size] for start in range(0, len(messages), size)]


@contextmanager
def sending(bootstrap: str, messages: Sequence[Message]) -> Iterator[None]:
    """Send in small portions for a second or so, while the block does something else."""

    async def trickle() -> None:
        for portion in parts(messages, 10):
            await send(bootstrap, portion)
            await asyncio.sleep(0.1)

    thread = threading.Thread(target=asyncio.run, args=[trickle()])
    thread.start()
    try:
        yield
    finally:
        thread.join()


def assert_all_published(bootstrap: str, want: Expected) -> None:
    """What was put out before a crash may come twice, with the same bytes; nothing else may."""
    topics = (OUTCOMES, FINDINGS)
    records = [record for topic in topics for record in asyncio.run(read_all(bootstrap, topic))]
    got, wanted = verdicts(records), hidden(want.published)

    assert some(wanted - got) == []
    assert sorted(got.keys() - wanted.keys())[:3] == []


def highest(*pages: str) -> Reading:
    """What rules make of the pages of several workers: the highest of each, summed."""
    highest: dict[tuple[str, str, tuple[str, ...]], float] = {}
    for page in pages:
        for family in text_string_to_metric_families(page):
            for one in family.samples:
                if one.name in COUNTERS:
                    labels = tuple(one.labels[name] for name in METRICS[one.name].labels)
                    key = (one.name, one.labels[PARTITION], labels)
                    highest[key] = max(highest.get(key, 0), one.value)
    reading: Reading = {}
    for (name, _, labels), value in highest.items():
        cells = reading.setdefault(name, {})
        cells[labels] = cells.get(labels, 0) + value
    return reading


def counters(reading: Reading) -> Reading:
    return {name: cells for name, cells in reading.items() if name in COUNTERS}
