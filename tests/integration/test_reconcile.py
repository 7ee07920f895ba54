"""`outcome-monitor reconcile`: what the topics lack of an export is found, told and sent."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from monitor.adapters.mapping import load_mapping
from monitor.shell.access import Access
from monitor.shell.outlet import key_of
from monitor.shell.settings import PREFIX
from monitor.shell.topics import INPUTS, create_topics, partition_of
from schemas.decode import TOPIC_OF, TOPICS
from tests.adapters.records import STARTED, turn
from tests.following import blocks, follow
from tests.integration.traffic import read_all, remove_our_topics
from tests.integration.worker import PARTITIONS
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.adapters.records import Event, Record
    from tests.integration.apache_kafka import ApacheKafka

DAY = datetime(2025, 7, 17, tzinfo=UTC)
SENT_ON_THE_DAY = DAY + timedelta(hours=16)


def talk(number: int) -> list[Record]:
    """A conversation of that day: three records, three events."""
    return [
        record | {"case_id": f"tau2-{number}", "customer_id": f"cust-{number % 50}"}
        for record in (
            STARTED,
            turn("message", "customer", at="01", text="Where is it?"),
            turn("handoff.requested", "ai", at="02", reason="The customer asked."),
        )
    ]


EXPORT = [record for number in range(100) for record in talk(number)]
EVENTS = list(load_mapping("tau2").events(EXPORT))
STARTS, MESSAGES, REQUESTS = EVENTS[::3], EVENTS[1::3], EVENTS[2::3]


@dataclass
class Written:
    """An event, and when it was written; without that, now."""

    event: Event
    at: datetime | None = None


async def write(bootstrap: str, written: list[Written]) -> None:
    """Write events in this order, as their producer would."""
    await create_topics(Access(bootstrap), PARTITIONS, topics=INPUTS)
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for one in written:
            key = key_of(one.event) or ""
            await producer.send(
                TOPIC_OF[one.event["type"]],
                json.dumps(one.event).encode(),
                key=key.encode(),
                partition=partition_of(key, PARTITIONS),
                timestamp_ms=None if one.at is None else int(one.at.timestamp() * 1000),
            )
        await producer.flush()


@dataclass(frozen=True)
class Operator:
    """Somebody with the export of the day."""

    bootstrap: str
    directory: Path

    def says(self, *words: object, **settings: object) -> subprocess.CompletedProcess[str]:
        export = self.directory / "export.jsonl"
        export.write_text("".join(f"{json.dumps(record)}\n" for record in EXPORT))
        command = ["reconcile", "tau2", "--in", export, "--day", "2025-07-17", *words]
        return self.runs(*command, **settings)

    def runs(self, *words: object, **settings: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "monitor.cli", *map(str, words)],
            cwd=self.directory,
            env=os.environ
            | {"PYTHONPATH": str(ROOT), f"{PREFIX}KAFKA_BOOTSTRAP": self.bootstrap}
            | {f"{PREFIX}PARTITIONS": str(PARTITIONS)}
            | {f"{PREFIX}{name}": str(value) for name, value in settings.items()},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def finds(self, *words: object, **settings: object) -> tuple[int, dict[str, Any]]:
        said = self.says("--json", *words, **settings)
        assert said.returncode in (0, 1), said.stderr
        return said.returncode, json.loads(said.stdout)

    def written(self, events: list[Written]) -> None:
        asyncio.run(write(self.bootstrap, events))

    def ids(self) -> Counter[str]:
        """How often each event is in the topics."""
        return Counter(
            json.loads(record.value or b"")["id"]
            for topic in TOPICS
            for record in asyncio.run(read_all(self.bootstrap, topic))
        )


@pytest.fixture
def operator(unused: str, tmp_path: Path) -> Operator:
    return Operator(unused, tmp_path)


def results(found: dict[str, Any]) -> dict[str, tuple[int, int, int, int]]:
    return {
        one["type"].removeprefix("cx.").removesuffix(".v1"): (
            one["matched"],
            one["missing"],
            one["unexpected"],
            one["differing"],
        )
        for one in found["types"]
    }


def test_what_was_lost_is_found_sent_and_then_there(operator: Operator) -> None:
    lost = [*STARTS[:2], *MESSAGES[10:15], REQUESTS[7]]
    gone = {event["id"] for event in lost}
    operator.written([Written(event) for event in EVENTS if event["id"] not in gone])

    status, found = operator.finds()
    assert (status, found["drift"], found["records_read"]) == (1, True, 292)
    assert results(found) == {
        "conversation.started": (98, 2, 0, 0),
        "handoff.requested": (99, 1, 0, 0),
        "message.created": (95, 5, 0, 0),
    }
    assert operator.ids().total() == 292

    page = operator.directory / "reconcile.prom"
    said = operator.says("--produce", "--metrics", page, IDLE_AFTER_SECONDS=0)
    assert said.returncode == 1
    assert "2025-07-17: 8 missing events sent\n" in said.stdout
    assert operator.ids() == Counter(event["id"] for event in EVENTS)
    assert numbers(page)["cx_reconcile_produced_events"] == {
        ("tau2", "cx.conversation.started.v1"): 2,
        ("tau2", "cx.handoff.requested.v1"): 1,
        ("tau2", "cx.message.created.v1"): 5,
    }

    status, found = operator.finds("--produce", "--metrics", page)
    assert (status, found["drift"], found["produced"]) == (0, False, 0)
    assert operator.ids().total() == 300
    matched = numbers(page)["cx_reconcile_events"]
    assert matched["tau2", "matched", "cx.message.created.v1"] == 100
    assert matched["tau2", "missing", "cx.message.created.v1"] == 0
    assert numbers(page)["cx_reconcile_day_timestamp_seconds"]["tau2",] == DAY.timestamp()


def numbers(page: Path) -> dict[str, dict[tuple[str, ...], float]]:
    return {
        family.name: {tuple(one.labels.values()): one.value for one in family.samples}
        for family in text_string_to_metric_families(page.read_text())
    }


def test_what_the_topics_tell_otherwise_is_told_by_field(operator: Operator) -> None:
    other = STARTS[0] | {"data": STARTS[0]["data"] | {"channel": "voice", "intent": None}}
    later = MESSAGES[0] | {"time": "2025-07-18T15:00:01Z"}
    spelled = REQUESTS[0] | {"time": "2025-07-17T17:00:02+02:00", "sequence": "7", "more": 1}
    unknown = REQUESTS[1] | {"id": "sent-by-hand"}
    strange = REQUESTS[1] | {"id": "x", "source": "another desk"}
    tomorrow = REQUESTS[1] | {"id": "y", "time": "2025-07-18T00:00:00Z"}
    events = [other, later, spelled, *EVENTS[3:], unknown, strange, tomorrow, MESSAGES[5]]
    operator.written([Written(event) for event in events])
    status, found = operator.finds()

    assert status == 1
    assert results(found) == {
        "conversation.started": (99, 0, 0, 1),
        "handoff.requested": (100, 0, 1, 0),
        "message.created": (99, 0, 0, 1),
    }
    assert found["differences"] == [
        {
            "type": "cx.conversation.started.v1",
            "field": "data.channel",
            "told_by": "both",
            "events": 1,
        },
        {
            "type": "cx.conversation.started.v1",
            "field": "data.intent",
            "told_by": "export",
            "events": 1,
        },
        {"type": "cx.message.created.v1", "field": "time", "told_by": "both", "events": 1},
    ]
    assert {one["type"]: one["repeated"] for one in found["types"]} == {
        "cx.conversation.started.v1": 0,
        "cx.handoff.requested.v1": 0,
        "cx.message.created.v1": 1,
    }
    # To send what is missing repairs none of it, and sends nothing.
    before = operator.ids()
    assert operator.finds("--produce")[0] == 1
    assert operator.ids() == before


def test_only_what_can_be_of_the_day_is_read(apache_kafka: ApacheKafka, tmp_path: Path) -> None:
    bootstrap = apache_kafka.bootstrap
    asyncio.run(remove_our_topics(bootstrap))
    before = [
        Written(event | {"id": f"{hours}-{event['id']}"}, DAY - timedelta(hours=hours))
        for hours in (720, 2)
        for event in EVENTS
    ]
    clocks_differ = [Written(event, DAY - timedelta(minutes=30)) for event in EVENTS[:9]]
    of_the_day = [Written(event, SENT_ON_THE_DAY) for event in EVENTS[9:290]]
    much_later = [Written(event) for event in EVENTS[290:]]
    operator = Operator(bootstrap, tmp_path)
    operator.written(before + clocks_differ + of_the_day + much_later)
    status, found = operator.finds()

    assert (status, found["drift"], found["records_read"]) == (0, False, 300)


def test_what_would_come_too_late_is_told_before_it_is_sent(operator: Operator) -> None:
    operator.written([Written(event) for event in EVENTS[3:]])

    # Silent topics have come to today, which is long after that day.
    assert operator.finds()[1]["missing_too_late"] == 3
    # Where only events move time, it is still that day.
    assert operator.finds(IDLE_AFTER_SECONDS=0)[1]["missing_too_late"] == 0
    # A week and a minute later, on all three topics, only the last of the three still counts.
    later = {"time": "2025-07-24T15:01:02Z", "partitionkey": "cust-0"}
    promise = {"type": "cx.commitment.made.v1", "id": "later-3"}
    promised = {"commitment_id": "p", "kind": "callback", "made_by": "ai", "customer_ref": "cust-0"}
    data = promised | {"due_at": "2025-08-01T00:00:00Z"}
    operator.written(
        [
            Written(STARTS[0] | later | {"id": "later-1"}),
            Written(REQUESTS[0] | later | {"id": "later-2"}),
            Written(STARTS[0] | later | promise | {"data": data}),
        ]
    )
    assert operator.finds(IDLE_AFTER_SECONDS=0)[1]["missing_too_late"] == 2


def test_a_topic_that_is_not_there_is_named(operator: Operator) -> None:
    said = operator.says()

    assert (said.returncode, said.stdout) == (2, "")
    assert "has no topic cx.conversations, cx.handoffs, cx.followups; fix: " in said.stderr


def test_who_follows_the_page_sees_what_it_says(operator: Operator) -> None:
    def run(*words: object) -> tuple[int, str, str]:
        theirs, here = "/var/lib/prometheus/node-exporter", str(operator.directory)
        ran = operator.runs(*(str(word).replace(theirs, here) for word in words))
        return ran.returncode, ran.stdout, ran.stderr

    follow("reconcile.md", run, operator.directory)

    kinds = [kind for kind, _, _ in blocks("reconcile.md")]
    assert kinds.count("sh") == kinds.count("text") + 1 == 4
    assert numbers(operator.directory / "reconcile.prom")["cx_reconcile_produced_events"]
    assert numbers(operator.directory / "desk.prom")["cx_reconcile_run_timestamp_seconds"]
