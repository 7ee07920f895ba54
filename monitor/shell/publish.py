"""Writes outcomes, findings and dead letters to their topics, and outcomes once more as events.

Rule: customers leave the process only as keyed hashes. What is published may be published again
after a crash, with the same ids.
"""

from __future__ import annotations

import asyncio
import hmac
from time import monotonic
from typing import TYPE_CHECKING, Any

from monitor.core.notes import encode
from monitor.shell.raw_records import writable
from monitor.shell.topics import DEAD_LETTERS, EVALUATIONS, FINDINGS, OUTCOMES, partition_of
from schemas.evaluations import evaluation_of
from schemas.making import changed
from schemas.published import HASH_CHARACTERS, Finding

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from aiokafka.structs import RecordMetadata
    from faust.types import AppT
    from faust.types.tuples import RecordMetadata as Sent

    from monitor.core.notes import Note
    from monitor.core.outputs import Published
    from monitor.shell.partition import Letter, OwnedPartition
    from monitor.shell.topics import Topic
    from monitor.shell.writers import Writer

# So long a partition publishes before others get their turn. In front of a backlog theirs is a part
# of a batch, which takes a few times as long.
_TURN_SECONDS = 0.005


class Publisher:
    """Publishes what partitions have put out."""

    def __init__(self, app: AppT, hash_key: bytes, notes: str, partitions: int) -> None:
        """Publish through the producer of ``app``; ``notes`` is a topic of so many partitions."""
        self._app = app
        self._hash_key = hash_key
        self._notes = notes
        self._partitions = partitions

    def take(self, partition: OwnedPartition) -> Callable[[Writer], Coroutine[Any, Any, None]]:
        """Take everything a partition has put out; what is returned writes it, and waits for it."""
        published, letters = partition.take_unpublished()
        return lambda writer: self._publish(published, letters, writer)

    async def _publish(
        self, published: list[Published], letters: list[Letter], writer: Writer
    ) -> None:
        sent = []
        ends = monotonic() + _TURN_SECONDS
        for output in published:
            if monotonic() >= ends:
                # The client takes records without giving way to others.
                await asyncio.sleep(0)
                ends = monotonic() + _TURN_SECONDS
            hidden = hide(self._hash_key, output)
            sent += [
                await _send(writer, topic, hidden.journey, value)
                for topic, value in records_of(hidden)
            ]
        sent += [await _send_letter(writer, letter) for letter in letters]
        await asyncio.gather(*sent)

    async def post(self, partition: OwnedPartition) -> bool:
        """Send the notes that are durable to whom they are for; says whether there were any.

        They name customers, and stay within the group.
        """
        notes = partition.notes()
        sent = [await self._send_note(note) for note in notes]
        await asyncio.gather(*sent)
        partition.posted(notes)
        return bool(notes)

    def _send_note(self, note: Note) -> Awaitable[Awaitable[Sent]]:
        return self._app.producer.send(
            self._notes,
            key=note.to.encode(),
            value=encode(note),
            partition=partition_of(note.to, self._partitions),
            timestamp=None,
            headers={},
        )


async def _send(
    writer: Writer, topic: Topic, journey: str, value: bytes
) -> Awaitable[RecordMetadata]:
    return await writer.send(
        topic.name,
        key=journey.encode(),
        value=value,
        headers=[("content-type", b"application/json")],
    )


async def _send_letter(writer: Writer, letter: Letter) -> Awaitable[RecordMetadata]:
    came = [(writable(name), content) for name, content in letter.headers]
    return await writer.send(
        DEAD_LETTERS.name,
        key=letter.key,
        value=letter.value,
        headers=[*came, *letter.reason.headers()],
    )


def records_of(output: Published) -> list[tuple[Topic, bytes]]:
    """What is written of an output, and where."""
    value = output.model_dump_json(exclude_none=True).encode()
    if isinstance(output, Finding):
        return [(FINDINGS, value)]
    return [(OUTCOMES, value), (EVALUATIONS, evaluation_of(output))]


def hide(key: bytes, output: Published) -> Published:
    """The output with everything that was made from a customer reference under the key."""
    told = vars(output)
    made = {name: told[name] for name in ("id", "journey", "replaces")}
    return changed(
        output, {name: keyed_hash(key, text) for name, text in made.items() if text is not None}
    )


def keyed_hash(key: bytes, text: str) -> str:
    """A name for a customer's journey that only the holder of the key can make."""
    return hmac.digest(key, text.encode(), "sha256").hex()[:HASH_CHARACTERS]
