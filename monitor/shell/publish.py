"""Writes outcomes, findings and dead letters to their topics.

Rule: customers leave the process only as keyed hashes. What is published may be published again
after a crash, with the same ids.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING, cast

from monitor.shell.raw_records import writable
from monitor.shell.topics import DEAD_LETTERS, FINDINGS, OUTCOMES
from schemas.published import Finding

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from faust.types import AppT
    from faust.types.tuples import RecordMetadata

    from monitor.core.outputs import Published
    from monitor.shell.partition import Letter, OwnedPartition

_HASH_CHARACTERS = 32


class Publisher:
    """Publishes what partitions have put out."""

    def __init__(self, app: AppT, hash_key: bytes) -> None:
        """Publish through the producer of ``app``."""
        self._app = app
        self._hash_key = hash_key

    async def publish(self, number: int, partition: OwnedPartition) -> None:
        """Write everything a partition has put out, and wait until it is acknowledged."""
        published, letters = partition.take_unpublished()
        sent = [await self._send(number, output) for output in published]
        sent += [await self._send_letter(number, letter) for letter in letters]
        await asyncio.gather(*sent)

    def _send(self, number: int, output: Published) -> Awaitable[Awaitable[RecordMetadata]]:
        topic = FINDINGS if isinstance(output, Finding) else OUTCOMES
        hidden = hide(self._hash_key, output)
        return self._app.producer.send(
            topic.name,
            key=hidden.journey.encode(),
            value=hidden.model_dump_json(exclude_none=True).encode(),
            partition=number,
            # The broker's clock decides about retention; when it happened is in the value.
            timestamp=None,
            headers={"content-type": b"application/json"},
        )

    def _send_letter(self, number: int, letter: Letter) -> Awaitable[Awaitable[RecordMetadata]]:
        came = [(writable(name), content) for name, content in letter.headers]
        return self._app.producer.send(
            DEAD_LETTERS.name,
            key=letter.key,
            value=letter.value,
            partition=number,
            timestamp=None,
            # A header may have no value, of which Faust's types do not know.
            headers=cast("list[tuple[str, bytes]]", [*came, *letter.reason.headers()]),
        )


def hide(key: bytes, output: Published) -> Published:
    """The output with everything that was made from a customer reference under the key."""
    names = ("id", "journey", "replaces")
    made = {name: getattr(output, name, None) for name in names}
    return output.model_copy(
        update={name: keyed_hash(key, text) for name, text in made.items() if text is not None}
    )


def keyed_hash(key: bytes, text: str) -> str:
    """A name for a customer's journey that only the holder of the key can make."""
    return hmac.digest(key, text.encode(), "sha256").hex()[:_HASH_CHARACTERS]
