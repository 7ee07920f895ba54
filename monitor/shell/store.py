"""Where the records of a partition lie, as the bytes that its changelog has of them.

A store is read by the partition while the table writes it, so it has two ways in. `Store.put` is
for the partition: what it put is there at once, and is lost with the process. `Store.apply` is for
the table: these records are in the changelog, acknowledged, with the position that vouches for
them. So a customer may be let go as soon as the store was given the newest row: the store holds
it until it was applied, and longer.
"""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from monitor.core.rows import NEVER, PREFIX, Rows, as_prefix, due_of
from monitor.shell.changelog import COMPACTION_LAG_MILLISECONDS, Known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from monitor.core.moments import Moment

_SAMPLE = 4096
# Compaction leaves alone what is younger than its lag. So as long as a store is not older than
# half of it, whatever was written since, and deleted since, is still to be read.
_TRUSTED_SECONDS = COMPACTION_LAG_MILLISECONDS / 1000 / 2


class StoreError(Exception):
    """The files of a store are not to be had. The message says what to do."""


class Store(Rows, Protocol):
    """The records of one partition."""

    @property
    def known(self) -> Known | None:
        """What it held when it was opened; None says that it begins with nothing."""
        ...

    def apply(self, changes: Mapping[bytes, bytes | None], known: Known | None = None, /) -> None:
        """Change records as the changelog says, all or none of them.

        Args:
            changes: the records.
            known: up to where the store holds the changelog with them.
        """
        ...

    def set_aside(self, changes: Mapping[bytes, bytes | None], /) -> None:
        """Keep changes that do not count yet."""
        ...

    def accept(self) -> None:
        """What was set aside counts."""
        ...

    def reject(self) -> set[bytes]:
        """What was set aside does not count. Returns its keys."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...

    def close(self) -> None:
        """Use it no more."""
        ...


class MemoryStore:
    """A store in memory: nothing is left of it when the process ends."""

    known: None = None

    def __init__(self, records: Mapping[bytes, bytes] | None = None) -> None:
        """Begin with these records, or with none."""
        self._rows: dict[bytes, bytes] = {}
        self._others: dict[bytes, bytes] = {}
        self._aside: dict[bytes, bytes | None] = {}
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

    def apply(self, changes: Mapping[bytes, bytes | None], known: Known | None = None, /) -> None:
        """Change records, but for what a flush says: that was put, and may be older by now."""
        if known is None:
            self.put(changes)

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

    def set_aside(self, changes: Mapping[bytes, bytes | None], /) -> None:
        """Keep changes that do not count yet."""
        self._aside.update(changes)

    def accept(self) -> None:
        """What was set aside counts."""
        self.put(self._aside)
        self._aside.clear()

    def reject(self) -> set[bytes]:
        """What was set aside does not count. Returns its keys."""
        keys, self._aside = set(self._aside), {}
        return keys

    def clear(self) -> None:
        """Forget everything."""
        self._rows.clear()
        self._others.clear()
        self._aside.clear()

    def close(self) -> None:
        """There is nothing to do."""


class Stores:
    """The stores of a worker's partitions, one each."""

    def __init__(self, make: Callable[[int], Store]) -> None:
        """Begin with none; ``make`` makes the store of a partition."""
        self._make = make
        self._open: dict[int, Store] = {}

    def open(self, number: int) -> Store:
        """The store of a partition, which takes the place of the one that it had.

        It holds what it is known to hold, or nothing.
        """
        self._close(number)
        store = self._open[number] = self._make(number)
        if store.known is None or not 0 <= time.time() - store.known.at < _TRUSTED_SECONDS:
            store.clear()
        return store

    def keep(self, numbers: Iterable[int]) -> None:
        """Close the stores of all other partitions."""
        for number in self._open.keys() - set(numbers):
            self._close(number)

    def _close(self, number: int) -> None:
        store = self._open.pop(number, None)
        if store is not None:
            store.close()
