"""Reads the records that the Kafka client cannot: those with a header name that is not UTF-8.

The protocol gives names as UTF-8, no broker holds producers to it, and the client gives up at the
whole run in which it meets another name. Here a run is fetched once more and taken apart by the
layout that the protocol publishes for record batches of version 2, the first that has headers.

Rule: bytes that are no text become what ``surrogateescape`` makes of them. So a bad name is told
from every good one, and its bytes are still there.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    NoError,
    UnsupportedCodecError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import _DefaultRecordBatchPy as Batch
from aiokafka.record.util import decode_varint
from aiokafka.structs import ConsumerRecord
from cramjam import DecompressionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aiokafka import AIOKafkaConsumer
    from faust.types import TP

# What lies before a batch of any version: its first offset and its length; later its version.
_LENGTH = struct.Struct(">8xi")
_VERSION_AT = 16
_WITH_HEADERS = 2
_BYTES_MAX = 1024 * 1024
_WAIT_MILLISECONDS = 500
_READ_COMMITTED = 1
_ABORT = b"\x00\x00\x00\x00"
# What comes of bytes that are no batch, or that no codec has packed.
_DAMAGE = (
    LookupError,
    ValueError,
    OSError,
    EOFError,
    struct.error,
    zlib.error,
    DecompressionError,
    UnsupportedCodecError,
)


class Run(NamedTuple):
    """What a fetch gave: records, and the offset that follows.

    It may be without records and end further on, where all in it was taken back.
    """

    records: list[ConsumerRecord[bytes, bytes]]
    following: int


async def fetch(consumer: AIOKafkaConsumer, tp: TP, offset: int) -> Run:
    """Fetch a run that the client could not read, from an offset on.

    It ends where it begins where the broker does not give it now, so that it can be tried again.

    Raises:
        CorruptRecordException: nobody could read it. The message names the place.
    """
    client = consumer._client  # noqa: SLF001
    leader = client.cluster.leader_for_partition(tp)
    if leader is None or leader < 0:
        return Run([], offset)
    wanted = [(tp.topic, [(tp.partition, offset, _BYTES_MAX)])]
    request = FetchRequest(_WAIT_MILLISECONDS, 1, _BYTES_MAX, _READ_COMMITTED, wanted)
    try:
        response = await client.send(leader, request)
    except KafkaError:
        return Run([], offset)
    ((_, ((_, error, _, _, *more, run),)),) = response.topics
    if for_code(error) is not NoError:
        return Run([], offset)
    try:
        aborted = next((each for each in more if isinstance(each, list)), [])
        found = [record for record in records(tp, run, aborted) if record.offset >= offset]
        return Run(found, max((batch.next_offset for batch in _batches(run)), default=offset))
    except CorruptRecordException as cause:
        raise CorruptRecordException(
            f"{tp.topic}, partition {tp.partition}: the records from offset {offset} on cannot be "
            f"read: {cause}; fix: delete the records up to there (kafka-delete-records), which "
            "loses them, or restore the topic"
        ) from cause


def records(
    tp: TP, run: bytes, aborted: Iterable[tuple[int, int]] = ()
) -> Iterator[ConsumerRecord[bytes, bytes]]:
    """The records of whole batches; one that is cut off at the end of a run is left out.

    So is what a transaction took back: ``aborted`` says of which producer, and from which offset
    on. It ends with a mark.

    Raises:
        CorruptRecordException: what is there are no batches.
    """
    try:
        yield from _records(tp, run, aborted)
    except _DAMAGE as cause:
        raise CorruptRecordException(f"a batch is damaged ({type(cause).__name__})") from cause


def _records(
    tp: TP, run: bytes, aborted: Iterable[tuple[int, int]]
) -> Iterator[ConsumerRecord[bytes, bytes]]:
    waiting = sorted(aborted, key=lambda transaction: transaction[1])
    taken_back: set[int] = set()
    for batch in _batches(run):
        while waiting and waiting[0][1] <= batch.base_offset:
            taken_back.add(waiting.pop(0)[0])
        if batch.is_control_batch:
            if next(iter(batch)).key == _ABORT:
                taken_back.discard(batch.producer_id)
        elif not (batch.is_transactional and batch.producer_id in taken_back):
            yield from _unpacked(tp, batch)


def _batches(run: bytes) -> Iterator[Batch]:
    at = 0
    while at + _LENGTH.size <= len(run):
        (length,) = _LENGTH.unpack_from(run, at)
        end = at + _LENGTH.size + length
        if end > len(run):
            return
        if end < at + Batch.HEADER_STRUCT.size:
            raise CorruptRecordException("a batch is shorter than its head")
        if run[at + _VERSION_AT] < _WITH_HEADERS:
            raise CorruptRecordException("a batch of a version that has no headers")
        batch = Batch(run[at:end])
        if not batch.validate_crc():
            raise CorruptRecordException("the checksum is wrong")
        yield batch
        at = end


def writable(name: str) -> str:
    r"""A name as it may be written: bytes that are no text as ``\x``."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


class _Cursor:
    """A place in the bytes of a batch."""

    def __init__(self, batch: Batch) -> None:
        iter(batch)  # which unpacks it, if it is compressed
        self._bytes = batch._buffer  # noqa: SLF001
        self._at = batch._pos  # noqa: SLF001

    def number(self) -> int:
        number, self._at = decode_varint(self._bytes, self._at)
        return int(number)

    def piece(self) -> bytes | None:
        length = self.number()
        if length < 0:
            return None
        begin, self._at = self._at, self._at + length
        return bytes(self._bytes[begin : self._at])

    def headers(self) -> Iterator[tuple[str, bytes | None]]:
        for _ in range(self.number()):
            name = self.piece() or b""
            yield name.decode(errors="surrogateescape"), self.piece()


def _unpacked(tp: TP, batch: Batch) -> Iterator[ConsumerRecord[bytes, bytes]]:
    cursor = _Cursor(batch)
    for _ in range(batch._num_records):  # noqa: SLF001
        cursor.number()  # its length
        cursor.number()  # its attributes, which no version uses
        written_at = batch.first_timestamp + cursor.number()
        offset = batch.base_offset + cursor.number()
        key, value, headers = cursor.piece(), cursor.piece(), tuple(cursor.headers())
        yield ConsumerRecord(
            topic=tp.topic,
            partition=tp.partition,
            offset=offset,
            timestamp=batch.max_timestamp if batch.timestamp_type else written_at,
            timestamp_type=batch.timestamp_type,
            key=key,
            value=value,
            checksum=None,
            serialized_key_size=-1 if key is None else len(key),
            serialized_value_size=-1 if value is None else len(value),
            headers=headers,
        )
