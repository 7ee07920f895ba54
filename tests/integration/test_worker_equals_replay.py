"""A worker behind a broker says exactly what the core says of the same log, and hides who it is."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from monitor.core.reading import total
from schemas.evaluations import EVALUATIONS, evaluation_of
from schemas.published import DEAD_LETTERS, FINDINGS, OUTCOME, OUTCOMES
from tests.integration.conftest import unused_broker
from tests.integration.traffic import (
    differences,
    expected,
    hidden,
    read_all,
    replayed,
    sample,
    send,
    some,
    verdicts,
    without_heartbeats,
)
from tests.integration.worker import Worker

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    from monitor.core.reading import Reading
    from tests.integration.traffic import Expected, Message

DAYS = 5


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    return sample(DAYS, seed=1)


@pytest.fixture(scope="module")
def want(messages: list[Message]) -> Expected:
    return expected(messages)


@dataclass(frozen=True)
class Run:
    """What a worker has shown, published and logged."""

    reading: Reading
    page: str
    log: str
    statuses: list[int | None]
    published: list[ConsumerRecord[bytes, bytes]]
    outcomes: list[bytes]
    evaluations: list[bytes]
    dead_letters: list[ConsumerRecord[bytes, bytes]]


@pytest.fixture(scope="module", params=["embedded", "apache"])
def run(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    messages: list[Message],
    want: Expected,
) -> Run:
    """Send everything to a worker that is restarted half-way, and keep all that came of it."""
    directory = tmp_path_factory.mktemp("worker")
    with (
        unused_broker(request) as bootstrap,
        Worker(bootstrap, f"equals-{uuid4()}", directory, log_level="DEBUG") as worker,
    ):
        half = len(messages) // 2
        asyncio.run(send(bootstrap, messages[:half]))
        # In the middle of its work: nobody has waited for it.
        statuses = [worker.stop()]
        worker.start()
        asyncio.run(send(bootstrap, messages[half:]))
        worker.wait_until_applied(want.watermark)
        page = worker.get("/metrics")[2]
        reading = worker.reading()
        statuses.append(worker.stop())
        topics = {
            topic: asyncio.run(read_all(bootstrap, topic))
            for topic in (OUTCOMES, FINDINGS, EVALUATIONS, DEAD_LETTERS)
        }
        log = worker.log.read_text()
        published = topics[OUTCOMES] + topics[FINDINGS]
        outcomes, evaluations = (
            [record.value for record in topics[topic]] for topic in (OUTCOMES, EVALUATIONS)
        )
        dead = topics[DEAD_LETTERS]
        return Run(reading, page, log, statuses, published, outcomes, evaluations, dead)


def test_the_log_is_rich_enough_to_prove_something(want: Expected) -> None:
    results = {labels[2] for labels in want.reading["cx_events_total"]}
    assert results == {"applied", "duplicate"}
    for name in (
        "cx_resolution_failures_total",
        "cx_resolutions_matured_total",
        "cx_handoff_terminal_total",
        "cx_handoff_verdict_total",
        "cx_silent_failures_total",
    ):
        assert total(want.reading, name) > 50, name


def test_replay_agrees_with_the_core(messages: list[Message], want: Expected) -> None:
    assert differences(replayed(messages), without_heartbeats(want.reading)) == {}


def test_the_scrape_equals_the_replay(run: Run, want: Expected) -> None:
    assert differences(run.reading, want.reading) == {}


def test_every_verdict_is_published_once_with_the_same_bytes(run: Run, want: Expected) -> None:
    got, wanted = verdicts(run.published), hidden(want.published)

    assert some(wanted - got) == []
    assert some(got - wanted) == []


def test_every_outcome_is_published_as_an_event_as_well(run: Run) -> None:
    made = Counter(evaluation_of(OUTCOME.validate_json(value)) for value in run.outcomes)
    got = Counter(run.evaluations)

    assert some(made - got) == []
    assert some(got - made) == []


def test_nothing_is_dead_lettered(run: Run) -> None:
    assert run.dead_letters == []


def test_no_customer_leaves_the_worker_by_name(run: Run, messages: list[Message]) -> None:
    names = {message.key for message in messages if message.key is not None}
    leaving = [run.page.encode(), run.log.encode()]
    for record in run.published:
        leaving += [record.key, record.value, *(value for _, value in record.headers)]
    text = b"\n".join(leaving)

    assert len(names) > 500
    assert [name for name in names if name in text] == []


def test_told_to_end_it_ends_in_good_order(run: Run) -> None:
    assert run.statuses == [0, 0]
