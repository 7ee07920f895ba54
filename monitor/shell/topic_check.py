"""Whether the topics on a broker are as we need them, and what to do about each that is not.

Rule: what would make a worker fail sooner or later, or lose its state, keeps it from starting. Of
everything else it is told who asks.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from monitor.shell import log
from monitor.shell.topics import TopicError, admin_client, partition_counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aiokafka.admin import AIOKafkaAdminClient

    from monitor.shell.access import Access
    from monitor.shell.topics import Topic

_CLEANUP = "cleanup.policy"
_COMPACT = "compact"
_LARGEST = "max.message.bytes"
_ANSWERED_WITHIN_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a topic, what comes of it, and how to put it right."""

    topic: str
    what: str
    fix: str
    is_fatal: bool = False


async def faults(access: Access, topics: Sequence[Topic], partitions: int) -> list[Fault]:
    """Everything about these topics that is not as we need it. Makes and changes nothing.

    Args:
        access: the way to the broker.
        topics: which.
        partitions: how many partitions each should have.

    Raises:
        TopicError: a topic has no leader.
        KafkaConnectionError: nobody answers there, or lets us in.
    """
    async with admin_client(access) as client:
        there = set(await client.list_topics())
        found = [topic for topic in topics if topic.name in there]
        counts = await partition_counts(client, [topic.name for topic in found])
        settings = await _settings(client, found)
    told = [_missing(topic) for topic in topics if topic.name not in there]
    for topic in found:
        if counts[topic.name] != partitions:
            told.append(_other_count(topic, counts[topic.name], partitions))
        told += _other_settings(topic, settings[topic.name])
    return told


async def require_bearable(access: Access, topics: Sequence[Topic]) -> None:
    """Refuse settings with which a worker must fail or lose its state.

    Where a broker does not tell them, nothing is refused.

    Raises:
        TopicError: a topic has such a setting.
    """
    try:
        async with asyncio.timeout(_ANSWERED_WITHIN_SECONDS), admin_client(access) as client:
            settings = await _settings(client, topics)
    except (KafkaError, TimeoutError):
        settings = {}
    if not any(settings.values()):
        log.operator.info("the broker does not tell how topics are set, so none is checked")
    for topic in topics:
        for fault in _other_settings(topic, settings.get(topic.name, {})):
            if fault.is_fatal:
                raise TopicError(f"topic {fault.topic} {fault.what}; fix: {fault.fix}")


def _missing(topic: Topic) -> Fault:
    return Fault(topic.name, "does not exist", "outcome-monitor topics create")


def _other_count(topic: Topic, count: int, wanted: int) -> Fault:
    return Fault(
        topic.name,
        f"has {count} partitions and {wanted} are wanted; a customer must have the same number in "
        "all of them",
        f"set OUTCOME_MONITOR_PARTITIONS={count} if all have so many, or make the topic anew",
    )


def _other_settings(topic: Topic, found: Mapping[str, str]) -> Iterator[Fault]:
    for name, wanted in topic.settings.items():
        if name not in found:
            continue  # The broker does not tell.
        if name == _CLEANUP:
            differs = found[name] != wanted
            which = f"{name}={found[name]}, but {wanted} is needed: {_WHY[wanted]}"
        else:
            differs = 0 <= int(found[name]) < int(wanted)
            which = f"{name}={found[name]}, but at least {wanted} is needed"
            which += ": what is larger would stop the worker" if name == _LARGEST else ""
        if differs:
            yield Fault(
                topic.name,
                f"has {which}",
                "kafka-configs.sh --alter --entity-type topics "
                f"--entity-name {topic.name} --add-config {name}={wanted}",
                is_fatal=name == _LARGEST or wanted == _COMPACT,
            )


_WHY = {
    "delete": "compaction would keep only the last event of each customer",
    _COMPACT: "the state would be deleted with time",
}


async def _settings(
    client: AIOKafkaAdminClient, topics: Sequence[Topic]
) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    answers: list[Any] = await client.describe_configs(resources) if resources else []
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for answer in answers
        for _, _, _, name, entries in answer.resources
    }
