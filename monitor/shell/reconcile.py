"""Reads from the topics what a comparison wants to see."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError

from monitor.core.moments import HOUR
from monitor.shell.refusal import why_refused
from monitor.shell.topic_reader import records_of
from monitor.shell.topics import TopicError, admin_client
from schemas.decode import TOPICS

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.core.moments import Moment
    from monitor.shell.access import Access
    from monitor.shell.drift import Comparison

_CLOCKS_APART: Moment = HOUR
_ANSWERED_WITHIN_SECONDS = 15


async def see_topics(
    access: Access, comparison: Comparison, begin: Moment, seen: Callable[[int, int], None]
) -> None:
    """Show a comparison all records that can tell of what happened from a moment on.

    What happened can be written at any time after that, so the range has a beginning only: an hour
    before the moment, for the clocks of producers differ.

    Raises:
        SettingsError: nobody answers at the address, or lets us in.
        TopicError: a topic does not exist.
    """
    await _require_topics(access)
    async for record in records_of(access, TOPICS, seen, since=begin - _CLOCKS_APART):
        comparison.see(record)
    comparison.end()


async def _require_topics(access: Access) -> None:
    """To begin reading might make them, without their settings."""
    try:
        async with (
            asyncio.timeout(_ANSWERED_WITHIN_SECONDS),
            admin_client(access) as client,
        ):
            there = await client.list_topics()
    except (KafkaError, TimeoutError):
        raise await why_refused(access) from None
    missing = [topic for topic in TOPICS if topic not in there]
    if missing:
        raise TopicError(
            f"{access.bootstrap} has no topic {', '.join(missing)}; fix: outcome-monitor topics "
            "create, or name the broker by OUTCOME_MONITOR_KAFKA_BOOTSTRAP"
        )
