"""How a flush divides its work, with partitions that have nothing to write."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from monitor.shell.ledger import Ledger
from monitor.shell.live import Callbacks, Cut, Live
from monitor.shell.store import MemoryStore, Stores

if TYPE_CHECKING:
    from monitor.shell.writers import Writer


class Partition:
    """The state of a partition, which notes when it was cut."""

    def __init__(self, number: int, done: list[str]) -> None:
        self._number = number
        self._done = done

    def changes(self) -> dict[bytes, bytes | None]:
        self._done.append(f"cut {self._number}")
        return {}


class Resting(Ledger):
    """A ledger of two partitions, which notes when others have their turn."""

    def __init__(self, *, gone_after_one: bool = False) -> None:
        self.done: list[str] = []
        self._gone_after_one = gone_after_one
        callbacks = Callbacks(lambda *_: Partition(0, []), self._publish, self._nothing)
        super().__init__(callbacks, [], Stores(lambda _number: MemoryStore()))
        for number in (0, 1):
            partition, store = Partition(number, self.done), MemoryStore()
            self._live[number] = Live(partition, store, {}, {}, 0, {}, touched=True)
        self._ready = True

    async def _flush(self, cut: Cut) -> bool:
        self.done.append(f"write {cut.number}")
        return True

    async def _rest(self, seconds: float) -> None:
        assert seconds > 0
        await asyncio.sleep(0)
        self.done.append("rest")
        if self._gone_after_one:
            self.forget()

    def _publish(self, _partition: Any) -> Any:
        return None

    async def _nothing(self, _partition: Any) -> bool:
        return False

    async def _open_writer(self, number: int) -> Writer:
        raise AssertionError(number)

    async def _rejoin(self) -> None:
        raise AssertionError

    def _in_hand(self) -> set[int]:
        return set()


def test_others_have_their_turn_between_the_cuts_of_two_partitions() -> None:
    """A cut takes a tenth of a second where many customers have changed."""
    ledger = Resting()

    assert asyncio.run(ledger.flush())
    assert ledger.done == ["cut 0", "write 0", "rest", "cut 1", "write 1", "rest"]


def test_what_is_dropped_between_two_cuts_is_not_cut() -> None:
    ledger = Resting(gone_after_one=True)

    asyncio.run(ledger.flush())
    assert ledger.done == ["cut 0", "write 0", "rest"]
