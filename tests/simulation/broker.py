"""A broker in memory: logs with transactions, producers with epochs, and a group.

Every request takes a few turns, in which everybody else goes on. What the broker promises is kept
here: an old epoch is refused, a transaction is whole or not at all, a reader sees nothing behind
the first transaction that is open. One promise may be broken, as Apache Kafka does (KAFKA-20734):
a transaction ends, and its marks are forgotten. What it wrote stays open, until another one of the
same id ends in the same log.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

from aiokafka.errors import ProducerFenced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

SOURCE, CHANGELOG, OUTPUTS = "source", "changelog", "outputs"
PARTITIONS = 2


class Fate(Enum):
    """What became of a record."""

    OPEN = 1
    COMMITTED = 2
    ABORTED = 3
    #: It ends a transaction.
    MARK = 4


@dataclass(slots=True)
class Entry:
    """One offset of a log."""

    key: bytes | None
    value: bytes | None
    fate: Fate


class Record(NamedTuple):
    """What a reader gets of an entry."""

    offset: int
    key: bytes | None
    value: bytes | None
    serialized_key_size: int = 0
    serialized_value_size: int = 0


class Log(list[Entry]):
    """A partition of a topic."""

    @property
    def stable(self) -> int:
        """The first offset that is not decided."""
        undecided = (at for at, entry in enumerate(self) if entry.fate is Fate.OPEN)
        return next(undecided, len(self))

    def committed(self, first: int = 0, last: int | None = None) -> list[Record]:
        """The records that count."""
        end = self.stable if last is None else min(self.stable, last)
        return [
            Record(at, self[at].key, self[at].value)
            for at in range(first, end)
            if self[at].fate is Fate.COMMITTED
        ]


@dataclass(slots=True)
class Transaction:
    """What a producer has begun, and what earlier ones of the same id have left open."""

    entries: dict[tuple[str, int], list[Entry]] = field(default_factory=lambda: defaultdict(list))
    places: set[tuple[str, int]] = field(default_factory=set)

    def end(self, fate: Fate, logs: Mapping[tuple[str, int], Log]) -> None:
        """Decide, and leave marks."""
        for place in sorted(self.places):
            for entry in self.entries.pop(place, []):
                entry.fate = fate
            logs[place].append(Entry(None, None, Fate.MARK))
        self.places.clear()


class Broker:
    """The logs, and who may write to them in whose name."""

    def __init__(self, forgets_marks: Callable[[], bool] = lambda: False) -> None:
        """Empty logs."""
        self._forgets_marks = forgets_marks
        self.logs: dict[tuple[str, int], Log] = defaultdict(Log)
        self._epochs: dict[str, int] = defaultdict(int)
        self._open: dict[str, Transaction] = defaultdict(Transaction)

    def initialise(self, name: str) -> int:
        """Give a new epoch to a transactional id, and take back what its last owner began."""
        self._decide(name, Fate.ABORTED)
        self._epochs[name] += 1
        return self._epochs[name]

    def append(
        self, topic: str, number: int, records: Iterable[tuple[bytes | None, bytes | None]]
    ) -> int:
        """Append without a transaction; the first offset."""
        log = self.logs[topic, number]
        first = len(log)
        log.extend(Entry(key, value, Fate.COMMITTED) for key, value in records)
        return first

    def append_in(
        self,
        name: str,
        epoch: int,
        place: tuple[str, int],
        records: Iterable[tuple[bytes | None, bytes | None]],
    ) -> int:
        """Append in the transaction of an id; the first offset."""
        self._check(name, epoch)
        log = self.logs[place]
        first = len(log)
        entries = [Entry(key, value, Fate.OPEN) for key, value in records]
        log.extend(entries)
        self._open[name].entries[place] += entries
        self._open[name].places.add(place)
        return first

    def take_in(self, name: str, epoch: int, place: tuple[str, int]) -> None:
        """Have the end of the transaction marked in a log, too."""
        self._check(name, epoch)
        self._open[name].places.add(place)

    def end(self, name: str, epoch: int, fate: Fate) -> None:
        """Commit or abort."""
        self._check(name, epoch)
        self._decide(name, fate)

    def _decide(self, name: str, fate: Fate) -> None:
        if self._open[name].places and self._forgets_marks():
            self._open[name].places.clear()
        self._open[name].end(fate, self.logs)

    def _check(self, name: str, epoch: int) -> None:
        if self._epochs[name] != epoch:
            raise ProducerFenced


class Batch:
    """What a producer collects before it sends; three records fill it."""

    def __init__(self) -> None:
        """Empty."""
        self.records: list[tuple[bytes | None, bytes | None]] = []

    def append(
        self, *, timestamp: int, key: bytes | None, value: bytes | None
    ) -> SimpleNamespace | None:
        """Take a record, unless it is full."""
        del timestamp
        if len(self.records) == 3:
            return None
        self.records.append((key, value))
        return SimpleNamespace()

    def record_count(self) -> int:
        """How many it holds."""
        return len(self.records)


class Group:
    """The coordinator of the one group: who is a member, and who owns what."""

    def __init__(self, standbys: int) -> None:
        """Nobody is a member."""
        self.generation = -1
        self.rebalancing = False
        self.members: dict[str, int] = {}
        self._joined: set[str] = set()
        self._standbys = standbys
        self._owners: dict[int, str] = {}
        self._standing_by: dict[int, set[str]] = {}

    def join(self, member: str) -> None:
        """Ask to be given partitions; the round ends when all members have asked."""
        self.members.setdefault(member, -1)
        self.rebalancing = True
        self._joined.add(member)
        self._end_of_round()

    def leave(self, member: str) -> None:
        """A member leaves, or its session has run out."""
        if self.members.pop(member, None) is not None:
            self._joined.discard(member)
            self.rebalancing = True
            self._end_of_round()

    def request(self) -> None:
        """Somebody wants partitions dealt out anew."""
        self.rebalancing = True

    def must_join(self, member: str) -> bool:
        """What a heartbeat tells: whether a member has to ask for partitions."""
        if member not in self.members:
            return True
        return self.rebalancing and member not in self._joined

    def settled(self, member: str) -> bool:
        """Whether a member that has asked was given partitions."""
        return not self.rebalancing and self.members.get(member) == self.generation

    def takes_commits_of(self, member: str, generation: int) -> bool:
        """Whether the coordinator accepts a commit, as it does from members of a stable group."""
        return self.members.get(member) == generation == self.generation and not self.rebalancing

    def owned_by(self, member: str) -> set[int]:
        """The partitions of a member."""
        return {number for number, owner in self._owners.items() if owner == member}

    def stood_by_for(self, member: str) -> set[int]:
        """The partitions whose changelog a member reads along."""
        return {number for number, names in self._standing_by.items() if member in names}

    def _end_of_round(self) -> None:
        if not self.members or self._joined != self.members.keys():
            return
        self.rebalancing = False
        self.generation += 1
        self._joined.clear()
        names = sorted(self.members)
        self.members = dict.fromkeys(names, self.generation)
        self._owners = dict(self._dealt_out(names))
        self._standing_by = {
            number: set([name for name in names if name != owner][: self._standbys])
            for number, owner in self._owners.items()
        }

    def _dealt_out(self, names: list[str]) -> Iterator[tuple[int, str]]:
        """Owners keep what is their share; a standby comes before others."""
        room = dict.fromkeys(names, -(-PARTITIONS // len(names)))
        for number in range(PARTITIONS):
            wanted = [self._owners.get(number), *sorted(self._standing_by.get(number, ())), *names]
            owner = next(name for name in wanted if name is not None and room.get(name, 0) > 0)
            room[owner] -= 1
            yield number, owner
