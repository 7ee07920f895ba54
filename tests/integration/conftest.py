"""The brokers that integration tests run against, each started once, and fresh names on them."""

from __future__ import annotations

import asyncio
import os
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from monitor.shell.embedded import EmbeddedBroker
from tests.integration.apache_kafka import ApacheKafka, missing
from tests.integration.lab import Lab, a_lab
from tests.integration.traffic import remove_our_topics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def embedded() -> Iterator[EmbeddedBroker]:
    """Keep the embedded broker for the session; tests do not stop this one."""
    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture(scope="session")
def apache_kafka() -> Iterator[ApacheKafka]:
    """Keep Apache Kafka for the session; who stops it starts it again on its data."""
    require_apache_kafka()
    with ApacheKafka(brief=True) as broker:
        yield broker


@pytest.fixture(params=["embedded", "apache"])
def bootstrap(request: pytest.FixtureRequest) -> str:
    """Run the test on both brokers, and give the address of each."""
    fixture = {"embedded": "embedded", "apache": "apache_kafka"}[request.param]
    broker: EmbeddedBroker | ApacheKafka = request.getfixturevalue(fixture)
    return broker.bootstrap


@pytest.fixture(params=["embedded", "apache"])
def unused(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test on both brokers, and give the address of each: nobody has worked there yet."""
    with unused_broker(request) as bootstrap:
        yield bootstrap


@contextmanager
def unused_broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """Do the same for fixtures that live longer than a test."""
    if request.param == "embedded":
        with EmbeddedBroker() as broker:
            yield broker.bootstrap
        return
    apache_kafka: ApacheKafka = request.getfixturevalue("apache_kafka")
    asyncio.run(remove_our_topics(apache_kafka.bootstrap))
    yield apache_kafka.bootstrap


@pytest.fixture
def topic_prefix(request: pytest.FixtureRequest) -> str:
    """Return a name nobody used before, for the topics and groups of one test."""
    test = request.node.originalname[:40]
    return f"{test}-{uuid.uuid4().hex[:8]}"


def require_apache_kafka() -> None:
    """Leave the test out where Java or Maven is missing, but never in CI."""
    lack = missing()
    if lack and os.environ.get("CI"):
        pytest.fail(f"CI must run the tests against Apache Kafka: {lack}")
    if lack:
        pytest.skip(f"the Apache Kafka part is left out: {lack}")


@pytest.fixture(params=["memory", "disk"])
def lab(
    request: pytest.FixtureRequest, bootstrap: str, topic_prefix: str, tmp_path: Path
) -> Iterator[Lab]:
    """A group on each of the brokers, with its state in each of the engines."""
    yield from a_lab(bootstrap, topic_prefix, tmp_path, request.param)


@pytest.fixture
def kafka_lab(apache_kafka: ApacheKafka, topic_prefix: str, tmp_path: Path) -> Iterator[Lab]:
    """A group on Apache Kafka, which has transactions."""
    yield from a_lab(apache_kafka.bootstrap, topic_prefix, tmp_path)


@pytest.fixture
def small_lab(embedded: EmbeddedBroker, topic_prefix: str, tmp_path: Path) -> Iterator[Lab]:
    """A group on the embedded broker."""
    yield from a_lab(embedded.bootstrap, topic_prefix, tmp_path)
