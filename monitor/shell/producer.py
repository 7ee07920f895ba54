"""The app's producer, and what opens a writer for each partition of a changelog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiokafka.errors import UnknownError, UnsupportedVersionError
from faust.transport.drivers import aiokafka as driver

from monitor.shell.writers import PlainWriter, TransactionalWriter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from monitor.shell.writers import Writer


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

    async def writer(
        self,
        changelog: str,
        partition: int,
        *,
        transactional_id: str,
        timeout: float,  # noqa: ASYNC109 - the broker's, for transactions.
        prove_membership: Callable[[], Awaitable[bool]],
    ) -> Writer:
        """Take a partition of a changelog over: who had it before is refused from now on."""
        if not self._idempotent:
            producer = self._ensure_producer()
            return PlainWriter(producer, changelog, partition, prove_membership)
        producer = self._producer_type(
            **{**self._settings_default(), **self._settings_auth(), **self._settings_extra()},
            transactional_id=transactional_id,
            transaction_timeout_ms=int(timeout * 1000),
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return TransactionalWriter(producer, changelog, partition)
