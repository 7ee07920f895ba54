"""`outcome-monitor map run --kafka`: what a log comes to is in the topics, or the run says no."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.adapters.mapping import load_mapping
from monitor.shell.access import Access
from monitor.shell.settings import PREFIX
from monitor.shell.topics import INPUTS, create_topics
from schemas.decode import TOPIC_OF, TOPICS
from tests.adapters.records import STARTED, turn
from tests.integration.apache_kafka import ApacheKafka
from tests.integration.conftest import require_apache_kafka
from tests.integration.traffic import read_all
from tests.integration.worker import PARTITIONS
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LOG = [
    record | {"case_id": f"tau2-{number}", "customer_id": f"cust-{number % 50}"}
    for number in range(700)
    for record in (
        STARTED,
        turn("message", "customer", at="01", text="Where is it?"),
        turn("handoff.requested", "ai", at="02", reason="The customer asked."),
    )
]


def run_map(bootstrap: str, log: Path) -> subprocess.CompletedProcess[str]:
    log.write_text("".join(f"{json.dumps(record)}\n" for record in LOG))
    command = [
        sys.executable,
        "-m",
        "monitor.cli",
        "map",
        "run",
        "tau2",
        "--in",
        str(log),
        "--kafka",
    ]
    return subprocess.run(
        command,
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT),
            f"{PREFIX}KAFKA_BOOTSTRAP": bootstrap,
            f"{PREFIX}PARTITIONS": str(PARTITIONS),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_all_events_are_in_their_topics_by_their_keys(unused: str, tmp_path: Path) -> None:
    ran = run_map(unused, tmp_path / "log.jsonl")
    wanted = list(load_mapping("tau2").events(LOG))

    assert (ran.returncode, ran.stdout) == (0, "")
    assert f"2,100 events acknowledged by {unused}\n" in ran.stderr
    for topic in TOPICS:
        records = asyncio.run(read_all(unused, topic))
        by_id = {json.loads(record.value or b"")["id"]: record for record in records}
        of_topic = [event for event in wanted if TOPIC_OF[event["type"]] == topic]
        assert len(records) == len(by_id) == len(of_topic)
        for event in of_topic:
            record = by_id[event["id"]]
            assert json.loads(record.value or b"") == event
            assert record.key == event["partitionkey"].encode()
        for number in range(PARTITIONS):
            offsets = [
                by_id[event["id"]].offset
                for event in of_topic
                if by_id[event["id"]].partition == number
            ]
            assert offsets == sorted(offsets)


def test_what_kafka_does_not_take_is_said(tmp_path: Path) -> None:
    # A broker of its own: Apache Kafka 4.3 gives topics that were deleted and made again settings
    # of the deleted ones when it restarts, and tests that share a broker restart it.
    require_apache_kafka()
    tiny = [replace(topic, settings={"max.message.bytes": "200"}) for topic in INPUTS]
    with ApacheKafka(brief=True) as broker:
        asyncio.run(create_topics(Access(broker.bootstrap), PARTITIONS, topics=tiny))
        ran = run_map(broker.bootstrap, tmp_path / "log.jsonl")

    assert (ran.returncode, ran.stdout) == (1, "")
    assert f"{broker.bootstrap} has acknowledged 0 events, then: " in ran.stderr
    assert "fix: run it again" in ran.stderr
