"""Writes events to the topics that the worker reads.

Rule: an event is written when every replica in sync has it, and not before.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, UnknownError, UnsupportedVersionError

from monitor.operator_error import FailureError
from monitor.shell import log
from monitor.shell.access import access_of
from monitor.shell.topics import INPUTS, see_to_topics
from schemas.decode import TOPIC_OF

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.adapters.records import Event
    from monitor.shell.access import Access
    from monitor.shell.settings import Settings

_AT_ONCE = 1_000
_WRITE_SECONDS = 60.0
_STOP_SECONDS = 5.0
_HEADERS = [("content-type", b"application/cloudevents+json")]


class OutletError(FailureError):
    """Kafka does not take the events. The message says how many it has."""


class Outlet:
    """A producer of events, idempotent where the broker can: no retry doubles or overtakes one."""

    def __init__(self, settings: Settings) -> None:
        """Connect by ``async with``; the topics are made if the settings want it, and checked."""
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        await see_to_topics(self._settings, INPUTS)
        access = access_of(self._settings)
        try:
            self._producer = await _started(access, idempotent=True)
        except (UnknownError, UnsupportedVersionError):
            # Tansu's memory engine refuses to number its producers.
            log.operator.warning(
                "the broker numbers no producers: a retry may write an event twice"
            )
            self._producer = await _started(access, idempotent=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._producer is not None:
            # It would wait for a broker that is away for as long as it takes.
            with suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS):
                    await self._producer.stop()

    async def write(self, events: Iterable[Event]) -> None:
        """Write events, in their order for each customer; returns when all are acknowledged.

        Raises:
            KafkaError: one could not be written. Others may have been.
        """
        producer = self._producer
        assert producer is not None, "it is connected"
        sent = [
            await producer.send(
                TOPIC_OF[event["type"]],
                packed(event),
                None if (key := key_of(event)) is None else key.encode(),
                headers=_HEADERS,
            )
            for event in events
        ]
        # To gather costs more than to wait, and most requests have one event.
        await (sent[0] if len(sent) == 1 else asyncio.gather(*sent))

    async def answers(self) -> bool:
        """Whether Kafka answers, and every partition of the topics has a leader."""
        assert self._producer is not None, "it is connected"
        client = self._producer.client
        names = [topic.name for topic in INPUTS]
        for name in names:
            await client.add_topic(name)
        if not await client.force_metadata_update():
            return False
        found = client.cluster
        return all(
            found.partitions_for_topic(name)
            and found.partitions_for_topic(name) == found.available_partitions_for_topic(name)
            for name in names
        )


def packed(event: Event) -> bytes:
    """Give an event as it is written."""
    return json.dumps(event, separators=(",", ":")).encode()


def key_of(event: Event) -> str | None:
    """Give the customer; where nobody knows him, the conversation stands for itself."""
    data = event["data"]
    names = (event.get("partitionkey"), data.get("customer_ref"), data.get("conversation_id"))
    return next((name for name in names if name), None)


async def _started(access: Access, *, idempotent: bool) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(**access.client, acks="all", enable_idempotence=idempotent)
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer


def write_all(settings: Settings, events: Iterable[Event]) -> int:
    """Write events from start to end, and give how many there were.

    Raises:
        OutletError: Kafka does not take them all.
        SettingsError: Kafka is not there.
        TopicError: a topic is not as it should be.
    """
    return asyncio.run(_write_all(settings, iter(events)))


async def _write_all(settings: Settings, events: Iterable[Event]) -> int:
    written = 0
    try:
        async with Outlet(settings) as outlet:
            while some := list(islice(events, _AT_ONCE)):
                async with asyncio.timeout(_WRITE_SECONDS):
                    await outlet.write(some)
                written += len(some)
    except (KafkaError, TimeoutError) as error:
        why = error if isinstance(error, KafkaError) else f"nothing for {_WRITE_SECONDS:g} s"
        raise OutletError(
            f"{settings.kafka_bootstrap} has acknowledged {written:,} events, then: {why}; "
            "fix: run it again, for an event that comes twice counts once"
        ) from error
    return written
