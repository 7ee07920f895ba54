"""What counts of a changelog: all that a position vouches for, and nothing else."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import TYPE_CHECKING

import msgspec
import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import TopicPartition

from monitor.shell import changelog
from monitor.shell.changelog import (
    POSITION_KEY,
    ChangelogError,
    Known,
    Position,
    Recovering,
    encode,
    must_be_proven,
)
from monitor.shell.disk_store import DiskStore
from monitor.shell.raw_records import records
from monitor.shell.store import MemoryStore

if TYPE_CHECKING:
    from pathlib import Path

TP = TopicPartition("changelog", 0)


def recovered(*told: tuple[bytes, bytes | None]) -> Recovering:
    recovering = Recovering(MemoryStore())
    for key, value in told:
        recovering.take(key, value)
    return recovering


def position(offset: int) -> tuple[bytes, bytes]:
    return POSITION_KEY, msgspec.msgpack.encode(Position({"source": offset}, epoch=1))


def test_a_store_goes_on_only_with_the_log_that_it_knows(tmp_path: Path) -> None:
    key, value = position(3)
    store = DiskStore(tmp_path)
    store.apply({b"a": b"1"}, Known(first=4, last=5, position=value, at=0))
    store.close()

    def proves(*, offset: int, content: bytes) -> bool:
        record = SimpleNamespace(offset=offset, key=key, value=content)
        opened = DiskStore(tmp_path)
        recovering = Recovering(opened)
        opened.close()
        assert recovering.offset == 3
        return recovering.proves([record], offset)

    assert proves(offset=5, content=value)
    assert not proves(offset=5, content=position(4)[1])
    assert not proves(offset=6, content=value)


def test_a_log_that_ends_before_what_the_store_holds_is_another(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    store.apply({b"a": b"1"}, Known(first=4, last=5, position=b"", at=0))
    store.close()
    store = DiskStore(tmp_path)

    with pytest.raises(ChangelogError, match="another log"):
        must_be_proven([Recovering(MemoryStore()), Recovering(store)])
    assert (store.known, store.get(b"a")) == (None, None)
    store.close()


@pytest.mark.parametrize("size", [899_999, 900_000, 900_001, 5_000_000])
def test_a_record_of_any_size_is_written_in_what_kafka_takes(size: int) -> None:
    large = random.Random(size).randbytes(size)  # noqa: S311  # the same each time
    changes: dict[bytes, bytes | None] = {b"a": b"1", b"large": large, b"gone": None}
    batches = encode(changes, Position({}, epoch=1), lambda: BatchBuilder(1_000_000, 0))
    written = [bytes(batch._build()) for batch in batches]  # noqa: SLF001  # as the client does
    state = recovered(*((one.key, one.value) for run in written for one in records(TP, run)))

    assert max(len(run) for run in written) <= 1_000_000
    assert dict(state.store.items(b"")) == {b"a": b"1", b"large": large}
    assert state.pieces == {}


def test_pieces_of_an_interrupted_flush_change_nothing() -> None:
    first, second = bytes(2_000_000), b"x" * 2_000_000
    whole = pieces_of(first)
    state = recovered(*whole, *pieces_of(second)[:2])
    assert state.finish() == {}
    assert state.store.get(b"large") == first

    state = recovered(*whole, *pieces_of(second)[:-1])
    assert state.finish() == {b"large": first}


def test_a_record_of_which_a_piece_is_missing_is_refused() -> None:
    with pytest.raises(ChangelogError, match="some are missing"):
        recovered(*pieces_of(bytes(2_000_000))[1:])


def pieces_of(value: bytes) -> list[tuple[bytes, bytes | None]]:
    batches = encode({b"large": value}, Position({}, 1), lambda: BatchBuilder(1_000_000, 0))
    runs = [bytes(batch._build()) for batch in batches]  # noqa: SLF001  # as the client does
    return [(one.key or b"", one.value) for run in runs for one in records(TP, run)]


@pytest.mark.parametrize("tail_max", [1, 2, 3, 100])
def test_it_does_not_matter_how_much_of_a_tail_is_held(
    monkeypatch: pytest.MonkeyPatch, tail_max: int
) -> None:
    monkeypatch.setattr(changelog, "_TAIL_MAX", tail_max)
    state = recovered(
        *((b"a", b"1"), (b"b", b"1"), (b"a", b"2"), position(3)),
        *((b"b", None), (b"c", b"1"), (b"a", b"3")),
    )

    assert state.finish() == {b"a": b"2", b"b": b"1", b"c": None}
    assert dict(state.store.items(b"")) == {b"a": b"2", b"b": b"1"}


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


@pytest.mark.parametrize("count", [b"", b"0", b"-1", b"9" * 5000, b"9999999999", "²".encode()])
def test_a_record_in_no_number_of_pieces_is_refused_at_once(count: bytes) -> None:
    with pytest.raises(ChangelogError, match="some are missing"):
        recovered((b"large", b"\xc1" + count))


def test_what_is_no_position_is_refused() -> None:
    with pytest.raises(ChangelogError, match="a position"):
        recovered((POSITION_KEY, b"\xc1"))
