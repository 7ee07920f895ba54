"""The row of one customer as bytes, and where rows lie that are not in use.

A row begins with the earliest moment at which it has something to do, so that it can wait for it
without being decoded. What follows is MessagePack, compressed: ids stand in a row several times,
and so each costs once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec
from cramjam import lz4

from monitor.core.form import STATE_VERSION, reading, require_known
from monitor.core.moments import Moment
from monitor.core.state import Customer
from schemas.decode import ADAPTERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schemas.envelope import Envelope

    Waiting = dict[int, tuple[str, Moment, Envelope]]

PREFIX = b"customer:"
"""What the keys of rows begin with; other records of a partition have other keys."""

NEVER: Moment = 2**63 - 1
_DUE_BYTES = 8
# After the head of an array, a small number is itself.
_VERSION_AT = 1
# So many bytes LZ4 packs into one at most.
_RATIO_MAX = 255


class Rows(Protocol):
    """The records of one partition, by their keys. Whatever was put is there at once."""

    def __len__(self) -> int:
        """How many of the records are rows of customers."""
        ...

    def get(self, key: bytes, /) -> bytes | None:
        """One record."""
        ...

    def put(self, changes: Mapping[bytes, bytes | None], /) -> None:
        """Change records; None deletes one."""
        ...

    def items(self, prefix: bytes, /) -> Iterator[tuple[bytes, bytes]]:
        """The records whose keys begin with this, as they are now or become meanwhile."""
        ...

    def due(self, since: Moment, about: int, /) -> tuple[list[tuple[Moment, bytes]], Moment]:
        """The rows that have something to do from a moment on, and up to when these are all.

        Args:
            since: the moment.
            about: how many are wanted; it may be more or fewer.
        """
        ...


class NoRows:
    """Nothing is kept: for a tracker that has all of its customers in use."""

    def __len__(self) -> int:
        """None."""
        return 0

    def get(self, _key: bytes, /) -> bytes | None:
        """Nothing."""
        return None

    def put(self, changes: Mapping[bytes, bytes | None], /) -> None:
        """Forget them."""

    def items(self, _prefix: bytes, /) -> Iterator[tuple[bytes, bytes]]:
        """Nothing."""
        return iter(())

    def due(self, _since: Moment, _about: int, /) -> tuple[list[tuple[Moment, bytes]], Moment]:
        """Nothing, ever."""
        return [], NEVER


class _Waiting(msgspec.Struct, array_like=True):
    event_key: int
    topic: str
    at: Moment
    event: bytes


class _Row(msgspec.Struct, array_like=True):
    version: int
    customer: Customer
    waiting: list[_Waiting]


_encode = msgspec.msgpack.Encoder().encode
_row = msgspec.msgpack.Decoder(_Row)


def key_of(reference: str) -> bytes:
    """The key of a customer's row."""
    return PREFIX + reference.encode()


def reference_of(key: bytes) -> str:
    """Whose row has this key."""
    return key[len(PREFIX) :].decode()


def due_of(row: bytes) -> Moment:
    """The earliest moment at which a row has something to do."""
    return int.from_bytes(row[:_DUE_BYTES], "big")


def as_prefix(moment: Moment) -> bytes:
    """A moment as rows begin with it, which compares as moments do."""
    return min(max(moment, 0), NEVER).to_bytes(_DUE_BYTES, "big")


def earliest(customer: Customer, waiting: Waiting) -> Moment:
    """The earliest moment at which a customer has something to do."""
    due = min(customer.deadlines.values(), default=NEVER)
    return min(due, min((at for _, at, _ in waiting.values()), default=NEVER))


def encode_row(customer: Customer, waiting: Waiting) -> bytes:
    """A customer and the events that wait for their moment."""
    events = [
        _Waiting(
            event_key, topic, at, event.model_dump_json(by_alias=True, exclude_none=True).encode()
        )
        for event_key, (topic, at, event) in waiting.items()
    ]
    packed = lz4.compress_block(_encode(_Row(STATE_VERSION, customer, events)))
    return as_prefix(earliest(customer, waiting)) + bytes(packed)


def decode_row(row: bytes) -> tuple[Customer, Waiting]:
    """The customer again, and the events that wait.

    Raises:
        VersionUnknown: it was written by a version whose state is not read.
        Damaged: it is not what was written.
    """
    with reading("a row"):
        unpacked = _unpacked(row)
        # What follows the version may have another form.
        require_known(unpacked[_VERSION_AT])
        kept = _row.decode(unpacked)
        waiting = {
            one.event_key: (one.topic, one.at, ADAPTERS[one.topic].validate_json(one.event))
            for one in kept.waiting
        }
    return kept.customer, waiting


def mentions(row: bytes, text: bytes) -> bool:
    """Whether a text stands anywhere in a row; much faster than to decode it."""
    with reading("a row"):
        return text in _unpacked(row)


def _unpacked(row: bytes) -> bytes:
    packed = memoryview(row)[_DUE_BYTES:]
    # It begins with how large it is going to be, and room is made for that.
    if int.from_bytes(packed[:4], "little") > _RATIO_MAX * len(packed):
        raise ValueError("larger than LZ4 can have packed")
    return bytes(lz4.decompress_block(packed))
