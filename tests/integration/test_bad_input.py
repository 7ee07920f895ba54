"""What cannot be read is set aside whole, with the reason, and the worker goes on."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from monitor.core.reading import by, total
from schemas.published import DEAD_LETTERS, DeadLetter, Reason
from tests.integration.apache_kafka import MESSAGE_BYTES_MAX
from tests.integration.conftest import unused_broker
from tests.integration.traffic import (
    ENDS,
    Message,
    binary,
    heartbeats,
    read_all,
    send,
    structured,
)
from tests.integration.worker import Worker

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord
    from aiokafka.structs import RecordMetadata

    from monitor.core.reading import Reading

LARGEST = MESSAGE_BYTES_MAX - 1000  # but for key, headers and what a batch adds
TOPIC = "cx.conversations"
HEADERS = (("trace", b"\x00\xff"), ("trace", b""), ("nothing", None), ("é", b"e"))
DICE = random.Random(7)  # noqa: S311 - it hides nothing


def claim(**changes: Any) -> dict[str, Any]:
    """A claim of resolution in structured form; None takes an attribute away."""
    event = {
        "specversion": "1.0",
        "id": f"claim-{DICE.randrange(10**12)}",
        "source": "desk",
        "type": "cx.resolution.claimed.v1",
        "time": ENDS.isoformat(),
        "partitionkey": "ann",
        "data": {
            "conversation_id": "c1",
            "customer_ref": "ann",
            "by": "human",
            "basis": "status_change",
        },
    }
    return {name: value for name, value in (event | changes).items() if value is not None}


def raw(value: bytes | None) -> Message:
    return Message(TOPIC, b"ann", value, HEADERS)


def with_headers(message: Message, *headers: tuple[str, Any]) -> Message:
    return replace(message, headers=(*message.headers, *headers))


def changed(**changes: Any) -> Message:
    return structured(TOPIC, claim(**changes))


WHOLE = json.dumps(claim()).encode()
BAD: list[tuple[str, Reason, Message]] = [
    ("no value", Reason.EMPTY, raw(None)),
    ("an empty value", Reason.EMPTY, raw(b"")),
    ("5 MB", Reason.TOO_LARGE, raw(DICE.randbytes(5_000_000))),
    ("5 MB of good JSON", Reason.TOO_LARGE, raw(WHOLE + b" " * 5_000_000)),
    ("as large as the broker takes", Reason.TOO_LARGE, raw(bytes(LARGEST))),
    ("random bytes", Reason.NOT_JSON, raw(DICE.randbytes(300))),
    ("truncated JSON", Reason.NOT_JSON, raw(WHOLE[:-20])),
    ("two events in one", Reason.NOT_JSON, raw(WHOLE + WHOLE)),
    ("a number that is none", Reason.NOT_JSON, raw(WHOLE.replace(b'"1.0"', b"NaN"))),
    ("lists without end", Reason.NOT_JSON, raw(b"[" * 200_000)),
    ("half a surrogate pair", Reason.NOT_JSON, raw(WHOLE.replace(b"c1", b"\\ud800"))),
    ("binary mode, bad JSON", Reason.NOT_JSON, replace(binary(TOPIC, claim()), value=b"{")),
    ("a list", Reason.NOT_AN_EVENT, raw(b"[1, 2]")),
    ("a number", Reason.NOT_AN_EVENT, raw(b"7")),
    ("no type", Reason.NOT_AN_EVENT, changed(type=None)),
    ("no id", Reason.NOT_AN_EVENT, changed(id=None)),
    ("an id without end", Reason.NOT_AN_EVENT, changed(id="x" * 300)),
    (
        "a ce_ header that is not UTF-8",
        Reason.NOT_AN_EVENT,
        with_headers(binary(TOPIC, claim()), ("ce_subject", b"\xff\xfe")),
    ),
    (
        "a ce_ header twice",
        Reason.NOT_AN_EVENT,
        with_headers(binary(TOPIC, claim()), ("ce_time", b"2025-01-01T00:00:00Z")),
    ),
    ("no time", Reason.MISSING_TIME, changed(time=None)),
    ("a time that is none", Reason.INVALID_TIME, changed(time="yesterday")),
    ("a time without an offset", Reason.INVALID_TIME, changed(time="2025-05-01T10:00:00")),
    ("year 1", Reason.TIME_OUT_OF_RANGE, changed(time="0001-01-01T00:00:00Z")),
    ("year 9999", Reason.TIME_OUT_OF_RANGE, changed(time="9999-12-31T23:59:59Z")),
    ("an unknown type", Reason.UNKNOWN_TYPE, changed(type="cx.moon.risen.v1")),
    ("a type that is a list", Reason.NOT_AN_EVENT, changed(type=["cx.moon.risen.v1"])),
    ("an unknown version", Reason.UNKNOWN_VERSION, changed(type="cx.resolution.claimed.v9")),
    ("another topic's event", Reason.WRONG_TOPIC, structured("cx.handoffs", claim())),
    ("data that is text", Reason.INVALID_DATA, changed(data="solved")),
    ("data of wrong types", Reason.INVALID_DATA, changed(data={"conversation_id": 7, "by": []})),
    ("no data", Reason.INVALID_DATA, changed(data=None)),
]
NAMES = [name for name, _, _ in BAD]


def good() -> list[Message]:
    """Events of all other results: applied, repeated, late, and far too late."""
    once = changed(id="once")
    passed = heartbeats(1, ENDS + timedelta(hours=1))
    late = [changed(id="late"), changed(id="later", time="2025-01-01T00:00:00Z")]
    return [once, once, *passed, *late]


@dataclass(frozen=True)
class Run:
    """Where the bad records lay, how they were set aside, and what was counted."""

    sent: list[RecordMetadata]
    letters: dict[tuple[str, int, int], ConsumerRecord[bytes, bytes]]
    reading: Reading
    received: int


@pytest.fixture(scope="module", params=["embedded", "apache"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    directory = tmp_path_factory.mktemp("worker")
    with (
        unused_broker(request) as bootstrap,
        Worker(bootstrap, f"bad-{uuid4()}", directory) as worker,
    ):
        sent = asyncio.run(send(bootstrap, [message for _, _, message in BAD]))
        received = len(sent)
        # One by one: what is late depends on what was read before.
        for message in good():
            asyncio.run(send(bootstrap, [message]))
            received += 1
            wait_until_received(worker, received)
        reading = worker.reading()
        assert worker.stop() == 0
        letters = asyncio.run(read_all(bootstrap, DEAD_LETTERS))
    return Run(sent, {origin(letter): letter for letter in letters}, reading, received)


def wait_until_received(worker: Worker, number: int) -> None:
    worker.wait_until(lambda: total(worker.reading(), "cx_events_total") >= number)


def origin(letter: ConsumerRecord[bytes, bytes]) -> tuple[str, int, int]:
    told = DeadLetter.from_headers(dict(letter.headers))
    return told.topic, told.partition, told.offset


@pytest.mark.parametrize("name", NAMES)
def test_it_is_set_aside_whole_and_with_the_reason(run: Run, name: str) -> None:
    number = NAMES.index(name)
    _, reason, message = BAD[number]
    where = run.sent[number]
    letter = run.letters[where.topic, where.partition, where.offset]

    assert letter.value == message.value
    assert letter.key == message.key
    assert letter.headers[: len(message.headers)] == message.headers
    added = [header for header, _ in letter.headers[len(message.headers) :]]
    assert added == [f"dl_{field}" for field in DeadLetter.model_fields]
    assert DeadLetter.from_headers(dict(letter.headers)).reason == reason


def test_nothing_else_is_set_aside(run: Run) -> None:
    assert len(run.letters) == len(BAD)


def test_what_was_received_adds_up(run: Run) -> None:
    results = by(run.reading, "cx_events_total", 2)
    assert results.pop("invalid") == total(run.reading, "cx_dead_letters_total") == len(BAD)
    assert results == {"applied": 13, "duplicate": 1, "late_applied": 1, "late_dropped": 1}
    assert sum(results.values()) + len(BAD) == run.received


def test_reasons_are_counted(run: Run) -> None:
    reasons = [str(reason) for _, reason, _ in BAD]
    want = {reason: float(reasons.count(reason)) for reason in sorted(set(reasons))}
    assert by(run.reading, "cx_dead_letters_total", 1) == want
