"""`outcome-monitor dead-letters`: an operator finds a record, looks at it, and sends it again."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer

from monitor.shell.access import Access
from monitor.shell.topics import INPUTS, OUTPUTS, create_topics
from schemas.published import DEAD_LETTERS, DeadLetter, Reason
from tests.integration.traffic import read_all
from tests.integration.worker import PARTITIONS

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

CONVERSATIONS, HANDOFFS = "cx.conversations", "cx.handoffs"
HEADERS = [("trace", b"\x00\xff"), ("nothing", None), ("dl_reason", b"the producer's own")]
# Not where a producer would put that key, for its own may have chosen otherwise.
FROM = 1
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Letter:
    """A record that was refused, and why."""

    value: bytes | None
    why: DeadLetter


def letter(value: bytes | None, topic: str, offset: int, reason: Reason) -> Letter:
    at = NOON + timedelta(hours=offset)
    why = DeadLetter(
        reason=reason, detail="-", topic=topic, partition=FROM, offset=offset, received_at=at
    )
    return Letter(value, why)


LETTERS = [
    letter(b'{"from": "tomorrow"}', CONVERSATIONS, 0, Reason.UNKNOWN_TYPE),
    letter(b"no json", CONVERSATIONS, 1, Reason.NOT_JSON),
    letter(b'{"from": "next week"}', HANDOFFS, 2, Reason.UNKNOWN_TYPE),
    letter(None, HANDOFFS, 3, Reason.NOT_AN_EVENT),
]


async def prepare(bootstrap: str) -> list[str]:
    """Write dead letters as a worker does, and return the place of each."""
    await create_topics(Access(bootstrap), PARTITIONS, topics=INPUTS + OUTPUTS)
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        sent = [
            await producer.send_and_wait(
                DEAD_LETTERS,
                one.value,
                key=b"ann",
                headers=[*HEADERS, *one.why.headers()],
                partition=number % PARTITIONS,
            )
            for number, one in enumerate(LETTERS)
        ]
    return [f"{record.partition}/{record.offset}" for record in sent]


@dataclass(frozen=True)
class Operator:
    """Somebody at a terminal, with dead letters at these places."""

    bootstrap: str
    places: list[str]

    def says(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "monitor.cli", "dead-letters", *words],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"OUTCOME_MONITOR_KAFKA_BOOTSTRAP": self.bootstrap},
        )

    def listed(self, *words: str) -> list[str]:
        out = self.says("list", "--json", *words).stdout
        return [json.loads(line)["place"] for line in out.splitlines()]

    def arrived(self, topic: str) -> list[ConsumerRecord[bytes, bytes]]:
        return asyncio.run(read_all(self.bootstrap, topic))


@pytest.fixture
def operator(unused: str) -> Operator:
    return Operator(unused, asyncio.run(prepare(unused)))


def test_an_operator_finds_looks_and_sends_again_exactly_what_was_chosen(
    operator: Operator,
) -> None:
    first, second, third, fourth = operator.places

    # Found: all of them in the order in which they came, or what is asked for.
    assert operator.listed() == operator.places
    assert operator.listed("--reason", "unknown_type") == [first, third]
    assert operator.listed("--topic", HANDOFFS, "--reason", "unknown_type") == [third]
    assert operator.listed("--since", "1h") == [third, fourth]
    assert operator.listed("--last", "1") == [fourth]

    # Looked at: what came, and why it was refused.
    shown = json.loads(operator.says("show", first).stdout)
    assert shown["reason"] == "unknown_type"
    assert shown["value"] == {"from": "tomorrow"}
    assert shown["headers"][2] == ["dl_reason", "the producer's own"]
    assert operator.says("show", second, "--raw").stdout == "no json"

    # Sent again: to where it came from, as it came, and nothing else.
    assert operator.says("redrive", second, fourth).returncode == 0
    (back,) = operator.arrived(CONVERSATIONS)
    assert (back.partition, back.key, back.value) == (FROM, b"ann", b"no json")
    assert list(back.headers) == HEADERS
    (back,) = operator.arrived(HANDOFFS)
    assert (back.partition, back.value) == (FROM, None)

    said = operator.says("redrive", "--all", "--reason", "unknown_type")
    assert (said.returncode, said.stdout) == (0, "2 sent again\n")
    assert [one.value for one in operator.arrived(CONVERSATIONS)] == [b"no json", LETTERS[0].value]
    assert operator.listed() == operator.places

    # Refused: nothing lies there, or nobody said which.
    said = operator.says("redrive", first, "0/99")
    assert (said.returncode, said.stderr.count("no dead letter at 0/99")) == (2, 1)
    assert operator.says("redrive").returncode == 2
    assert operator.says("redrive", first, "--all").returncode == 2
    assert operator.says("show", "first").returncode == 2
    assert len(operator.arrived(CONVERSATIONS)) == 2


def test_a_topic_that_is_not_there_is_named(unused: str) -> None:
    said = Operator(unused, []).says("list")

    assert said.returncode == 2
    assert "has no topic cx.dead-letters" in said.stderr
