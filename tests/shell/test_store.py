"""What a store was given is there at once, and in files it outlives the process once applied."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from monitor.core.rows import NEVER, PREFIX, as_prefix, due_of
from monitor.shell.changelog import Known
from monitor.shell.disk_store import Directory, DiskStore
from monitor.shell.store import MemoryStore, StoreError, Stores
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.shell.store import Store

KNOWN = Known(first=3, last=5, position=b"here", at=1e9)


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store of each kind."""
    opened = MemoryStore() if request.param == "memory" else DiskStore(tmp_path)
    yield opened
    opened.close()


def row(due: int, content: bytes = b"") -> bytes:
    return as_prefix(due) + content


def test_what_was_put_is_there_at_once(store: Store) -> None:
    store.put({PREFIX + b"ann": row(1), PREFIX + b"ben": row(2), b"time": b"now"})
    store.put({PREFIX + b"ann": None, PREFIX + b"ben": row(3)})

    assert store.get(PREFIX + b"ann") is None
    assert dict(store.items(PREFIX)) == {PREFIX + b"ben": row(3)}
    assert (len(store), store.get(b"time")) == (1, b"now")


def test_a_flush_that_is_acknowledged_hides_nothing_that_was_put_since(store: Store) -> None:
    cut = {PREFIX + b"ann": row(1), PREFIX + b"ben": row(1)}
    store.put(cut)
    store.put({PREFIX + b"ann": row(2), PREFIX + b"ben": None})
    store.apply(cut, KNOWN)

    assert store.get(PREFIX + b"ann") == row(2)
    assert store.due(0, 10) == ([(2, PREFIX + b"ann")], NEVER)
    assert len(store) == 1


@pytest.mark.parametrize("seed", range(5))
def test_each_row_is_due_once_and_when_it_says(store: Store, seed: int) -> None:
    chance, rows = random.Random(seed), dict[bytes, bytes]()  # noqa: S311  # the same each time
    for _ in range(20):
        changes: dict[bytes, bytes | None] = {
            PREFIX + b"%d" % chance.randrange(60): chance.choice((None, row(chance.randrange(40))))
            for _ in range(20)
        }
        store.put(changes)
        if chance.random() < 0.5:
            store.apply(changes, KNOWN)
        rows = {key: value for key, value in {**rows, **changes}.items() if value is not None}
        assert len(store) == len(rows)
        found: list[tuple[int, bytes]] = []
        since = 0
        while since < NEVER:
            some, until = store.due(since, 5)
            assert all(since <= moment < until for moment, _ in some)
            found, since = found + some, until
        assert sorted(found) == sorted((due_of(value), key) for key, value in rows.items())


def test_what_was_set_aside_counts_once_it_is_accepted(store: Store) -> None:
    store.apply({PREFIX + b"ann": row(1), PREFIX + b"ben": row(1)})
    changes = {PREFIX + b"ann": None, PREFIX + b"cid": row(2)}
    store.set_aside(changes)
    assert set(dict(store.items(PREFIX))) == {PREFIX + b"ann", PREFIX + b"ben"}
    assert store.reject() == set(changes)
    store.accept()
    assert set(dict(store.items(PREFIX))) == {PREFIX + b"ann", PREFIX + b"ben"}

    store.set_aside(changes)
    store.accept()
    assert set(dict(store.items(PREFIX))) == {PREFIX + b"ben", PREFIX + b"cid"}
    assert store.reject() == set()


def test_files_hold_what_was_applied_and_not_what_was_only_put(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    store.apply({PREFIX + b"ann": row(7), b"time": b"now"}, KNOWN)
    store.put({PREFIX + b"ann": row(9), PREFIX + b"ben": row(9)})
    store.close()

    store = DiskStore(tmp_path)
    assert dict(store.items(b"")) == {PREFIX + b"ann": row(7), b"time": b"now"}
    assert store.due(0, 10) == ([(7, PREFIX + b"ann")], NEVER)
    assert (len(store), store.known) == (1, KNOWN)
    store.clear()
    assert (dict(store.items(b"")), store.due(0, 10), store.known) == ({}, ([], NEVER), None)
    store.close()


@pytest.mark.parametrize(("hours", "trusted"), [(-1, False), (0, True), (11, True), (12, False)])
def test_files_are_trusted_for_less_than_compaction_leaves_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: float, *, trusted: bool
) -> None:
    monkeypatch.setattr("time.time", lambda: KNOWN.at + hours * 3600)
    directory = Directory(tmp_path)
    stores = Stores(directory.open)
    stores.open(2).apply({b"time": b"now"}, KNOWN)
    again = stores.open(2)

    assert (again.known is not None, again.get(b"time") is not None) == (trusted, trusted)
    stores.keep([])
    directory.close()


_FILLS_THE_DISK = """
import resource, signal, sys
from pathlib import Path
from monitor.core.rows import PREFIX
from monitor.shell.changelog import Known
from monitor.shell.disk_store import DiskStore
from monitor.shell.store import StoreError

store = DiskStore(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
for number in range(1000):
    rows = {PREFIX + b"%d-%d" % (number, n): bytes(1000) for n in range(10)}
    try:
        store.apply(rows, Known(number, number, b"", 0))
    except StoreError as error:
        print(number, error)
        break
"""


def test_a_disk_that_is_full_is_told_and_loses_nothing_that_was_written(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _FILLS_THE_DISK, tmp_path],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ).stdout
    failed, _, message = told.partition(" ")
    store = DiskStore(tmp_path)

    assert "cannot be read or written" in message
    assert "see to the disk" in message
    assert store.known is not None
    assert store.known.last == int(failed) - 1
    assert len(list(store.items(PREFIX))) == len(store) == 10 * int(failed)
    store.close()


def test_a_directory_is_one_worker_s(tmp_path: Path) -> None:
    held = Directory(tmp_path)
    with pytest.raises(StoreError, match="in use by another worker"):
        Directory(tmp_path)
    held.close()
    Directory(tmp_path).close()


def test_files_that_cannot_be_read_are_named_with_what_to_do(tmp_path: Path) -> None:
    DiskStore(tmp_path).close()
    (tmp_path / "CURRENT").write_text("nonsense")

    with pytest.raises(StoreError, match="remove the directory"):
        DiskStore(tmp_path)
