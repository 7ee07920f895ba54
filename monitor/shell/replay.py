"""Runs the core over recorded logs, without a broker and in event time only.

Rule: no clock is read, so two runs over the same files give the same bytes.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast

from pydantic_core import from_json
from rich.progress import Progress

from monitor.core.casebook import Casebook
from monitor.core.reading import reading_of
from monitor.core.report import report
from monitor.core.tracker import Tracker
from schemas.decode import CONVERSATIONS, TOPIC_OF, Invalid, decode, read
from schemas.published import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

    from monitor.adapters.mapping import Mapping
    from monitor.core.outputs import Output
    from monitor.core.policy import Policy
    from monitor.core.reading import Reading


class LogError(Exception):
    """A log cannot be read to its end. The message names the file."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a log came to."""

    report: dict[str, Any]
    cases: list[dict[str, Any]]
    reading: Reading


class Replay:
    """One run of the core over one or more logs."""

    def __init__(self, policy: Policy, mapping: Mapping | None) -> None:
        """Without a mapping, every line is a CloudEvent in structured mode."""
        self._tracker = Tracker(policy)
        self._mapping = mapping
        self._casebook = Casebook()

    def take(self, line: bytes) -> None:
        """Take one line of a log."""
        if self._mapping is None:
            self._take_event(line)
            return
        try:
            record = from_json(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            self._tracker.refuse(CONVERSATIONS, Reason.NOT_JSON)
            return
        for event in self._mapping.events([record]):
            topic = TOPIC_OF.get(event["type"], CONVERSATIONS)
            try:
                self._note(self._tracker.receive(topic, read(topic, event)))
            except Invalid as refusal:
                self._tracker.refuse(topic, refusal.reason)

    def finish(self) -> Replayed:
        """The logs have ended: say what they came to."""
        tracker = self._tracker
        self._note(tracker.finish())
        reading = reading_of(tracker.totals, tracker.watermark)
        whole = report(reading, tracker.policy)
        if self._mapping is not None:
            whole["ignored_records"] = dict(sorted(self._mapping.ignored.items()))
        return Replayed(whole, self._casebook.lines(), reading)

    def _take_event(self, line: bytes) -> None:
        topic = _topic_of(line)
        try:
            event = decode(topic, (), line)
        except Invalid as refusal:
            self._tracker.refuse(topic, refusal.reason)
            return
        self._note(self._tracker.receive(topic, event))

    def _note(self, outputs: list[Output]) -> None:
        for output in outputs:
            self._casebook.note(output)


def replay(
    files: list[Path], policy: Policy, mapping: Mapping | None, console: Console
) -> Replayed:
    """Run the core over files of JSON lines, gzip or plain, and show how far it is.

    Raises:
        LogError: a gzip file is damaged.
    """
    run = Replay(policy, mapping)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        for path in files:
            task = progress.add_task(path.name, total=path.stat().st_size)
            with path.open("rb") as file:
                for line in _lines(file):
                    run.take(line)
                    progress.update(task, completed=file.tell())
    return run.finish()


def dump(value: dict[str, Any]) -> str:
    """JSON as people read it, with the same bytes for the same value."""
    return json.dumps(value, indent=2) + "\n"


def dump_line(value: dict[str, Any]) -> str:
    """JSON on one line."""
    return json.dumps(value, separators=(",", ":")) + "\n"


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    lines = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if packed else file
    try:
        for line in lines:
            stripped = line.strip()
            if stripped:
                yield stripped
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise LogError(f"{file.name}: damaged gzip: {error}") from None


def _topic_of(line: bytes) -> str:
    # A log has all topics in one file; which one an event belongs to follows from its type.
    try:
        record = from_json(line)
    except ValueError:
        return CONVERSATIONS
    type_ = record.get("type") if isinstance(record, dict) else None
    return TOPIC_OF.get(type_, CONVERSATIONS) if isinstance(type_, str) else CONVERSATIONS
