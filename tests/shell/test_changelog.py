"""What counts of a changelog: all that a position vouches for, and nothing else."""

from __future__ import annotations

import msgspec

from monitor.shell.changelog import POSITION_KEY, Position, Recovering
from monitor.shell.store import MemoryStore


def recovered(*records: tuple[bytes, bytes | None]) -> Recovering:
    recovering = Recovering(MemoryStore())
    for key, value in records:
        recovering.take(key, value)
    return recovering


def position(offset: int) -> tuple[bytes, bytes]:
    return POSITION_KEY, msgspec.msgpack.encode(Position({"source": offset}, epoch=1))


def test_what_an_interrupted_flush_wrote_counts_only_when_a_position_follows() -> None:
    first = ((b"a", b"1"), (b"b", b"1"), position(3))
    interrupted = ((b"a", b"2"), (b"b", None), (b"c", b"2"))

    state = recovered(*first, *interrupted)
    assert (dict(state.store.items(b"")), state.next_offsets) == (
        {b"a": b"1", b"b": b"1"},
        {"source": 3},
    )
    assert state.tail == dict(interrupted)

    state = recovered(*first, *interrupted, position(7))
    assert (dict(state.store.items(b"")), state.next_offsets) == (
        {b"a": b"2", b"c": b"2"},
        {"source": 7},
    )
    assert state.tail == {}
