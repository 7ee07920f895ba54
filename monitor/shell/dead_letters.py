"""Dead letters as an operator sees them: which there are, what one holds, and sending them again.

Rule: a dead letter stays where it is. What is sent again goes to the partition it came from, with
the key, value and headers it came with, and is read like any other record. If it is still wrong,
it becomes a dead letter again, at another place; if it was an event after all, its id protects it
from being counted twice.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from monitor.shell import log
from monitor.shell.topics import DEAD_LETTER_BYTES_MAX, DEAD_LETTERS, exists, no_answer
from schemas.published import DeadLetter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Sequence

    from aiokafka import ConsumerRecord

    Headers = Sequence[tuple[str, bytes | None]]

_PLACE = re.compile(r"([0-9]{1,9})/([0-9]{1,18})")
# Ours, which say why, come after those that came.
_OURS = len(DeadLetter.model_fields)
_WAIT_MILLISECONDS = 200
_ANSWERED_WITHIN_SECONDS = 15


class DeadLetterError(Exception):
    """The dead letters cannot be had, or one of those that were named. The message says why."""


class Place(NamedTuple):
    """Where a dead letter lies on its topic."""

    partition: int
    offset: int

    def __str__(self) -> str:
        """As it is written on the command line."""
        return f"{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that was set aside: where it lies, why, and what came."""

    place: Place
    why: DeadLetter
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def size(self) -> int:
        """The bytes of its value."""
        return len(self.value or b"")


def place_of(text: str) -> Place:
    """A place from its text.

    Raises:
        DeadLetterError: it is none.
    """
    written = _PLACE.fullmatch(text)
    if written is None:
        raise DeadLetterError(
            f"{text}: no dead letter's place; fix: give PARTITION/OFFSET as `list` shows it"
        )
    return Place(int(written[1]), int(written[2]))


async def letters(bootstrap: str, seen: Callable[[int, int], None]) -> AsyncIterator[Kept]:
    """All dead letters there are now, of each partition from the oldest on.

    Args:
        bootstrap: the broker's address.
        seen: is told how many were read, and how many there may be.

    Raises:
        DeadLetterError: the topic does not exist.
        SettingsError: nobody answers there.
    """
    await _require_topic(bootstrap)
    # Without a group it is given all partitions.
    consumer = AIOKafkaConsumer(
        DEAD_LETTERS.name,
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=DEAD_LETTER_BYTES_MAX,
    )
    try:
        async with asyncio.timeout(_ANSWERED_WITHIN_SECONDS):
            await consumer.start()
        partitions = consumer.assignment()
        read = 0
        while open_ := [one for one in partitions if not await _is_read(consumer, one)]:
            runs = await consumer.getmany(*open_, timeout_ms=_WAIT_MILLISECONDS)
            for record in (record for run in runs.values() for record in run):
                read += 1
                letter = kept_in(record)
                if letter is not None:
                    yield letter
            seen(read, sum(consumer.highwater(one) or 0 for one in partitions))
    except (KafkaError, TimeoutError):
        raise no_answer(bootstrap) from None
    finally:
        await consumer.stop()


async def chosen(
    bootstrap: str, places: Collection[Place], seen: Callable[[int, int], None]
) -> list[Kept]:
    """The dead letters at these places.

    Raises:
        DeadLetterError: nothing lies at one of them.
    """
    found = {one.place: one async for one in letters(bootstrap, seen) if one.place in places}
    missing = [str(place) for place in places if place not in found]
    if missing:
        raise DeadLetterError(
            f"no dead letter at {', '.join(missing)}; fix: outcome-monitor dead-letters list"
        )
    return [found[place] for place in places]


async def redrive(bootstrap: str, wanted: Sequence[Kept], sent: Callable[[int], None]) -> None:
    """Send records again to where they came from, one by one, in this order.

    Args:
        bootstrap: the broker's address.
        wanted: what to send.
        sent: is told after each how many are there.

    Raises:
        DeadLetterError: the broker refuses one. The message says how many were sent before it.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_request_size=DEAD_LETTER_BYTES_MAX
    )
    number = 0
    try:
        await producer.start()
        for number, one in enumerate(wanted):
            await producer.send_and_wait(
                one.why.topic,
                key=one.key,
                value=one.value,
                headers=list(one.headers),
                partition=one.why.partition,
            )
            sent(number + 1)
    except (KafkaError, AssertionError) as error:
        # The client asserts that a partition exists.
        raise DeadLetterError(
            f"{wanted[number].place} could not be sent to {wanted[number].why.topic}, after "
            f"{number} that were: {error or 'it has no such partition any more'}"
        ) from None
    finally:
        await producer.stop()


async def _require_topic(bootstrap: str) -> None:
    try:
        async with asyncio.timeout(_ANSWERED_WITHIN_SECONDS):
            there = await exists(bootstrap, DEAD_LETTERS)
    except (KafkaError, TimeoutError):
        raise no_answer(bootstrap) from None
    if not there:
        raise DeadLetterError(
            f"{bootstrap} has no topic {DEAD_LETTERS.name}; fix: name the broker by "
            "OUTCOME_MONITOR_KAFKA_BOOTSTRAP, or start a worker, which makes its topics"
        )


async def _is_read(consumer: AIOKafkaConsumer, partition: TopicPartition) -> bool:
    """Whether all of a partition has been read that is decided; fetches tell how far that is."""
    end, stable = consumer.highwater(partition), consumer.last_stable_offset(partition)
    if end is None:
        return False
    return bool(await consumer.position(partition) >= (end if stable is None else min(end, stable)))


def kept_in(record: ConsumerRecord[bytes, bytes]) -> Kept | None:
    """The dead letter in a record; None if somebody else wrote it there, which is said."""
    place = Place(record.partition, record.offset)
    try:
        why = DeadLetter.from_headers(dict(record.headers[-_OURS:]))
    except (KeyError, ValueError, AttributeError):  # it lacks one, or one is no text or empty
        log.operator.warning("passed over: %s is no dead letter of ours", place)
        return None
    return Kept(place, why, record.key, record.value, record.headers[:-_OURS])
