"""The commands about topics: what there should be, making it, and checking what there is."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from aiokafka.errors import KafkaError

from monitor.shell.access import access_of
from monitor.shell.refusal import why_refused
from monitor.shell.replay import dump_line
from monitor.shell.settings import read_settings
from monitor.shell.topic_check import faults
from monitor.shell.topics import create_topics, topics_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from monitor.shell.access import Access

app = typer.Typer(
    name="topics", help="The topics that workers read and write.", no_args_is_help=True
)

_T = TypeVar("_T")
_Json = Annotated[bool, typer.Option("--json", metavar="", help="JSON, one a line.")]


@app.command(name="list")
def topics_list(json_: _Json = False) -> None:
    """List the topics of a group with the settings that each needs. Asks no broker.

    Example: OUTCOME_MONITOR_GROUP=support outcome-monitor topics list
    """
    settings = read_settings()
    for topic in topics_of(settings.group):
        told = {"topic": topic.name, "partitions": settings.partitions, **topic.settings}
        if json_:
            sys.stdout.write(dump_line(told))
        else:
            needs = " ".join(f"{name}={value}" for name, value in list(told.items())[1:])
            sys.stdout.write(f"{topic.name}  {needs}\n")


@app.command(name="create")
def topics_create() -> None:
    """Make the topics that are missing. Those that exist are checked and never changed.

    Example: OUTCOME_MONITOR_PARTITIONS=12 OUTCOME_MONITOR_REPLICATION_FACTOR=3
    outcome-monitor topics create
    """
    settings = read_settings()
    topics = topics_of(settings.group)
    access = access_of(settings)
    _asked(
        access,
        create_topics(access, settings.partitions, settings.replication_factor, topics=topics),
    )
    sys.stdout.write(f"all {len(topics)} topics are there\n")


@app.command(name="check")
def topics_check(json_: _Json = False) -> None:
    """Say of each topic that is not as it is needed what is wrong, and the fix.

    Exits with 1 if there is one.

    Example: outcome-monitor topics check
    """
    settings = read_settings()
    topics = topics_of(settings.group)
    access = access_of(settings)
    found = _asked(access, faults(access, topics, settings.partitions))
    for one in found:
        if json_:
            told = {"topic": one.topic, "what": one.what, "fix": one.fix}
            sys.stdout.write(dump_line(told))
        else:
            sys.stdout.write(f"{one.topic} {one.what}\n  fix: {one.fix}\n")
    if found:
        raise typer.Exit(1)
    if not json_:
        sys.stdout.write(f"all {len(topics)} topics are as they are needed\n")


def _asked(access: Access, question: Coroutine[Any, Any, _T]) -> _T:
    """What a broker answers, and if it does not, why."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        return asyncio.run(question)
    except KafkaError:
        raise asyncio.run(why_refused(access)) from None
