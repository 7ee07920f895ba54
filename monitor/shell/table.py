"""The ledger of a worker's partitions as a Faust table, with a compacted changelog.

Faust deals partitions out to tables, tells them of rebalances, and reads changelogs to them. What
is done with that is the ledger's affair.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NoReturn, cast

import faust
import msgspec
from faust.tables.manager import TableManager
from faust.types import TP

from monitor.shell.changelog import (
    COMPACTION_LAG_MILLISECONDS,
    RESERVED,
    ChangelogError,
    Partition,
    Position,
)
from monitor.shell.ledger import Ledger
from monitor.shell.live import Callbacks
from monitor.shell.transport import BatchSchema, RecordBatch, recovery_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from faust.types import AppT, EventT

    from monitor.shell.store import Stores
    from monitor.shell.transport import BatchConsumer, BatchProducer
    from monitor.shell.writers import Writer

__all__ = [
    "RESERVED",
    "Callbacks",
    "ChangelogError",
    "Partition",
    "Position",
    "SessionTable",
    "Tables",
]


class Tables(TableManager):
    """Faust's tables, without the second that they wait for more of them at the start.

    Ours are there when the app is made.
    """

    async def on_start(self) -> None:
        """Subscribe to the changelogs, and begin to recover."""
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()


class SessionTable(Ledger, faust.Table[bytes, bytes]):
    """A table of partitions. Register the app's agents on its sources, with `BatchSchema`.

    Args:
        app: A Faust app that uses the batch transport.
        name: The changelog's topic is ``<app id>-<name>-changelog``.
        sources: The topics that are folded into the table, with as many partitions as the table.
        callbacks: What the owner of the state does.
        stores: Where the partitions' records lie.
        partitions: How many.
        outputs: The topics that flushes write to beside the changelog, with as many partitions.
        transaction_timeout: Seconds after which the broker takes back what a worker has begun to
            write and not finished.
    """

    def __init__(  # noqa: PLR0913 - All of them are what makes the table.
        self,
        app: AppT,
        *,
        name: str,
        sources: tuple[str, ...],
        callbacks: Callbacks,
        stores: Stores,
        partitions: int,
        outputs: tuple[str, ...],
        transaction_timeout: float = 60.0,
    ) -> None:
        faust.Table.__init__(
            self,
            app,
            name=name,
            schema=BatchSchema(),
            key_type=bytes,
            value_type=bytes,
            partitions=partitions,
            # Faust keeps what it has delivered until so many batches came together. One would
            # make it read the changelog for ever. Standbys have the same number.
            recovery_buffer_size=2,
            extra_topic_configs={"min.compaction.lag.ms": str(COMPACTION_LAG_MILLISECONDS)},
        )
        Ledger.__init__(self, callbacks, sources, stores)
        self._outputs = outputs
        self._transaction_timeout = transaction_timeout
        app.tables.add(self)

    def caught_up_at(self, topic: str, partition: int) -> float | None:
        """When, by the clock, the source last held nothing that is not in the state.

        None where that is not known: in a rebalance, and while there is something left to read.
        """
        end = self._consumer.end(TP(topic, partition))
        if end is None:
            return None
        offset, reported_at = end
        return reported_at if offset <= self.next_offset(topic, partition) else None

    # What the ledger asks

    @property
    def _consumer(self) -> BatchConsumer:
        return cast("BatchConsumer", self.app.consumer)

    async def _open_writer(self, number: int) -> Writer:
        producer = cast("BatchProducer", self.app.producer)
        return await producer.writer(
            self.changelog_topic_name,
            number,
            outputs=self._outputs,
            transactional_id=f"{self.app.conf.id}-{self.name}-{number}",
            timeout=self._transaction_timeout,
            prove_membership=self._consumer.prove_membership,
        )

    async def _rejoin(self) -> None:
        await self._consumer.rejoin()

    def _in_hand(self) -> set[int]:
        return {batch.partition for batch in self._consumer.in_hand}

    async def _rest(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    # Rebalance and recovery, called by Faust

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],
        newly_assigned: set[TP],
        generation_id: int = 0,
    ) -> None:
        """Drop what was revoked, keep what stayed, and recover the rest."""
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)
        assignor = self.app.assignor
        owned, standing_by = (
            {tp.partition for tp in tps if tp.topic == self.changelog_topic_name}
            for tps in (assignor.assigned_actives(), assignor.assigned_standbys())
        )
        await self.assign(owned, standing_by, generation_id)

    def persisted_offset(self, tp: TP) -> int:
        """Return the last offset of the changelog that needs not be read again."""
        # Never None, for which Faust would put what it remembers of an earlier assignment.
        return self.read_up_to(tp.partition)

    async def on_changelog_event(self, event: EventT[Any]) -> None:
        """Collect the records of a batch."""
        batch = cast("RecordBatch", event.message)
        try:
            read_on_from = self.collect(batch)
        except (ChangelogError, msgspec.MsgspecError) as error:
            # Faust would log it and go on with the next batch.
            await self.app.crash(error)
            raise
        if read_on_from is not None:
            # Faust has just noted that everything up to this batch was read.
            recovery = recovery_of(self.app)
            for offsets in (recovery.active_offsets, recovery.standby_offsets):
                if batch.tp in offsets:
                    offsets[batch.tp] = read_on_from - 1
            self._consumer.read_again(batch.tp, read_on_from)

    def apply_changelog_batch(self, batch: Iterable[EventT[Any]]) -> None:
        """Do nothing: `on_changelog_event` has seen each of them."""

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Bring to life what was recovered."""
        recovery = recovery_of(self.app)
        if recovery.signal_recovery_start.is_set():
            # Of two rebalances in a row the first one's recovery may end when the second has begun,
            # and then speaks of partitions of which nothing was read yet.
            return
        recovered = {tp.partition for tp in active_tps if tp.topic == self.changelog_topic_name}
        try:
            self.complete(recovered, recovery._generation_id)  # noqa: SLF001
        except Exception as error:
            # Faust would not even log it.
            await self.app.crash(error)
            raise
        await super().on_recovery_completed(active_tps, standby_tps)

    async def on_stop(self) -> None:
        """Write what the last commit left, and let go of all partitions."""
        await self.flush()
        self.forget()
        await self.close_writers()
        await super().on_stop()

    # As a mapping it would need to know the partition of a key.

    def on_key_get(self, key: bytes) -> NoReturn:
        """Refuse: state is read through `partition`."""
        raise TypeError(f"no value for {key!r}: use partition()")

    def on_key_set(self, key: bytes, value: bytes) -> NoReturn:
        """Refuse: state is changed through `partition`."""
        raise TypeError(f"cannot set {key!r} to {value!r}: use partition()")

    def on_key_del(self, key: bytes) -> NoReturn:
        """Refuse: state is changed through `partition`."""
        raise TypeError(f"cannot delete {key!r}: use partition()")
