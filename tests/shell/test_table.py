"""The table as Faust sees it, without a broker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from faust.types import TP

from monitor.shell.faust_settings import faust_app
from monitor.shell.live import Callbacks
from monitor.shell.store import MemoryStore, Stores
from monitor.shell.table import SessionTable
from monitor.shell.transport import recovery_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.shell.writers import Writer


class Alone(SessionTable):
    """A table whose partitions nobody else wants."""

    async def _open_writer(self, number: int) -> Writer:
        return cast("Writer", number)


class Nothing:
    """A partition that never changes."""

    def prepare(self) -> Iterator[None]:
        return iter(())

    def changes(self) -> dict[bytes, bytes | None]:
        return {}


def alone(directory: Path) -> Alone:
    unused: Any = None
    return Alone(
        faust_app("alone", "127.0.0.1:1", datadir=directory),
        name="table",
        sources=("source",),
        callbacks=Callbacks(lambda _number, _store: Nothing(), unused, unused),
        stores=Stores(lambda _number: MemoryStore()),
        partitions=1,
        outputs=(),
    )


def test_a_recovery_that_a_rebalance_has_overtaken_brings_nothing_to_life(tmp_path: Path) -> None:
    async def scenario() -> list[bool]:
        table = alone(tmp_path)
        recovery, changelog = recovery_of(table.app), {TP(table.changelog_topic_name, 0)}
        await table.assign({0}, set(), generation=1)
        # What Faust notes when a rebalance ends; it clears the signal when it begins to recover.
        recovery._generation_id = 1  # noqa: SLF001 - as Faust does
        recovery.signal_recovery_start.set()
        await table.on_recovery_completed(changelog, set())
        overtaken = table.ready
        recovery.signal_recovery_start.clear()
        await table.on_recovery_completed(changelog, set())
        return [overtaken, table.ready]

    assert asyncio.run(scenario()) == [False, True]
