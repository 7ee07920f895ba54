"""Two references in two partitions are one customer, also when the worker is killed meanwhile."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.core.moments import seconds
from monitor.core.notes import NOTE_BYTES_MAX, Moved, Note, encode
from monitor.core.policy import Policy
from monitor.core.reading import total
from monitor.shell.access import Access
from monitor.shell.topics import create_topics, notes_of, partition_of
from schemas.published import FINDINGS, OUTCOMES
from tests.build import claimed, clock, linked, started, topic_of
from tests.integration.traffic import Message, expected, heartbeats, read_all, send
from tests.integration.worker import PARTITIONS, Worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from monitor.core.reading import Reading
    from schemas.envelope import Envelope
    from tests.integration.apache_kafka import ApacheKafka

KILLS = 4
TOTALS = (
    "cx_conversations_total",
    "cx_journeys_total",
    "cx_resolutions_claimed_total",
    "cx_resolution_failures_total",
    "cx_resolutions_at_risk",
    "cx_identity_links_total",
)
# Two references of one customer, in different partitions. The first is the canonical one.
PAIRS = [
    pair
    for pair in ((f"a-secret-{n}", f"b-secret-{n}") for n in range(60))
    if partition_of(pair[0], PARTITIONS) != partition_of(pair[1], PARTITIONS)
]


def claims_and_links() -> Iterator[Envelope]:
    """Claims under either reference, so that half of them have to move."""
    for number, pair in enumerate(PAIRS):
        resolved, other = pair if number % 2 else reversed(pair)
        about = {"conversation_id": f"chat-{number}", "intent": "where"}
        yield started(resolved, "09:00", **about)
        yield claimed(resolved, "09:30", **about)
        yield linked(other, resolved, f"10:{number:02}")


def returns() -> Iterator[Envelope]:
    """Each of them comes back by the reference that has claimed nothing."""
    for number, pair in enumerate(PAIRS):
        returning = pair[number % 2]
        yield started(returning, "12:00", conversation_id=f"chat-{number}-again", intent="where")


def test_the_largest_note_is_one_that_its_topic_takes(
    apache_kafka: ApacheKafka, topic_prefix: str
) -> None:
    topic = notes_of(topic_prefix)
    asyncio.run(create_topics(Access(apache_kafka.bootstrap), PARTITIONS, topics=[topic]))
    row = random.Random(6).randbytes(NOTE_BYTES_MAX)  # noqa: S311 - it hides nothing
    note = encode(Note("0-" + 32 * "a", 2**31, 1000 * "z", Moved(2**62, 2**62, row)))
    message = Message(topic.name, 1000 * b"z", note, partition=0)

    assert len(asyncio.run(send(apache_kafka.bootstrap, [message]))) == 1


def messages(events: Iterable[Envelope], until: str) -> list[Message]:
    """The events, and then heartbeats that carry event time over all of them."""
    told = [
        Message(
            topic_of(event),
            str(getattr(event.data, "customer_ref", "")).encode(),
            event.model_dump_json(exclude_none=True).encode(),
        )
        for event in events
    ]
    return [*told, *heartbeats(len(told), clock(until))]


def totals(reading: Reading) -> Reading:
    return {
        name: {labels: n for labels, n in reading.get(name, {}).items() if n} for name in TOTALS
    }


def applied(until: str) -> float:
    return (clock(until) - timedelta(seconds=seconds(Policy().lateness))).timestamp()


def test_what_is_known_follows_the_customer_and_nothing_is_lost_or_doubled(
    unused: str, topic_prefix: str, tmp_path: Path
) -> None:
    first, second = messages(claims_and_links(), "11:00"), messages(returns(), "13:00")
    dice = random.Random(5)  # noqa: S311 - it hides nothing
    with Worker(unused, topic_prefix, tmp_path, log_level="DEBUG") as worker:
        asyncio.run(send(unused, first))
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.1, 1.2))
            worker.kill()
            worker.start()
        worker.wait_until_applied(applied("11:00"))
        want = totals(expected(first).reading)
        worker.wait_until(lambda: totals(worker.reading()) == want)
        late = total(worker.reading(), "cx_identity_late_links_total")

        asyncio.run(send(unused, second))
        time.sleep(dice.uniform(0.1, 1.2))
        worker.kill()
        worker.start()
        everything = totals(expected([*first, *second]).reading)
        worker.wait_until(lambda: totals(worker.reading()) == everything)
        page = worker.get("/metrics")[2]
        assert worker.stop() == 0

    assert late == (len(PAIRS) + 1) // 2
    assert total(everything, "cx_resolution_failures_total") == 2 * len(PAIRS)
    assert "secret" not in page + worker.log.read_text()
    for topic in (OUTCOMES, FINDINGS):
        assert [one for one in asyncio.run(read_all(unused, topic)) if b"secret" in one.value] == []
    assert asyncio.run(read_all(unused, notes_of(topic_prefix).name)) != []
