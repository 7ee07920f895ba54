"""The load: stories of the whole contract, laid over each other, as disordered as is allowed.

Stories are the simulation's, with names of their own. All references of one story live in one
partition, for what moves between partitions takes its time by the clock, and a replay has none.
Nothing is later than the allowed lateness, so the order of topics cannot matter.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer

from monitor.core.policy import Policy
from monitor.shell.topics import partition_of
from schemas.decode import FOLLOWUPS, TOPICS
from tests.integration.traffic import Message
from tests.sim.journeys import story
from tests.sim.pen import DAY, EPOCH, HOUR, SECOND, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.sim.pen import Record

PARTITIONS = 12
CLOSING = "closing"
LATENESS = Policy().lateness

# Far enough back that what is pushed over all deadlines still lies in the past.
_BACK = -730 * DAY
_SPREAD = 30 * DAY
_BEAT_EVERY = DAY
_REPEATED, _POISON = 0.04, 0.01
_TIME = re.compile(r"\d{4}-\d\d-\d\dT")
_REFERENCES = {"customer_ref", "other_ref", "partitionkey"}
_CONVERSATIONS = {"conversation_id", "into", "in_reply_to"}


@dataclass(frozen=True, slots=True)
class Load:
    """Everything that is sent while faults happen, and the moment after its last event."""

    messages: list[Message]
    ends: int


def load(seed: int, events: int) -> Load:
    """Lay stories over each other until there are so many events.

    All of them are broken off at one moment, so that many journeys are open when it has come.
    """
    dice = Random(f"load {seed}")  # noqa: S311 - it hides nothing
    arriving: list[tuple[int, int, Message]] = []
    broken_off = _Tale(seed, 0).begins + _SPREAD
    ends = number = 0
    while len(arriving) < events:
        tale = _Tale(seed, number)
        for at, topic, record in tale.events(dice.randrange(_SPREAD)):
            if at > broken_off:
                continue
            ends = max(ends, at)
            message = _message(dice, topic, record, tale.home)
            arrival = at + dice.randrange(LATENESS - SECOND)
            arriving.append((arrival, len(arriving), message))
            if dice.random() < _REPEATED:
                again = arrival + dice.choice((0, SECOND, HOUR, 2 * DAY))
                arriving.append((min(again, ends), len(arriving), message))
            if dice.random() < _POISON:
                arriving.append((arrival, len(arriving), _poison(dice)))
        number += 1
    begins = min(arriving)[0]
    for beat, at in enumerate(range(begins, ends, _BEAT_EVERY)):
        arriving += [(at, len(arriving), one) for one in beats(f"beat-{beat}", at)]
    arriving.sort(key=lambda one: one[:2])
    return Load([message for *_, message in arriving], ends)


def beats(name: str, at: int) -> Iterator[Message]:
    """One for each partition of each topic, and the ledger's: what happened before was sent."""
    for topic in TOPICS:
        for producer in ("desk", "ledger") if topic == FOLLOWUPS else ("desk",):
            record = {
                "specversion": "1.0",
                "id": f"{name}-{producer}",
                "source": "chaos",
                "type": "cx.heartbeat.v1",
                "time": text_of(at),
                "data": {"producer": producer},
            }
            for partition in range(PARTITIONS):
                yield Message(topic, None, json.dumps(record).encode(), partition=partition)


def closing(at: int) -> list[Message]:
    """Heartbeats that carry every partition's event time a microsecond over a moment."""
    return list(beats(f"{CLOSING}-{at}", at + LATENESS + 1))


