"""A partition that is recovered and owned, what a flush writes of it, and what its owner does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from monitor.shell.changelog import Partition
    from monitor.shell.store import Store
    from monitor.shell.writers import Writer

    Publish = Callable[[Writer], Coroutine[Any, Any, None]]

T = TypeVar("T")


@dataclass(slots=True)
class Live:
    """A partition that is recovered and owned."""

    partition: Partition
    store: Store
    next_offsets: dict[str, int]
    # The part of `next_offsets` that the acknowledged changelog contains.
    durable: dict[str, int]
    # The last offset of the changelog that we read or wrote.
    changelog_offset: int
    # Changes of the partition that are not acknowledged.
    unflushed: dict[bytes, bytes | None]
    touched: bool
    # What publishes what was put out; of an earlier cut, too, if that could not be written.
    outputs: list[Publish] = field(default_factory=list)
    # The bytes of records that are folded and not in the acknowledged changelog.
    backlog: int = 0
    # No more to be written: another worker has taken it over, or a flush of it broke off, and what
    # that was to publish may be lost. The next assignment recovers it anew.
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """What one flush writes of one partition."""

    number: int
    live: Live
    changes: dict[bytes, bytes | None]
    next_offsets: dict[str, int]
    backlog: int


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What the owner of the state does, and when.

    Attributes:
        restore: Makes a partition of its number and of the store with its records.
        take_outputs: Takes what a partition has put out, and returns what publishes it through a
            writer. It is called when a cut is taken, so that both are of the same records.
        after_flush: Sends what may leave only once the cut is durable, and says whether that
            changed the partition.
    """

    restore: Callable[[int, Store], Partition]
    take_outputs: Callable[[Partition], Publish]
    after_flush: Callable[[Partition], Coroutine[Any, Any, bool]]


async def all_of(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do it at the same time; if some of it fails, the rest is over before that is raised."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
    return [task.result() for task in tasks]
