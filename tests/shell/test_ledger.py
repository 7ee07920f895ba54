"""How a flush divides its work, with partitions that have nothing to write."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from monitor.shell.ledger import Ledger
from monitor.shell.live import Callbacks, Cut, Live
from monitor.shell.store import MemoryStore, Stores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.shell.writers import Writer


class Partition:
    """The state of a partition, which notes what is done for a cut."""

    def __init__(self, number: int, done: list[str]) -> None:
        self._number = number
        self._done = done

    def prepare(self) -> Iterator[None]:
        for part in ("a", "b"):
            self._done.append(f"prepare {self._number}{part}")
            yield

    def changes(self) -> dict[bytes, bytes | None]:
        self._done.append(f"cut {self._number}")
        return {}


class Resting(Ledger):
    """A ledger of two partitions, which notes when others have their turn."""

    def __init__(self, *, gone_after: int = 99) -> None:
        self.done: list[str] = []
        self._gone_after = gone_after
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
        if self.done.count("rest") == self._gone_after:
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


def test_others_have_their_turn_while_a_cut_is_prepared() -> None:
    """What a cut holds takes a tenth of a second to encode where many customers have changed."""
    ledger = Resting()

    assert asyncio.run(ledger.flush())
    begins = ["prepare 0a", "rest", "prepare 0b", "rest", "cut 0"]
    assert [one for one in ledger.done if not one.startswith("write")] == [
        *begins,
        *(one.replace("0", "1") for one in begins),
    ]
    assert ledger.done.index("write 0") < ledger.done.index("cut 1")


def test_what_is_dropped_before_its_cut_is_not_cut() -> None:
    ledger = Resting(gone_after=3)

    asyncio.run(ledger.flush())
    assert [one for one in ledger.done if one.startswith("cut")] == ["cut 0"]
