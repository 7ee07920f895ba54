"""Where the records of a partition lie, as the bytes that its changelog has of them.

A store is read by the partition while the table writes it, so it has two ways in. `Store.put` is
for the partition: what it put is there at once, and is lost with the process. `Store.apply` is for
the table: these records are in the changelog, acknowledged, with the position that vouches for
them. So a customer may be let go as soon as the store was given the newest row: the store holds
it until it was applied, and longer.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Protocol

from monitor.core.rows import NEVER, PREFIX, Rows, as_prefix, due_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from monitor.core.moments import Moment

_SAMPLE = 4096


class Store(Rows, Protocol):
    """The records of one partition."""

    def apply(self, changes: Mapping[bytes, bytes | None], /) -> None:
        """Change records as the acknowledged changelog says, all or none of them."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...

    def close(self) -> None:
        """Use it no more."""
        ...


class MemoryStore:
    """A store in memory: nothing is left of it when the process ends."""

    def __init__(self, records: Mapping[bytes, bytes] | None = None) -> None:
        """Begin with these records, or with none."""
        self._rows: dict[bytes, bytes] = {}
        self._others: dict[bytes, bytes] = {}
        self.put(records or {})

    def __len__(self) -> int:
        """How many rows of customers there are."""
        return len(self._rows)

    def get(self, key: bytes, /) -> bytes | None:
        """One record."""
        return self._rows.get(key) or self._others.get(key)

    def put(self, changes: Mapping[bytes, bytes | None], /) -> None:
        """Change records; None deletes one."""
        rows, others = self._rows, self._others
        for key, value in changes.items():
            records = rows if key.startswith(PREFIX) else others
            if value is None:
                records.pop(key, None)
            else:
                records[key] = value

    apply = put

    def items(self, prefix: bytes, /) -> Iterator[tuple[bytes, bytes]]:
        """The records whose keys begin with this."""
        records = self._rows if prefix.startswith(PREFIX) else self._others
        return iter([one for one in records.items() if one[0].startswith(prefix)])

    def due(self, since: Moment, about: int, /) -> tuple[list[tuple[Moment, bytes]], Moment]:
        """The rows that are due from a moment on, found without an index.

        An index would take memory for each row. A sample says up to when so many are due, and one
        look over all rows finds them; who asks for a sixteenth of all has each looked at sixteen
        times.
        """
        rows, first = self._rows, as_prefix(since)
        step = 1 + len(rows) // _SAMPLE
        sample = sorted(row[:8] for row in islice(rows.values(), 0, None, step) if row >= first)
        place = about // step
        until = max(due_of(sample[place]), since + 1) if place < len(sample) else NEVER
        last = as_prefix(until)
        return [(due_of(row), key) for key, row in rows.items() if first <= row < last], until

    def clear(self) -> None:
        """Forget everything."""
        self._rows.clear()
        self._others.clear()

    def close(self) -> None:
        """There is nothing to do."""


class Stores:
    """The stores of a worker's partitions, one each."""

    def __init__(self) -> None:
        """Begin with none."""
        self._open: dict[int, Store] = {}

    def open(self, number: int) -> Store:
        """The empty store of a partition, which takes the place of the one that it had."""
        self._close(number)
        store = self._open[number] = MemoryStore()
        return store

    def keep(self, numbers: Iterable[int]) -> None:
        """Close the stores of all other partitions."""
        for number in self._open.keys() - set(numbers):
            self._close(number)

    def _close(self, number: int) -> None:
        store = self._open.pop(number, None)
        if store is not None:
            store.close()
