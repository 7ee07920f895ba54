"""What a source has delivered, so that a copy of it is not taken once more.

Rule: a delivery is remembered when all of its events are in Kafka, and not before.

Many senders prove what they send but not when, and then a copy of a request proves as much as the
request did. What is remembered is a digest of what the request said: headers that nobody signed
may be changed in a copy and make no difference.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DELIVERIES_MAX = 100_000
_BYTES = 16


class Deliveries:
    """The deliveries of one source that were taken last."""

    def __init__(self, file: Path | None = None, most: int = DELIVERIES_MAX) -> None:
        """Remember so many; in a file, if there is one, so that a restart knows them.

        Raises:
            OSError: the file cannot be used.
        """
        self._file = file
        self._most = most
        self._taken: dict[bytes, None] = {}
        self._written = 0
        if file is not None:
            known = file.read_bytes() if file.exists() else b""
            whole = len(known) - len(known) % _BYTES
            digests = (known[at : at + _BYTES] for at in range(0, whole, _BYTES))
            self._taken = dict.fromkeys(list(digests)[-most:])
            self._rewrite(file)

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._taken

    def add(self, digest: bytes) -> None:
        """Remember a delivery.

        Raises:
            OSError: it cannot be written down. It is remembered until the end all the same.
        """
        if digest in self._taken:
            return
        self._taken[digest] = None
        if len(self._taken) > self._most:
            del self._taken[next(iter(self._taken))]
        if self._file is not None:
            self._write(self._file, digest)

    def _write(self, file: Path, digest: bytes) -> None:
        if self._written >= 2 * self._most:
            self._rewrite(file)
            return
        # Without a buffer: what was written outlives the process, however it ends.
        with file.open("ab", buffering=0) as log:
            log.write(digest)
        self._written += 1

    def _rewrite(self, file: Path) -> None:
        new = file.with_suffix(".new")
        new.write_bytes(b"".join(self._taken))
        new.replace(file)
        self._written = len(self._taken)


def digest_of(*said: bytes) -> bytes:
    """Give the digest of what a request said, part by part."""
    digest = blake2b(digest_size=_BYTES)
    for part in said:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
