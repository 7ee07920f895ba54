"""A store in files, for more customers than memory holds: RocksDB, one database a partition.

Rules:

- What the partition put is held in memory until the table applied it. So the files only ever hold
  what the changelog holds, and the position and offset up to which they do, written with it.
- The changelog is the truth, and the files save reading it again. Nothing waits for the disk: after
  a crash of the machine the files are as they were a moment before, and the changelog is read on
  from there.
- When a row is due stands in a key of its own, which is ordered by it. Nothing in memory grows
  with the number of rows.
"""

from __future__ import annotations

import fcntl
from itertools import islice
from typing import TYPE_CHECKING, cast

import msgspec
import rocksdict

from monitor.core.rows import NEVER, PREFIX, as_prefix, due_of
from monitor.shell.changelog import RESERVED, Known
from monitor.shell.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from monitor.core.moments import Moment

_KNOWN = RESERVED + b"known"
_SIZE = RESERVED + b"size"
_DUE = RESERVED + b"due:"
_DUE_END = RESERVED + b"due;"
_ASIDE = RESERVED + b"aside:"
_ASIDE_END = RESERVED + b"aside;"
_DELETED, _CHANGED = b"-", b"+"
_AT_ONCE = 10_000
_MOMENT_BYTES = 8
_WRITE_BUFFER_BYTES = 16 * 1024 * 1024


