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

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from monitor.operator_error import OperatorError
from monitor.shell import log
from monitor.shell.refusal import why_refused
from monitor.shell.topic_reader import records_of
from monitor.shell.topics import DEAD_LETTER_BYTES_MAX, DEAD_LETTERS, exists
from schemas.published import DeadLetter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Sequence

    from aiokafka import ConsumerRecord

    from monitor.shell.access import Access

    Headers = Sequence[tuple[str, bytes | None]]

_PLACE = re.compile(r"([0-9]{1,9})/([0-9]{1,18})")
# Ours, which say why, come after those that came.
_OURS = len(DeadLetter.model_fields)
_ANSWERED_WITHIN_SECONDS = 15


class DeadLetterError(OperatorError):
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


async def letters(access: Access, seen: Callable[[int, int], None]) -> AsyncIterator[Kept]:
    """All dead letters there are now, of each partition from the oldest on.

    Args:
        access: the way to the broker.
        seen: is told how many were read, and how many there may be.

    Raises:
        DeadLetterError: the topic does not exist.
        SettingsError: nobody answers there, or lets us in.
    """
    await _require_topic(access)
    there = records_of(access, [DEAD_LETTERS.name], seen, bytes_max=DEAD_LETTER_BYTES_MAX)
    async for record in there:
        letter = kept_in(record)
        if letter is not None:
            yield letter


async def chosen(
    access: Access, places: Collection[Place], seen: Callable[[int, int], None]
) -> list[Kept]:
    """The dead letters at these places.

    Raises:
        DeadLetterError: nothing lies at one of them.
    """
    found = {one.place: one async for one in letters(access, seen) if one.place in places}
    missing = [str(place) for place in places if place not in found]
    if missing:
        raise DeadLetterError(
            f"no dead letter at {', '.join(missing)}; fix: outcome-monitor dead-letters list"
        )
    return [found[place] for place in places]


async def redrive(access: Access, wanted: Sequence[Kept], sent: Callable[[int], None]) -> None:
    """Send records again to where they came from, one by one, in this order.

    Args:
        access: the way to the broker.
        wanted: what to send.
        sent: is told after each how many are there.

    Raises:
        DeadLetterError: the broker refuses one. The message says how many were sent before it.
    """
    producer = AIOKafkaProducer(**access.client, acks="all", max_request_size=DEAD_LETTER_BYTES_MAX)
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


async def _require_topic(access: Access) -> None:
    try:
        async with asyncio.timeout(_ANSWERED_WITHIN_SECONDS):
            there = await exists(access, DEAD_LETTERS)
    except (KafkaError, TimeoutError):
        raise await why_refused(access) from None
    if not there:
        raise DeadLetterError(
            f"{access.bootstrap} has no topic {DEAD_LETTERS.name}; fix: name the broker by "
            "OUTCOME_MONITOR_KAFKA_BOOTSTRAP, or start a worker, which makes its topics"
        )


def kept_in(record: ConsumerRecord[bytes, bytes]) -> Kept | None:
    """The dead letter in a record; None if somebody else wrote it there, which is said."""
    place = Place(record.partition, record.offset)
    try:
        why = DeadLetter.from_headers(dict(record.headers[-_OURS:]))
    except (KeyError, ValueError, AttributeError):  # it lacks one, or one is no text or empty
        log.operator.warning("passed over: %s is no dead letter of ours", place)
        return None
    return Kept(place, why, record.key, record.value, record.headers[:-_OURS])
