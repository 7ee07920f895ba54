"""What the partitions of one group tell each other, so that one customer is one row.

A note goes to a reference, and so to the partition that owns it. Rule: a note is sent only once
the state that wrote it is durable, in order of its number, and until it is acknowledged; who
receives it knows by sender and number what it has heard before. So each note has its effect once,
whatever crashes in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from monitor.core.form import STATE_VERSION, reading, require_known
from monitor.core.moments import Moment
from monitor.core.state import Customer, Mark
from monitor.core.step import content_id
from schemas.decode import ADAPTERS
from schemas.vocabulary import Channel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.envelope import Envelope


class Forwarded(msgspec.Struct, array_like=True, tag="forwarded"):
    """An event that belongs to a customer whom another partition has."""

    at: Moment
    topic: str
    event_key: int
    event: bytes


class Moved(msgspec.Struct, array_like=True, tag="moved"):
    """All that was known of a reference, when it was found to be the addressee."""

    at: Moment
    left_at: Moment
    row: bytes


class Met(msgspec.Struct, array_like=True, tag="met"):
    """A contact by somebody who shares a device with the addressee."""

    at: Moment
    by: str
    channel: Channel
    intent_group: str | None
    mark: Mark


class Shared(msgspec.Struct, array_like=True, tag="shared"):
    """The addressee shares a device with a reference, until a moment; no longer if it is 0."""

    at: Moment
    reference: str
    until: Moment


class Lost(msgspec.Struct, array_like=True, tag="lost"):
    """It is not known any more whether the addressee is one customer."""

    at: Moment
    mark: Mark


Arrival = Moved | Met | Shared | Lost
"""What changes a row at its moment, like an event."""


class Note(msgspec.Struct, array_like=True):
    """A message from one partition to the owner of a reference."""

    sender: str
    number: int
    to: str
    content: Forwarded | Arrival
    #: By which the content is read. Notes of version 4 do not say it.
    version: int = 4


class _Sealed(msgspec.Struct, array_like=True):
    """A note whose content is not read yet."""

    sender: str
    number: int
    to: str
    content: msgspec.Raw
    version: int = 4


NOTE_BYTES_MAX = 16 * 1024 * 1024
"""So large may be what a note is about. The topic takes a little more, for what is around it."""

encode = msgspec.msgpack.Encoder().encode
_sealed = msgspec.msgpack.Decoder(_Sealed)
_content = msgspec.msgpack.Decoder(Forwarded | Arrival)
decode_arrival = msgspec.msgpack.Decoder(Arrival).decode
decode_moved = msgspec.msgpack.Decoder(Customer).decode


def decode_note(packed: bytes) -> Note:
    """A note again, of which all can be read, also later.

    Raises:
        VersionUnknown: another version wrote it, and this one would misread it.
        Damaged: it is no note.
    """
    with reading("a note"):
        sealed = _sealed.decode(packed)
        require_known(sealed.version)
        content = _content.decode(sealed.content)
        if isinstance(content, Forwarded):
            ADAPTERS[content.topic].validate_json(content.event)
        elif isinstance(content, Moved):
            decode_moved(content.row)
    return Note(sealed.sender, sealed.number, sealed.to, content, sealed.version)


def forwarded(event_key: int, topic: str, at: Moment, event: Envelope) -> Forwarded:
    """An event to be sent on."""
    packed = event.model_dump_json(by_alias=True, exclude_none=True).encode()
    return Forwarded(at, topic, event_key, packed)


def arrival_id(arrival: bytes) -> str:
    """A name for what arrives: the same thing told twice has one name."""
    return content_id(arrival.hex())


class Outbox:
    """The notes of one partition that are not known to have been sent, and what it has heard."""

    __slots__ = ("heard", "number", "sender", "touched", "unsent")

    def __init__(self, sender: str) -> None:
        """``sender`` names this partition's state, from its beginning on, and no other ever."""
        self.sender = sender
        self.number = 0
        self.unsent: dict[int, Note] = {}
        self.heard: dict[str, int] = {}
        self.touched: set[int] = set()

    def post(self, to: str, content: Forwarded | Arrival) -> None:
        """Write a note to the owner of a reference."""
        self.number += 1
        self.unsent[self.number] = Note(self.sender, self.number, to, content, STATE_VERSION)
        self.touched.add(self.number)

    def due(self, until: int) -> list[Note]:
        """The notes up to this number that are still to be sent, in their order."""
        return [self.unsent[number] for number in sorted(self.unsent) if number <= until]

    def sent(self, notes: Iterable[Note]) -> None:
        """These notes lie in the log of whom they were written to."""
        for note in notes:
            del self.unsent[note.number]
            self.touched.add(note.number)

    def is_news(self, note: Note) -> bool:
        """Whether a note was not heard before; from now on it was."""
        if note.number <= self.heard.get(note.sender, 0):
            return False
        self.heard[note.sender] = note.number
        return True
