"""Batches of records as a producer of another make may write them."""

from __future__ import annotations

from typing import Self

from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

Headers = list[tuple[str, bytes | None]]


class Name(str):
    """The name of a header, by its bytes; the client's builder in Python asks for them."""

    __slots__ = ("raw",)
    raw: bytes

    def __new__(cls, raw: bytes) -> Self:
        name = super().__new__(cls, raw.decode(errors="surrogateescape"))
        name.raw = raw
        return name

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        del encoding, errors
        return self.raw


def builder(codec: int = 0, transaction_of: int = -1) -> _DefaultRecordBatchBuilderPy:
    """What the client builds batches with where it has no C; in a transaction of a producer."""
    in_one = int(transaction_of >= 0)
    return _DefaultRecordBatchBuilderPy(2, codec, in_one, transaction_of, -1, 0, 1_000_000)
