"""What counts of a changelog: all that a position vouches for, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import msgspec
import pytest

from monitor.shell import changelog
from monitor.shell.changelog import POSITION_KEY, ChangelogError, Known, Position, Recovering
from monitor.shell.disk_store import DiskStore
from monitor.shell.store import MemoryStore

if TYPE_CHECKING:
    from pathlib import Path


def recovered(*records: tuple[bytes, bytes | None]) -> Recovering:
    recovering = Recovering(MemoryStore())
    for key, value in records:
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
        Recovering(store).finish()
    assert (store.known, store.get(b"a")) == (None, None)
    store.close()


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
