"""The product's topics, as data, and how they come to be on a broker.

Rule: a topic that exists is never changed. One that is not as we need it is named in an
error, with what was found and what is wanted, and the operator decides.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, NoError, TopicAlreadyExistsError, for_code
from aiokafka.partitioner import murmur2

from monitor.core.notes import NOTE_BYTES_MAX
from monitor.operator_error import OperatorError
from monitor.shell.access import access_of
from monitor.shell.changelog import COMPACTION_LAG_MILLISECONDS
from monitor.shell.refusal import why_refused
from schemas import decode, evaluations, published

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from monitor.shell.access import Access
    from monitor.shell.settings import Settings

RETENTION = timedelta(days=35)  # the longest horizon, 30 days, and time to come back to it

# A dead letter is the original message, up to 16 MiB, and our headers that say what was wrong.
_AROUND_BYTES_MAX = 64 * 1024
DEAD_LETTER_BYTES_MAX = 16 * 1024 * 1024 + _AROUND_BYTES_MAX

_UNTIL_KNOWN = timedelta(seconds=15)
_ANSWERED_WITHIN = timedelta(seconds=20)


class TopicError(OperatorError):
    """A topic is not as we need it, or could not be made; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, and in which settings it differs from the broker's own."""

    name: str
    settings: Mapping[str, str] = field(default_factory=dict)


