"""Event time goes on by itself where nothing comes, also over many days at once."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.core.moments import DAY
from schemas.decode import CONVERSATIONS, HANDOFFS
from schemas.published import FINDINGS, OUTCOMES
from tests.integration.traffic import (
    Message,
    differences,
    expected,
    hidden,
    read_all,
    sample,
    send,
    some,
    verdicts,
)
from tests.integration.worker import PARTITIONS, Worker

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.traffic import Expected

IDLE_SECONDS = 1
DAYS = 6
# Everything that a journey waits for has come by then.
DOWNTIME = timedelta(days=500)


def test_a_topic_that_went_quiet_and_a_partition_without_traffic_hold_nothing_up(
    unused: str, topic_prefix: str, tmp_path: Path
) -> None:
    """One partition has conversations only, by now, and the others have nothing at all."""
    began = time.time()
    asked = [requested(partition, began - 7200) for partition in range(PARTITIONS)]
    with Worker(unused, topic_prefix, tmp_path, idle_after_seconds=IDLE_SECONDS) as worker:
        asyncio.run(send(unused, asked))

        def time_has_passed() -> bool:
            asyncio.run(send(unused, [beat(0)]))
            marks = worker.watermarks()
            return len(marks) == PARTITIONS and min(marks.values()) > began - 600

        worker.wait_until(time_has_passed, within_seconds=180)
        found = worker.reading()["cx_silent_failures_total"]
        assert worker.stop() == 0

    # Nobody took any of the handoffs.
    assert sum(n for labels, n in found.items() if labels[0] == "SF-05") == PARTITIONS
    findings = [json.loads(one.value or b"") for one in asyncio.run(read_all(unused, FINDINGS))]
    orphans = {one["conversation_id"] for one in findings if one["sf"] == "SF-05"}
    assert orphans == {f"chat-{number}" for number in range(PARTITIONS)}


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    return sample(DAYS, seed=4, ends=datetime.fromtimestamp(time.time(), UTC) - DOWNTIME)


@pytest.fixture(scope="module")
def want(messages: list[Message]) -> Expected:
    return expected(messages, silence=(DOWNTIME.days - 1) * DAY)


def test_back_after_many_days_it_decides_all_that_fell_due_and_answers_meanwhile(
    unused: str, topic_prefix: str, tmp_path: Path, messages: list[Message], want: Expected
) -> None:
    ends = want.watermark - (DOWNTIME.days - 1) * 86_400
    with Worker(unused, topic_prefix, tmp_path / "before") as worker:
        asyncio.run(send(unused, messages))
        worker.wait_until_applied(ends)
        assert worker.stop() == 0

    seen: set[float] = set()
    idle, flush = {"idle_after_seconds": IDLE_SECONDS}, {"flush_interval_seconds": 1}
    with Worker(unused, topic_prefix, tmp_path / "after", **idle, **flush) as worker:

        def everything_is_decided() -> bool:
            marks = worker.watermarks()
            seen.update(marks.values())
            return len(marks) == PARTITIONS and min(marks.values()) > want.watermark

        worker.wait_until(everything_is_decided, within_seconds=180)
        assert differences(worker.reading(), want.reading) == {}
        assert worker.stop() == 0
        log = worker.log.read_text()

    # Pages were served in the middle of it.
    assert [mark for mark in seen if ends < mark < want.watermark] != []
    assert "expelled" not in log
    assert log.count("rebalance") <= 1
    records = [
        one for topic in (OUTCOMES, FINDINGS) for one in asyncio.run(read_all(unused, topic))
    ]
    got, wanted = verdicts(records), hidden(want.published)
    assert some(wanted - got) == []
    assert some(got - wanted) == []


def requested(partition: int, at: float) -> Message:
    """The AI asks for a human."""
    data = {
        "conversation_id": f"chat-{partition}",
        "customer_ref": f"customer-{partition}",
        "channel": "chat",
        "handoff_id": f"handoff-{partition}",
        "kind": "ai_to_human",
        "requested_by": "ai",
    }
    return event(HANDOFFS, "cx.handoff.requested.v1", partition, at, data)


def beat(partition: int) -> Message:
    """A sign of life of the conversations' producer, at this moment."""
    return event(CONVERSATIONS, "cx.heartbeat.v1", partition, time.time(), {"producer": "desk"})


def event(topic: str, kind: str, partition: int, at: float, data: dict[str, str]) -> Message:
    record = {
        "specversion": "1.0",
        "id": f"{kind}-{partition}-{at}",
        "source": "test",
        "type": kind,
        "time": datetime.fromtimestamp(at, UTC).isoformat(),
        "data": data,
    }
    return Message(topic, b"key", json.dumps(record).encode(), partition=partition)
