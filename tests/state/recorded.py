"""Changelogs that were recorded once, by the version that wrote them, and how a log went on.

`make record` records one of the version that there is now: in ``tests/state/<version>`` lie the
changelogs of two partitions, cut off in the middle of a log, the rest of that log, the policy, the
form of the state, and what came of it in the end.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from monitor.core.notes import decode_note, encode
from monitor.core.outputs import Published
from monitor.core.reading import reading_of
from monitor.core.snapshot import restore
from monitor.shell.changelog import Recovering
from monitor.shell.policy_file import load_policy
from monitor.shell.store import MemoryStore
from monitor.shell.topics import partition_of
from schemas.decode import read
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from monitor.core.tracker import Tracker

RECORDED = ROOT / "tests" / "state"
PARTITIONS = 2
# So few that nearly all rows are read when something comes for them, as in a large state.
HOT_MAX = 2


class Part(NamedTuple):
    """An event on its way to a partition."""

    partition: int
    topic: str
    record: dict[str, Any]


class Group:
    """The partitions of a group, and what they have put out."""

    def __init__(self, trackers: list[Tracker]) -> None:
        """Begin with what was restored, or with nothing."""
        self.trackers = trackers
        self.published: list[str] = []

    def fold(self, parts: Iterable[Part]) -> None:
        """Take events."""
        for part in parts:
            tracker = self.trackers[part.partition]
            self._keep(tracker.receive(part.topic, read(part.topic, part.record)))

    def deliver(self) -> None:
        """Let the partitions hear what they have written to each other."""
        while notes := [note for one in self.trackers for note in one.outbox.unsent.values()]:
            for one in self.trackers:
                one.outbox.sent(list(one.outbox.unsent.values()))
            for note in notes:
                tracker = self.trackers[partition_of(note.to, PARTITIONS)]
                self._keep(tracker.take(decode_note(encode(note))))

    def go_on(self, parts: Iterable[Part]) -> str:
        """Fold the rest of the log, and tell what came of it: all published, and all totals."""
        for part in parts:
            self.deliver()
            self.fold([part])
        for one in self.trackers:
            self._keep(one.finish())
        self.deliver()
        totals = [
            f"{number} {name} {' '.join(map(str, labels))} {value:.6f}".rstrip("0").rstrip(".")
            for number, one in enumerate(self.trackers)
            for name, cells in reading_of(one.totals, one.watermark).items()
            for labels, value in cells.items()
            if value
        ]
        return "\n".join([*sorted(self.published), *sorted(totals)]) + "\n"

    def _keep(self, outputs: Iterable[object]) -> None:
        self.published += [
            one.model_dump_json(exclude_none=True) for one in outputs if isinstance(one, Published)
        ]


def restored(directory: Path) -> Group:
    """The group as its changelogs have it."""
    policy = load_policy(directory / "policy.toml")
    recovering = [Recovering(MemoryStore()) for _ in range(PARTITIONS)]
    for number, key, value in read_lines(directory / "changelog.jsonl.gz"):
        recovering[number].take(unpacked(key) or b"", unpacked(value))
    for one in recovering:
        assert one.finish() == {}
    return Group(
        [
            restore(policy, one.store, owns(number), f"partition {number}", HOT_MAX)
            for number, one in enumerate(recovering)
        ]
    )


def rest_of(directory: Path) -> list[Part]:
    """How the log went on."""
    return [Part(*line) for line in read_lines(directory / "rest.jsonl.gz")]


def told(directory: Path) -> str:
    """What the version that recorded it said in the end."""
    return gzip.decompress((directory / "told.txt.gz").read_bytes()).decode()


def owns(number: int) -> Any:
    """Whether a partition is that of a reference."""
    return lambda reference: partition_of(reference, PARTITIONS) == number


def packed(content: bytes | None) -> str | None:
    """Bytes as JSON can hold them."""
    return None if content is None else base64.b64encode(content).decode()


def unpacked(text: str | None) -> bytes | None:
    """The bytes again."""
    return None if text is None else base64.b64decode(text)


def read_lines(path: Path) -> Iterable[list[Any]]:
    """The lines of a file."""
    return map(json.loads, gzip.decompress(path.read_bytes()).splitlines())


def write(path: Path, text: str) -> None:
    """Write a file so that the same text gives the same bytes."""
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