class _Tale:
    """One story with names that no other has, all of them at home in one partition."""

    def __init__(self, seed: int, number: int) -> None:
        self.home = number % PARTITIONS
        self._number = number
        self._said = story(seed * 100_003 + number)
        self._names: dict[tuple[str, str], str] = {}

    @property
    def begins(self) -> int:
        """When it does, if it is not moved to later."""
        return min(said.at for said in self._said) + _BACK

    def events(self, later: int) -> Iterator[tuple[int, str, Record]]:
        """What is told, each with its moment and topic; heartbeats are not a story's."""
        for said in self._said:
            if said.record["type"] != "cx.heartbeat.v1":
                at = said.at + _BACK + later
                yield at, said.topic, self._rewritten(said.record, _BACK + later)

    def _rewritten(self, record: Record, shift: int) -> Record:
        return {name: self._value(name, value, shift) for name, value in record.items()}

    def _value(self, name: str, value: Any, shift: int) -> Any:
        if isinstance(value, dict):
            return self._rewritten(value, shift)
        if not isinstance(value, str):
            return value
        if name in _REFERENCES:
            return self._at_home("", value)
        if name in _CONVERSATIONS:
            return self._at_home("~", value)
        if name == "id" or name.endswith("_id"):
            return f"{self._number}-{value}"
        if _TIME.match(value):
            microseconds = (datetime.fromisoformat(value) - EPOCH) // timedelta(microseconds=1)
            return text_of(microseconds + shift)
        return value

    def _at_home(self, mark: str, name: str) -> str:
        """Another name, whose events, or those of its nameless customer, are at home."""
        if (mark, name) not in self._names:
            tries = (f"{self._number}-{name}-{count}" for count in range(100_000))
            self._names[mark, name] = next(
                one for one in tries if partition_of(f"{mark}{one}", PARTITIONS) == self.home
            )
        return self._names[mark, name]


def _message(dice: Random, topic: str, record: Record, home: int) -> Message:
    reference = record["data"].get("customer_ref") or record.get("partitionkey")
    key = str(reference or record["data"].get("conversation_id", "")).encode()
    if dice.random() < 0.5:
        headers: list[tuple[str, bytes | None]] = [("content-type", b"application/json")]
        headers += [(f"ce_{name}", str(x).encode()) for name, x in record.items() if name != "data"]
        return Message(topic, key, json.dumps(record["data"]).encode(), tuple(headers), home)
    return Message(topic, key, json.dumps(record).encode(), partition=home)


def _poison(dice: Random) -> Message:
    spoiled = dice.choice(
        (
            None,
            dice.randbytes(30),
            b"[1, 2]",
            b'{"specversion": "1.0"',
            b'{"specversion": "1.0", "type": "cx.unheard.of.v1", "id": "1", "source": "x"}',
            b'{"specversion": "1.0", "type": "cx.heartbeat.v1", "id": "1", "source": "x"}',
        )
    )
    # A record with neither key nor value is one that no client sends.
    key = dice.choice((None if spoiled else b"", b"key", dice.randbytes(4)))
    return Message(dice.choice(TOPICS), key, spoiled, partition=dice.randrange(PARTITIONS))


class Sender:
    """Sends the load at an even pace, from a thread of its own, whatever the broker does."""

    def __init__(self, bootstrap: str, messages: Sequence[Message], seconds: float) -> None:
        """Nothing is sent before ``start``."""
        self.sent = 0
        self._bootstrap = bootstrap
        self._messages = messages
        self._seconds = seconds
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        """Wait until everything is acknowledged; raise what stood in the way of that."""
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            asyncio.run(self._send())
        except BaseException as error:  # noqa: BLE001 - `join` raises it
            self._error = error

    async def _send(self) -> None:
        # A broker that is away for long is no reason to give up, and a repeat would be late.
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            enable_idempotence=True,
            linger_ms=5,
            request_timeout_ms=600_000,
        )
        began = time.monotonic()
        async with producer:
            acknowledged = []
            while self.sent < len(self._messages):
                share = min(1, (time.monotonic() - began) / self._seconds) if self._seconds else 1
                for message in self._messages[self.sent : int(share * len(self._messages))]:
                    acknowledged.append(
                        await producer.send(
                            *(message.topic, message.value, message.key, message.partition),
                            headers=list(message.headers),
                        )
                    )
                    self.sent += 1
                await asyncio.sleep(0.05)
            await asyncio.gather(*acknowledged)


def send(bootstrap: str, messages: Sequence[Message]) -> None:
    """Send at once, and wait until everything is acknowledged."""
    sender = Sender(bootstrap, messages, seconds=0)
    sender.start()
    sender.join()
