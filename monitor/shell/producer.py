"""The app's producer, and what opens a writer for each partition of a changelog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    LeaderNotAvailableError,
    NoError,
    UnknownError,
    UnsupportedVersionError,
    for_code,
)
from aiokafka.protocol.offset import OffsetRequest
from faust.transport.drivers import aiokafka as driver

from monitor.shell.writers import PlainWriter, TransactionalWriter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from monitor.shell.writers import Writer

_NO_REPLICA = -1
_LATEST = -1
_READ_UNCOMMITTED, _READ_COMMITTED = 0, 1


class TransactionalProducer(AIOKafkaProducer):  # type: ignore[misc] # aiokafka has no types.
    """aiokafka's producer, which also sees whether transactions were decided."""

    async def end(self, topic: str, partition: int, *, committed: bool) -> int:
        """Where a partition ends: for readers of what is committed, or of everything.

        Raises:
            KafkaError: the broker does not say so now.
        """
        leader = self.client.cluster.leader_for_partition(TopicPartition(topic, partition))
        level = _READ_COMMITTED if committed else _READ_UNCOMMITTED
        request = OffsetRequest(_NO_REPLICA, level, [(topic, [(partition, _LATEST)])])
        if leader is None or leader < 0:
            self.client.force_metadata_update()
            raise LeaderNotAvailableError
        response = await self.client.send(leader, request)
        ((_, ((_, code, _, offset),)),) = response.topics
        error = for_code(code)
        if error is not NoError:
            self.client.force_metadata_update()
            raise error
        return int(offset)

    def take_in(self, topic: str, partition: int) -> None:
        """Have the end of the running transaction marked here, too, though nothing is written."""
        self._txn_manager.maybe_add_partition_to_txn(TopicPartition(topic, partition))


class BatchProducer(driver.Producer):
    """Faust's producer, idempotent where the broker can: no retry doubles or overtakes a write."""

    _idempotent = True

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": self._idempotent}

    async def on_start(self) -> None:
        """Connect, without idempotence if need be."""
        try:
            await super().on_start()
        except (UnknownError, UnsupportedVersionError):
            # Tansu's memory engine refuses to number its producers.
            if self.should_stop:
                return
            self.log.warning("the broker has no transactions: fencing is by membership only")
            await self._ensure_producer().stop()
            self._idempotent = False
            await super().on_start()

    async def writer(  # noqa: PLR0913 - All of it makes the writer.
        self,
        changelog: str,
        partition: int,
        *,
        outputs: Sequence[str],
        transactional_id: str,
        timeout: float,  # noqa: ASYNC109 - the broker's, for transactions.
        prove_membership: Callable[[], Awaitable[bool]],
    ) -> Writer:
        """Take a partition of a changelog over: who had it before is refused from now on.

        ``outputs`` are the topics that are written to together with it.
        """
        if not self._idempotent:
            producer = self._ensure_producer()
            return PlainWriter(producer, changelog, partition, prove_membership)
        producer = TransactionalProducer(
            **{**self._settings_default(), **self._settings_auth(), **self._settings_extra()},
            transactional_id=transactional_id,
            transaction_timeout_ms=int(timeout * 1000),
        )
        writer = TransactionalWriter(producer, changelog, partition)
        try:
            await producer.start()
            await writer.settle(outputs)
        except BaseException:
            await producer.stop()
            raise
        return writer
