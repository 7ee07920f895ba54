"""The customers of one partition: some of them in use, the others as rows that wait.

Rules:

- A row is decoded when something comes for its customer, or when the earliest moment has come at
  which it has something to do. Then everything that it waits for is on the agenda, which orders
  all customers' events and deadlines. So it makes no difference which customers are in use when.
- Customers leave use between two steps only (`settle`), for a step may hold several of them.
- Whoever leaves, or is encoded ahead of a cut, has been put where rows lie, and is a change that is
  still to be collected.
- The agenda may name what no longer waits, or what waits twice. Whoever takes from it looks
  whether it is still so. It is made anew when it has grown to twice of what it need be.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

from monitor.core.order import rank_of
from monitor.core.rows import (
    NEVER,
    PREFIX,
    decode_row,
    earliest,
    encode_row,
    key_of,
    mentions,
    reference_of,
)
from monitor.core.sight import NOBODY
from monitor.core.state import Customer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.core.moments import Moment
    from monitor.core.rows import Rows, Waiting

Entry = tuple["Moment", tuple[int, str, int], int, str, str]
"""When, in which order of types, which event of which row, or which deadline."""

# On the agenda a row wakes before anything else happens at its moment.
_WAKE = (-2, "", 0)
# A deadline comes before an event of the same moment: a customer who returns exactly at the
# horizon returned too late.
DEADLINE = (-1, "", 0)

# Rows that are due next wait on the agenda, this many or a part of all; others where they lie.
_NEXT = 10_000
_NEXT_PART = 16
_AGENDA_MIN = 50_000
# So large a part of those in use leaves when there are too many.
_LEAVE_PART = 8
# So many rows are encoded before others have their turn: a few milliseconds.
_AT_ONCE = 50


class Customers(Mapping[str, Customer]):
    """All customers of a partition by reference, whether they are in use or not."""

    def __init__(self, rows: Rows, hot_max: int) -> None:
        """Begin with none in use.

        Args:
            rows: where those lie that are not.
            hot_max: how many stay in use between two steps.
        """
        self.hot: dict[str, Customer] = {}
        self.hot_max = hot_max
        self.waiting: dict[str, Waiting] = {}
        #: Those of whom something changed; who is in it and not in use is gone.
        self.dirty: set[str] = set()
        self.agenda: list[Entry] = []
        self._rows = rows
        self._size = len(rows)
        # The changes that are encoded and not collected.
        self._encoded: dict[bytes, bytes | None] = {}
        # Rows that are due before this moment and not in use are on the agenda.
        self._horizon: Moment = 0
        self._agenda_max = _AGENDA_MIN

    def __len__(self) -> int:
        """How many there are."""
        return self._size

    def __iter__(self) -> Iterator[str]:
        """The references of all."""
        yield from list(self.hot)
        for key, _ in self._rows.items(PREFIX):
            reference = reference_of(key)
            if reference not in self.hot and reference not in self.dirty:
                yield reference

    def __contains__(self, reference: object) -> bool:
        """Whether there is such a customer."""
        return isinstance(reference, str) and self.find(reference) is not None

    def __getitem__(self, reference: str) -> Customer:
        """A customer, who is in use from now on."""
        customer = self.find(reference)
        if customer is None:
            raise KeyError(reference)
        return customer

    def find(self, reference: str) -> Customer | None:
        """A customer, who is in use from now on, if there is one."""
        customer = self.hot.get(reference)
        if customer is not None or reference in self.dirty:
            return customer
        row = self._rows.get(key_of(reference))
        return None if row is None else self._load(reference, row)

    def begin(self, reference: str) -> Customer:
        """A customer of whom nothing is known."""
        customer = self.hot[reference] = Customer(reference)
        self._size += 1
        return customer

    def drop(self, reference: str) -> None:
        """Nothing is known of a customer any more, who is in use and whose change is noted."""
        del self.hot[reference]
        self._size -= 1

    def plan(self, entry: Entry) -> None:
        """Put something on the agenda."""
        heapq.heappush(self.agenda, entry)

    @property
    def next_at(self) -> Moment:
        """The moment of what comes next of all that was looked for; `NEVER` if nothing does."""
        return self.agenda[0][0] if self.agenda else NEVER

    def due_before(
        self, moment: Moment, most: int = sys.maxsize, since: Moment = 0
    ) -> Iterator[Entry]:
        """Take from the agenda what comes before a moment, one after the other.

        Whoever asks for the next has made the step of the last, and what that step plans may come
        next. After so many it ends early, though not before ``since``.
        """
        agenda, hot = self.agenda, self.hot
        while True:
            first = agenda[0][0] if agenda else NEVER
            if first < moment and first < self._horizon:
                if most <= 0 and first >= since:
                    return
                entry = heapq.heappop(agenda)
                if entry[1] is _WAKE:
                    self.find(entry[3])
                    continue
                most -= 1
                yield entry
                if len(hot) > self.hot_max or len(agenda) > self._agenda_max:
                    self.settle()
            elif self._horizon < moment:
                self._look_further()
            else:
                return

    def settle(self) -> None:
        """A step is over: let those leave who were in use longest, and tidy the agenda."""
        hot = self.hot
        if len(hot) > self.hot_max:
            # Several at once, for to find the first of a dict takes as long as to find many.
            stay = self.hot_max - self.hot_max // _LEAVE_PART
            for reference in list(islice(hot, len(hot) - stay)):
                self._let_go(reference)
        if len(self.agenda) > self._agenda_max:
            self._tidy()

    @property
    def changed(self) -> int:
        """How many rows have changed since `changes` was called last."""
        return len(self.dirty) + len(self._encoded)

    def prepare(self) -> Iterator[None]:
        """Encode what has changed by now ahead of `changes`, a few rows at a time.

        Steps may be made between them. What they change is encoded once more.
        """
        changed = list(self.dirty)
        for start in range(0, len(changed), _AT_ONCE):
            self._encode(changed[start : start + _AT_ONCE])
            yield

    def changes(self) -> dict[bytes, bytes | None]:
        """The rows that changed since the last call; who is gone is None."""
        self._encode(list(self.dirty))
        changed, self._encoded = self._encoded, {}
        self.settle()
        return changed

    def search(self, text: str) -> Iterator[tuple[Customer, int] | None]:
        """Look through all, one at a time; nobody comes into use by it.

        Yields:
            A customer in whose row the text may stand, and how many of their events wait; None for
            everybody else. Somebody may come twice.
        """
        wanted = text.encode()
        for key, row in self._rows.items(PREFIX):
            reference = reference_of(key)
            if reference in self.hot:
                yield self._in_use(reference)
            elif reference not in self.dirty and mentions(row, wanted):
                customer, waiting = decode_row(row)
                yield customer, len(waiting)
            else:
                yield None
        for reference in list(self.hot):
            yield self._in_use(reference) if reference in self.hot else None

    def _in_use(self, reference: str) -> tuple[Customer, int]:
        return self.hot[reference], len(self.waiting.get(reference, ()))

    def _load(self, reference: str, row: bytes) -> Customer:
        customer, waiting = decode_row(row)
        self.hot[reference] = customer
        if waiting:
            self.waiting[reference] = waiting
        for entry in self._entries(reference, customer):
            heapq.heappush(self.agenda, entry)
        return customer

    def _let_go(self, reference: str) -> None:
        if reference in self.dirty:
            self._encode([reference])
        customer = self.hot.pop(reference)
        due = earliest(customer, self.waiting.pop(reference, {}))
        if due < self._horizon:
            heapq.heappush(self.agenda, (due, _WAKE, 0, reference, ""))

    def _encode(self, references: list[str]) -> None:
        """Put those of them that changed where rows lie."""
        changes: dict[bytes, bytes | None] = {}
        for reference in self.dirty.intersection(references):
            customer = self.hot.get(reference)
            waiting = self.waiting.get(reference, {})
            row = None if customer is None else encode_row(customer, waiting)
            changes[key_of(reference)] = row
        self._rows.put(changes)
        self._encoded |= changes
        self.dirty.difference_update(references)

    def _look_further(self) -> None:
        found, self._horizon = self._rows.due(self._horizon, self._next)
        for due, key in found:
            reference = reference_of(key)
            if reference not in self.hot:
                heapq.heappush(self.agenda, (due, _WAKE, 0, reference, ""))

    def _tidy(self) -> None:
        """Leave on the agenda only what waits, and of other rows only those that are due next."""
        wakes: set[Entry] = set()
        kept: list[Entry] = []
        for entry in self.agenda:
            if entry[3] == NOBODY:
                kept.append(entry)
            elif entry[1] is _WAKE and entry[3] not in self.hot:
                wakes.add(entry)
        if len(wakes) > 2 * self._next:
            self._horizon = heapq.nsmallest(self._next, wakes)[-1][0]
        kept += [entry for entry in wakes if entry[0] < self._horizon]
        for reference, customer in self.hot.items():
            kept += self._entries(reference, customer)
        heapq.heapify(kept)
        # Others hold on to the list.
        self.agenda[:] = kept
        self._agenda_max = max(_AGENDA_MIN, 2 * len(kept))

    @property
    def _next(self) -> int:
        return max(_NEXT, self._size // _NEXT_PART)

    def _entries(self, reference: str, customer: Customer) -> Iterator[Entry]:
        for name, moment in customer.deadlines.items():
            yield moment, DEADLINE, 0, reference, name
        for event_key, (_, at, event) in self.waiting.get(reference, {}).items():
            yield at, rank_of(event), event_key, reference, ""
