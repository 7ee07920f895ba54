"""What a partition's changelog says: records of its state, and positions that vouch for them.

Rules:

- A record counts once a position follows it. A flush writes its position last, so what an
  interrupted flush left behind counts for nothing.
- A record that is larger than Kafka takes is written in pieces, then as how many there are. So no
  customer, however large, keeps a partition from being flushed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, cast

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from aiokafka import ConsumerRecord
    from aiokafka.producer.message_accumulator import BatchBuilder

    from monitor.shell.store import Store

# Keys that begin with this byte are ours; those of a partition's records do not.
RESERVED = b"\x00"
POSITION_KEY = RESERVED + b"position"
POSITION_VERSION = 1

# An interrupted flush hides the values that it replaced until the next flush. Compaction must not
# remove those in between, so it leaves alone what is younger than a day.
COMPACTION_LAG_MILLISECONDS = 24 * 60 * 60 * 1000

# What a batch takes beside its keys is far below the rest of its limit.
_PIECE_BYTES = 900_000
_PIECE = RESERVED + b"piece:"
# No MessagePack and no row begins with it.
_IN_PIECES = b"\xc1"
# Of how many pieces there are; a thousand of them are nearly a gigabyte.
_DIGITS_MAX = 4

# Compaction keeps the last position only, so nearly all that was ever written may come before it.
_TAIL_MAX = 100_000


class ChangelogError(Exception):
    """The changelog, or what was folded into it, is not what it must be."""


class Partition(Protocol):
    """The state of one partition, as its owner makes it. Its keys do not begin with `RESERVED`."""

    def prepare(self) -> Iterator[None]:
        """Do some of what is to be done for `changes`, a few milliseconds at a time.

        What changes between two of them is part of the changes, too.
        """
        ...

    def changes(self) -> dict[bytes, bytes | None]:
        """Return, and forget, the records that changed since the last call; None deletes one."""
        ...


class Position(msgspec.Struct, frozen=True):
    """How far a partition has read its sources. Written last in every flush."""

    next_offsets: dict[str, int]
    #: The consumer group's generation in which the writer owned the partition.
    epoch: int
    version: int = POSITION_VERSION


class Known(msgspec.Struct, frozen=True):
    """Up to where a store holds what the changelog says.

    The flush that it ends with lies from ``first`` to ``last``, the offset of ``position``, and was
    acknowledged at a second by the clock.
    """

    first: int
    last: int
    position: bytes
    at: float


@dataclass(slots=True)
class Recovering:
    """What the changelog of a partition held so far."""

    store: Store
    offset: int = -1
    next_offsets: dict[str, int] = field(default_factory=dict)
    # What was read since the last position.
    tail: dict[bytes, bytes | None] = field(default_factory=dict)
    # Of records that come in pieces.
    pieces: dict[bytes, bytes | None] = field(default_factory=dict)
    # What the store holds already, until the changelog is seen to say so.
    unproven: Known | None = None

    def __post_init__(self) -> None:
        """Go on from what the store holds, and read the last flush of that once more."""
        self.unproven = self.store.known
        if self.unproven is not None:
            self.offset = self.unproven.first - 1

    def proves(self, records: list[ConsumerRecord], last: int) -> bool:
        """Whether records up to an offset are of the log that the store knows."""
        known = self.unproven
        if known is None or last < known.last:
            return True
        self.unproven = None
        return any(
            (one.offset, one.key, one.value) == (known.last, POSITION_KEY, known.position)
            for one in records
        )

    def take(self, key: bytes, value: bytes | None) -> None:
        """Read one record of the changelog."""
        if key.startswith(_PIECE):
            self.pieces[key] = value
            return
        if key != POSITION_KEY:
            if value is not None and value.startswith(_IN_PIECES):
                value = self._joined(key, value[len(_IN_PIECES) :])
            self.tail[key] = value
            if len(self.tail) >= _TAIL_MAX:
                self.store.set_aside(self.tail)
                self.tail.clear()
            return
        try:
            position = msgspec.msgpack.decode(value or b"", type=Position)
        except msgspec.MsgspecError:
            raise ChangelogError("what should be a position is none") from None
        if position.version > POSITION_VERSION:
            raise ChangelogError(f"written by a newer version: position {position.version}")
        self.next_offsets = position.next_offsets
        self.store.accept()
        self.store.apply(self.tail)
        self.tail.clear()
        # Those of a record that was larger once.
        self.pieces.clear()

    def _joined(self, key: bytes, count: bytes) -> bytes:
        told = int(count) if count.isdigit() and len(count) <= _DIGITS_MAX else -1
        if not 0 < told <= len(self.pieces):
            raise ChangelogError("of a record in pieces some are missing")
        pieces = [self.pieces.pop(_piece(key, number), None) for number in range(told)]
        if None in pieces:
            raise ChangelogError(f"of a record in {told} pieces some are missing")
        return b"".join(cast("list[bytes]", pieces))

    def read(self, records: list[ConsumerRecord], last: int) -> None:
        """Read records up to an offset, but for those that were read before."""
        for record in records:
            if record.offset > self.offset:
                self.take(record.key, record.value)
        self.offset = last

    def finish(self) -> dict[bytes, bytes | None]:
        """The changelog was read to its end.

        Returns:
            What is to be written again: an interrupted flush wrote something else there.
        """
        return {key: self.store.get(key) for key in self.store.reject() | self.tail.keys()}


def must_be_proven(recovered: Iterable[Recovering]) -> None:
    """See that each changelog was read up to what its store knows.

    Raises:
        ChangelogError: one ends before that.
    """
    unproven = [one for one in recovered if one.unproven is not None]
    for one in unproven:
        one.store.clear()
    if unproven:
        raise ChangelogError(
            "the changelog ends before what the worker's files hold of it: it is another log by "
            "the same name; the files were emptied, so the next start reads it all"
        )


def known_of(batch: BatchBuilder, position: Position, last: int) -> Known:
    """What the changelog holds when the last batch of a flush was acknowledged."""
    first = last - batch.record_count() + 1
    return Known(first, last, msgspec.msgpack.encode(position), time.time())


def encode(
    changes: dict[bytes, bytes | None],
    position: Position,
    new_batch: Callable[[], BatchBuilder],
) -> list[BatchBuilder]:
    """Put changes and then their position into as few batches as they fit in."""
    now = int(time.time() * 1000)
    built = [new_batch()]
    for key, value in _records(changes, position):
        if built[-1].append(timestamp=now, key=key, value=value) is None:
            built.append(new_batch())
            built[-1].append(timestamp=now, key=key, value=value)
    return built


def _records(
    changes: dict[bytes, bytes | None], position: Position
) -> Iterator[tuple[bytes, bytes | None]]:
    for key, value in changes.items():
        if value is None or len(value) <= _PIECE_BYTES:
            yield key, value
            continue
        starts = range(0, len(value), _PIECE_BYTES)
        for number, start in enumerate(starts):
            yield _piece(key, number), value[start : start + _PIECE_BYTES]
        yield key, _IN_PIECES + b"%d" % len(starts)
    yield POSITION_KEY, msgspec.msgpack.encode(position)


def _piece(key: bytes, number: int) -> bytes:
    return b"%b%d:%b" % (_PIECE, number, key)