# Every event and every output counts by itself: compaction would keep the last one only.
_LOG = {
    "cleanup.policy": "delete",
    "retention.ms": str(RETENTION // timedelta(milliseconds=1)),
}

CONVERSATIONS = Topic(decode.CONVERSATIONS, _LOG)
HANDOFFS = Topic(decode.HANDOFFS, _LOG)
FOLLOWUPS = Topic(decode.FOLLOWUPS, _LOG)
OUTCOMES = Topic(published.OUTCOMES, _LOG)
FINDINGS = Topic(published.FINDINGS, _LOG)
EVALUATIONS = Topic(evaluations.EVALUATIONS, _LOG)
DEAD_LETTERS = Topic(
    published.DEAD_LETTERS, _LOG | {"max.message.bytes": str(DEAD_LETTER_BYTES_MAX)}
)

# What is older would be too late for its customer anyhow, and it names them.
_NOTES_RETENTION = timedelta(days=7)
_NOTES = {
    "cleanup.policy": "delete",
    "retention.ms": str(_NOTES_RETENTION // timedelta(milliseconds=1)),
    "max.message.bytes": str(NOTE_BYTES_MAX + _AROUND_BYTES_MAX),
}

TABLE = "journeys"
_STATE = {
    "cleanup.policy": "compact",
    "min.compaction.lag.ms": str(COMPACTION_LAG_MILLISECONDS),
}

# One customer has one partition number in all of the inputs, so their counts must agree.
INPUTS = (CONVERSATIONS, HANDOFFS, FOLLOWUPS)
OUTPUTS = (OUTCOMES, FINDINGS, EVALUATIONS, DEAD_LETTERS)


def partition_of(customer: str, partitions: int) -> int:
    """Where the events of a customer are, by the partitioner that producers have by default."""
    return int(murmur2(customer.encode()) & 0x7FFFFFFF) % partitions


def notes_of(group: str) -> Topic:
    """The topic in which the partitions of one group tell each other who is who.

    It is internal, and names customers as the inputs do. Each group has its own, for what one
    has found out would be news to another that reads the same inputs.
    """
    return Topic(f"cx.internal.rekeyed.{group}", _NOTES)


def changelog_of(group: str) -> Topic:
    """The topic that keeps a group's state.

    Faust would make it, too, but while partitions are already dealt out, and then without it.
    """
    return Topic(f"{group}-{TABLE}-changelog", _STATE)


def topics_of(group: str) -> tuple[Topic, ...]:
    """All topics that the workers of a group read and write."""
    return (*INPUTS, *OUTPUTS, notes_of(group), changelog_of(group))


async def create_topics(
    access: Access,
    partitions: int,
    replication_factor: int = 1,
    *,
    topics: Sequence[Topic] = INPUTS + OUTPUTS,
) -> None:
    """Make the topics that are missing, check those that exist, and wait until all have leaders.

    Args:
        access: The way to the broker.
        partitions: How many partitions each topic has.
        replication_factor: How many brokers keep each new partition.
        topics: What to make; tests give names of their own.

    Raises:
        TopicError: The broker refused a topic, or one exists with another partition count.
        KafkaConnectionError: Nobody answers there, or lets us in.
    """
    async with admin_client(access) as client:
        await _create(client, topics, partitions, replication_factor)
        await _check(client, topics, partitions)


async def check_topics(
    access: Access, partitions: int, *, topics: Sequence[Topic] = INPUTS + OUTPUTS
) -> None:
    """Check that all topics are there, each with so many partitions and a leader for all of them.

    Raises:
        TopicError: One is missing, or has another partition count.
        KafkaConnectionError: Nobody answers there, or lets us in.
    """
    async with admin_client(access) as client:
        await _check(client, topics, partitions)


async def exists(access: Access, topic: Topic) -> bool:
    """Whether there is such a topic. To begin reading might make it, without its settings.

    Raises:
        KafkaConnectionError: Nobody answers there, or lets us in.
    """
    async with admin_client(access) as client:
        return topic.name in await client.list_topics()


async def see_to_topics(settings: Settings, topics: Sequence[Topic]) -> None:
    """Make the topics that are missing, if the settings want it, and check them.

    Raises:
        SettingsError: nobody answers at the address, or lets us in.
        TopicError: a topic is not as we need it.
    """
    access, partitions = access_of(settings), settings.partitions
    try:
        async with asyncio.timeout(_ANSWERED_WITHIN.total_seconds()):
            if settings.create_topics:
                replicas = settings.replication_factor
                await create_topics(access, partitions, replicas, topics=topics)
            else:
                await check_topics(access, partitions, topics=topics)
    except (KafkaConnectionError, TimeoutError):
        raise await why_refused(access) from None


@asynccontextmanager
async def admin_client(access: Access) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected client for questions about topics."""
    client = AIOKafkaAdminClient(**access.client)
    try:
        await client.start()
        yield client
    finally:
        await client.close()


async def _create(
    client: AIOKafkaAdminClient, topics: Sequence[Topic], partitions: int, replication_factor: int
) -> None:
    answer = await client.create_topics(
        [
            NewTopic(topic.name, partitions, replication_factor, topic_configs=dict(topic.settings))
            for topic in topics
        ]
    )
    for name, code, reason in answer.topic_errors:
        error = for_code(code)
        if error not in (NoError, TopicAlreadyExistsError):
            raise TopicError(f"topic {name} could not be made: {reason or error.description}")


async def _check(client: AIOKafkaAdminClient, topics: Sequence[Topic], partitions: int) -> None:
    for name, count in (await partition_counts(client, [each.name for each in topics])).items():
        if count != partitions:
            raise TopicError(
                f"topic {name} has {count} partitions, but {partitions} are wanted; "
                f"fix: set the partition count to {count}, or make the topic anew"
            )


async def partition_counts(client: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, int]:
    """Return each topic's count once the broker that we ask has heard of all its leaders.

    A consumer that starts before would be assigned nothing, and ask again only minutes later.
    """
    counts: dict[str, int] = {}
    try:
        async with asyncio.timeout(_UNTIL_KNOWN.total_seconds()):
            while len(counts) < len(names):
                found = await client.describe_topics(list(names))
                counts = {each["topic"]: len(each["partitions"]) for each in found if _is_led(each)}
                if len(counts) < len(names):
                    await asyncio.sleep(0.1)
    except TimeoutError as error:
        raise TopicError(
            f"no leader within {_UNTIL_KNOWN.total_seconds():g} s for "
            f"{', '.join(sorted(set(names) - counts.keys()))}; "
            "fix: see that they exist, that all brokers run, and that we may describe these topics"
        ) from error
    return counts


def _is_led(topic: Mapping[str, Any]) -> bool:
    return topic["error_code"] == 0 and all(each["leader"] >= 0 for each in topic["partitions"])
