"""`outcome-monitor topics`: an operator makes topics, and is told which are not as needed."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from monitor.shell.access import Access
from monitor.shell.embedded import EmbeddedBroker
from monitor.shell.topic_check import require_bearable
from monitor.shell.topics import topics_of
from tests.integration.apache_kafka import ApacheKafka
from tests.integration.conftest import require_apache_kafka
from tests.integration.test_pages import refusal
from tests.integration.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GROUP = "support"
# Partitions and settings of topics that somebody made by hand.
KEPT = {"cleanup.policy": "delete", "retention.ms": "-1"}
BY_HAND = {
    "cx.conversations": (4, KEPT | {"cleanup.policy": "compact"}),
    "cx.handoffs": (3, KEPT),
    "cx.outcomes": (4, KEPT | {"retention.ms": "3600000"}),
    "cx.findings": (4, KEPT),
    "cx.dead-letters": (4, KEPT | {"max.message.bytes": "1000"}),
    "support-journeys-changelog": (4, {"cleanup.policy": "delete"}),
}


async def make(bootstrap: str, topics: dict[str, tuple[int, dict[str, str]]]) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        made = [
            NewTopic(name, partitions, 1, topic_configs=settings)
            for name, (partitions, settings) in topics.items()
        ]
        await client.create_topics(made)
    finally:
        await client.close()


async def remove(bootstrap: str) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        await client.delete_topics(["support-journeys-changelog"])
    finally:
        await client.close()


async def alter(bootstrap: str, topic: str, name: str, value: str) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {name: value})])
    finally:
        await client.close()


@pytest.fixture(params=["embedded", "apache"])
def own(request: pytest.FixtureRequest) -> Iterator[str]:
    """Start a broker for one test.

    Apache Kafka 4.3 gives topics that were deleted and made again settings of the deleted ones when
    it restarts, and tests that share a broker restart it.
    """
    if request.param == "apache":
        require_apache_kafka()
    with EmbeddedBroker() if request.param == "embedded" else ApacheKafka(brief=True) as broker:
        yield broker.bootstrap


def says(bootstrap: str, *words: str) -> subprocess.CompletedProcess[str]:
    names = {"OUTCOME_MONITOR_KAFKA_BOOTSTRAP": bootstrap, "OUTCOME_MONITOR_GROUP": GROUP}
    return subprocess.run(
        [sys.executable, "-m", "monitor.cli", "topics", *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | names,
    )


def test_what_is_made_is_as_it_is_needed(unused: str) -> None:
    said = says(unused, "check")
    assert (said.returncode, said.stdout.count("does not exist")) == (1, len(topics_of(GROUP)))

    assert says(unused, "create").returncode == 0
    said = says(unused, "check")
    assert (said.returncode, said.stdout) == (0, "all 9 topics are as they are needed\n")
    assert says(unused, "create").returncode == 0

    asyncio.run(remove(unused))


def test_what_was_made_by_hand_is_told_by_topic_with_the_fix(own: str) -> None:
    asyncio.run(make(own, BY_HAND))

    said = says(own, "check", "--json")

    lines = [json.loads(line) for line in said.stdout.splitlines()]
    told = {one["topic"]: one for one in lines}
    assert said.returncode == 1
    assert "cleanup.policy=compact, but delete is needed" in told["cx.conversations"]["what"]
    assert "--add-config cleanup.policy=delete" in told["cx.conversations"]["fix"]
    assert told["cx.handoffs"]["what"].startswith("has 3 partitions and 4 are wanted")
    assert told["cx.followups"]["what"] == "does not exist"
    assert "retention.ms=3600000, but at least" in told["cx.outcomes"]["what"]
    assert "cx.findings" not in told  # which keeps everything for ever
    assert "max.message.bytes=1000, but at least" in told["cx.dead-letters"]["what"]
    changelog = [one["what"] for one in lines if one["topic"] == "support-journeys-changelog"]
    assert "the state would be deleted" in changelog[0]

    # What exists is never changed, so making the rest ends with what is left to do.
    said = says(own, "create")
    assert said.returncode == 2
    assert "topic cx.handoffs has 3 partitions" in said.stderr


def test_a_broker_that_does_not_answer_is_named() -> None:
    said = says("127.0.0.1:1", "check")

    assert said.returncode == 2
    assert "no Kafka broker answers at 127.0.0.1:1" in said.stderr


# The embedded broker changes no settings.
@pytest.mark.parametrize("own", ["apache"], indirect=True)
def test_a_worker_does_not_start_on_topics_with_which_it_would_fail_until_they_are_repaired(
    own: str, tmp_path: Path
) -> None:
    # As Kafka makes a topic that nobody says anything of.
    small = {"max.message.bytes": "1048588"}
    wrong: dict[str, tuple[int, dict[str, str]]] = {
        "cx.dead-letters": (4, small),
        "cx.internal.rekeyed.support": (4, small),
        "support-journeys-changelog": (4, {"cleanup.policy": "delete"}),
    }
    asyncio.run(make(own, wrong))

    for topic in wrong:
        said = refusal(tmp_path, {"KAFKA_BOOTSTRAP": own, "GROUP": GROUP})
        fix = re.search(r"--entity-name (\S+) --add-config (\S+)=(\S+)$", said)
        assert fix is not None
        assert fix[1] == topic
        assert f"error: topic {topic} has {fix[2]}=" in said
        asyncio.run(alter(own, *fix.groups()))
    with Worker(own, GROUP, tmp_path / "worker") as worker:
        assert worker.get("/readyz")[0] == 200


def test_where_the_broker_tells_no_settings_none_is_refused() -> None:
    asyncio.run(require_bearable(Access("127.0.0.1:1"), topics_of(GROUP)))
