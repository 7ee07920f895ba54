"""Partitions of one group, each with its own tracker, and the notes on their way between them."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

from monitor.core.notes import decode_note, encode
from monitor.core.tracker import customer_key
from tests.driver import Driver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.core.notes import Note
    from monitor.core.policy import Policy
    from schemas.envelope import Envelope

Road = tuple[int, int]


class Partitions:
    """Who sends an event knows its partition; who writes a note, only a reference."""

    def __init__(self, homes: Mapping[str, int], policy: Policy | None = None) -> None:
        """Start with no customer; ``homes`` says of each reference where its events go."""
        self.homes = homes
        self.drivers = [
            Driver(policy, self._owned_by(number), f"sender-{number}")
            for number in range(max(homes.values()) + 1)
        ]
        self.roads: dict[Road, deque[bytes]] = {}

    def __getitem__(self, reference: str) -> Driver:
        """Where the events of a reference go."""
        return self.drivers[self.homes[reference]]

    def tell(self, *events: Envelope) -> Partitions:
        """Let events arrive, each in the partition of its customer."""
        for event in events:
            self[customer_key(event)].tell(event)
        return self

    def until(self, at: str) -> Partitions:
        """Let time pass everywhere, then deliver all notes, and all that these bring about."""
        for driver in self.drivers:
            driver.until(at)
        return self.deliver()

    def send(self) -> None:
        """Put on their roads the notes that were written, in their order."""
        for number, driver in enumerate(self.drivers):
            outbox = driver.tracker.outbox
            due = outbox.due(outbox.number)
            for note in due:
                self._road(number, note).append(encode(note))
            outbox.sent(due)

    def take(self, road: Road) -> None:
        """Deliver the first note on a road."""
        driver = self.drivers[road[1]]
        driver.outputs += driver.tracker.take(decode_note(self.roads[road].popleft()))

    def busy(self) -> list[Road]:
        """The roads on which there are notes."""
        return sorted(road for road, notes in self.roads.items() if notes)

    def deliver(self) -> Partitions:
        """Deliver everything, and all that comes of it."""
        self.send()
        while self.busy():
            self.take(self.busy()[0])
            self.send()
        return self

    def counts(self, name: str, *labels: str) -> dict[str, float]:
        """A metric over all partitions, as `Driver.counts`."""
        sums: Counter[str] = Counter()
        for driver in self.drivers:
            sums.update(driver.counts(name, *labels))
        return {key: value for key, value in sorted(sums.items()) if value}

    def hours_exposed(self, bound: str = "explicit") -> dict[str, float]:
        """Exposure over all partitions, as `Driver.hours_exposed`."""
        sums: Counter[str] = Counter()
        for driver in self.drivers:
            sums.update(driver.hours_exposed(bound))
        return {age: round(hours, 6) for age, hours in sorted(sums.items()) if hours}

    def _road(self, number: int, note: Note) -> deque[bytes]:
        return self.roads.setdefault((number, self.homes[note.to]), deque())

    def _owned_by(self, number: int) -> Callable[[str], bool]:
        return lambda reference: self.homes[reference] == number