class DiskStore:
    """A store whose files outlive the process."""

    def __init__(self, path: Path) -> None:
        """Open the files in a directory, or begin with none.

        Raises:
            StoreError: they cannot be read.
        """
        self._path = path
        self._database = self._opened()
        # What was put, and not applied yet.
        self._ahead: dict[bytes, bytes | None] = {}
        self._size = int(self._get(_SIZE) or 0)
        # A recovery that did not come to its end may have left something.
        self.reject()
        known = self._get(_KNOWN)
        self.known = None if known is None else msgspec.msgpack.decode(known, type=Known)

    def __len__(self) -> int:
        """How many rows of customers there are."""
        ahead = [one for one in self._ahead.items() if one[0].startswith(PREFIX)]
        return self._size + sum(
            (value is not None) - (self._get(key) is not None) for key, value in ahead
        )

    def get(self, key: bytes, /) -> bytes | None:
        """One record."""
        return self._ahead[key] if key in self._ahead else self._get(key)

    def put(self, changes: Mapping[bytes, bytes | None], /) -> None:
        """Change records, until the process ends."""
        self._ahead.update(changes)

    def apply(self, changes: Mapping[bytes, bytes | None], known: Known | None = None, /) -> None:
        """Change records in the files, all or none of them."""
        batch, size = rocksdict.WriteBatch(raw_mode=True), self._size
        for key, value in changes.items():
            if key.startswith(PREFIX):
                size += self._index(batch, key, value)
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        batch.put(_SIZE, b"%d" % size)
        if known is not None:
            batch.put(_KNOWN, msgspec.msgpack.encode(known))
        self._write(batch)
        self._size = size
        for key, value in changes.items():
            # The partition may have put something newer meanwhile.
            if self._ahead.get(key, self) is value:
                del self._ahead[key]

    def items(self, prefix: bytes, /) -> Iterator[tuple[bytes, bytes]]:
        """The records whose keys begin with this."""
        ahead = dict(self._ahead)
        for key, value in self._from(prefix):
            if not key.startswith(prefix):
                # Ours come first in the order of keys.
                if key.startswith(RESERVED):
                    continue
                break
            if key not in ahead and not key.startswith(RESERVED):
                yield key, value
        for key, new in ahead.items():
            if new is not None and key.startswith(prefix):
                yield key, new

    def due(self, since: Moment, about: int, /) -> tuple[list[tuple[Moment, bytes]], Moment]:
        """The rows that are due from a moment on."""
        found: list[tuple[Moment, bytes]] = []
        until = NEVER
        for key, _ in self._from(_DUE + as_prefix(since)):
            if key >= _DUE_END:
                break
            moment = due_of(key[len(_DUE) :])
            if len(found) >= about and moment > found[-1][0]:
                until = moment
                break
            found.append((moment, key[len(_DUE) + _MOMENT_BYTES :]))
        ours = [one for one in found if one[1] not in self._ahead]
        for key, row in self._ahead.items():
            if row is not None and key.startswith(PREFIX) and since <= due_of(row) < until:
                ours.append((due_of(row), key))
        return ours, until

    def set_aside(self, changes: Mapping[bytes, bytes | None], /) -> None:
        """Keep changes that do not count yet."""
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, value in changes.items():
            batch.put(_ASIDE + key, _DELETED if value is None else _CHANGED + value)
        self._write(batch)

    def accept(self) -> None:
        """What was set aside counts.

        Not all at once: who crashes meanwhile recovers from the changelog again.
        """
        aside = self._set_aside()
        while changes := dict(islice(aside, _AT_ONCE)):
            self.apply(changes)
        self._drop_aside()

    def reject(self) -> set[bytes]:
        """What was set aside does not count. Returns its keys."""
        keys = {key for key, _ in self._set_aside()}
        self._drop_aside()
        return keys

    def clear(self) -> None:
        """Forget everything, and begin with no files."""
        self.close()
        rocksdict.Rdict.destroy(str(self._path))
        self._database = self._opened()
        self._ahead, self._size, self.known = {}, 0, None

    def close(self) -> None:
        """Let go of the files."""
        self._database.close()

    def _index(self, batch: rocksdict.WriteBatch, key: bytes, value: bytes | None) -> int:
        """Note when a row is due. Returns by how much that makes rows more."""
        old = self._get(key)
        before = None if old is None else old[:_MOMENT_BYTES]
        after = None if value is None else value[:_MOMENT_BYTES]
        if before is not None and before != after:
            batch.delete(_DUE + before + key)
        if after is not None and before != after:
            batch.put(_DUE + after + key, b"")
        return (after is not None) - (before is not None)

    def _set_aside(self) -> Iterator[tuple[bytes, bytes | None]]:
        for key, kept in self._from(_ASIDE):
            if key >= _ASIDE_END:
                return
            yield key[len(_ASIDE) :], None if kept == _DELETED else kept[len(_CHANGED) :]

    def _drop_aside(self) -> None:
        batch = rocksdict.WriteBatch(raw_mode=True)
        batch.delete_range(_ASIDE, _ASIDE_END)
        self._write(batch)

    def _write(self, batch: rocksdict.WriteBatch) -> None:
        try:
            self._database.write(batch)
        except Exception as error:
            raise self._broken(error) from error

    def _get(self, key: bytes) -> bytes | None:
        try:
            return cast("bytes | None", self._database.get(key))
        except Exception as error:
            raise self._broken(error) from error

    def _from(self, key: bytes) -> Iterator[tuple[bytes, bytes]]:
        return cast("Iterator[tuple[bytes, bytes]]", iter(self._database.items(from_key=key)))

    def _opened(self) -> rocksdict.Rdict:
        options = rocksdict.Options(raw_mode=True)
        # Rows are compressed already.
        options.set_compression_type(rocksdict.DBCompressionType.none())
        options.set_write_buffer_size(_WRITE_BUFFER_BYTES)
        table = rocksdict.BlockBasedOptions()
        # Most rows that are asked for are new, and a filter says so without reading.
        table.set_bloom_filter(10, False)  # noqa: FBT003  # it has no names
        options.set_block_based_table_factory(table)
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            return rocksdict.Rdict(str(self._path), options)
        except Exception as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> StoreError:
        return StoreError(
            f"the state in {self._path} cannot be read or written: {error}; fix: see to the disk "
            "and start again; should that fail, remove the directory, and the worker reads the "
            "changelog from its beginning"
        )


class Directory:
    """Where the files of a worker's partitions lie, and of no other worker's."""

    def __init__(self, path: Path) -> None:
        """Keep other processes from it, as long as this one runs.

        Raises:
            StoreError: another process has it, or it cannot be made.
        """
        self._path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = (path / "lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise StoreError(
                f"{path} is in use by another worker; fix: give each a DATA_DIR of its own"
            ) from None
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from None

    def close(self) -> None:
        """Let others have it."""
        self._lock.close()

    def open(self, number: int) -> DiskStore:
        """The store of a partition."""
        return DiskStore(self._path / str(number))
