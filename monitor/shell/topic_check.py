"""Whether the topics on a broker are as we need them, and what to do about each that is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from monitor.shell.topics import admin_client, partition_counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aiokafka.admin import AIOKafkaAdminClient

    from monitor.shell.access import Access
    from monitor.shell.topics import Topic

_CLEANUP = "cleanup.policy"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a topic, what comes of it, and how to put it right."""

    topic: str
    what: str
    fix: str


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
        if differs:
            yield Fault(
                topic.name,
                f"has {which}",
                "kafka-configs.sh --alter --entity-type topics "
                f"--entity-name {topic.name} --add-config {name}={wanted}",
            )


_WHY = {
    "delete": "compaction would keep only the last event of each customer",
    "compact": "the state would be deleted with time",
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
