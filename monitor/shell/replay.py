"""Runs the core over recorded logs, without a broker and in event time only.

Rule: no clock is read, so two runs over the same files give the same bytes.
Rule: a recorded log is complete, so nothing in it is late. Events are held until the last file
has been read and applied in the order in which they happened, whatever the order of the lines
and of the files. Held events are kept as JSON, which takes a sixth of the memory.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import from_json
from rich.progress import Progress

from monitor.adapters.records import lines_of, records_of
from monitor.core.casebook import Casebook
from monitor.core.moments import Moment, moment_of
from monitor.core.reading import reading_of
from monitor.core.report import report
from monitor.core.tracker import Tracker
from schemas.decode import ADAPTERS, CONVERSATIONS, TOPIC_OF, Invalid, decode, read
from schemas.published import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from io import BufferedReader
    from pathlib import Path

    from rich.console import Console

    from monitor.adapters.mapping import Mapping
    from monitor.adapters.records import Record
    from monitor.core.outputs import Output
    from monitor.core.policy import Policy
    from monitor.core.reading import Reading
    from monitor.shell.history import History
    from schemas.envelope import Envelope

NOTHING_READ = "is --map wrong, or missing?"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a log came to."""

    report: dict[str, Any]
    cases: list[dict[str, Any]]
    reading: Reading
    events: int
    """How many were read, and so not refused."""

    def summary(self) -> str:
        """Say in one line what was read, and what was not and why."""
        refused, ignored = self.report["dead_letters"], self.report.get("ignored_records", {})
        parts = [f"{self.events:,} events read"]
        if ignored:
            parts.append(f"{sum(ignored.values()):,} records ignored")
        if refused:
            why = ", ".join(f"{number:,} {reason}" for reason, number in refused.items())
            parts.append(f"{sum(refused.values()):,} refused ({why})")
        return ", ".join(parts) + ("" if self.events else f": {NOTHING_READ}")


class Held(NamedTuple):
    """An event that waits until the logs have ended."""

    at: Moment
    topic: str
    event: bytes


class Replay:
    """One run of the core over one or more logs."""

    def __init__(
        self, policy: Policy, mapping: Mapping | None, history: History | None = None
    ) -> None:
        """Without a mapping, every line is a CloudEvent in structured mode."""
        self.tracker = Tracker(policy)
        self._mapping = mapping
        self._history = history
        self._casebook = Casebook()
        self._held: list[Held] = []

    def read(self, lines: Iterable[bytes]) -> None:
        """Take the lines of a log.

        Raises:
            LogError: they are not written as the mapping says.
        """
        if self._mapping is None:
            for line in lines:
                if not line.isspace():
                    self.take(line)
            return
        for record in records_of(lines, self._mapping.file.record):
            for topic, event in self._mapped(self._mapping, record):
                self.hold(topic, event)

    def take(self, line: bytes) -> None:
        """Take one event, as a line of JSON."""
        topic = _topic_of(line)
        try:
            self.hold(topic, decode(topic, (), line))
        except Invalid as refusal:
            self.tracker.refuse(topic, refusal.reason)

    def hold(self, topic: str, event: Envelope) -> None:
        """Keep an event until the logs have ended."""
        packed = event.model_dump_json(by_alias=True, exclude_none=True).encode()
        self._held.append(Held(moment_of(event.time), topic, packed))

    def finish(self, watch: Callable[[list[Held]], Iterable[Held]] = iter) -> Replayed:
        """The logs have ended: apply what they held, and say what it came to.

        Args:
            watch: sees each event on its way, to show how far it is.
        """
        tracker = self.tracker
        # Of two repeats the one that was read first stays first, and the tracker drops the other.
        self._held.sort(key=attrgetter("at"))
        for at, topic, packed in watch(self._held):
            for moment in self._history.see(tracker, at) if self._history else ():
                self._note(tracker.advance_to(moment))
            # Events of one moment wait for each other: the tracker knows which of them is first.
            self._note(tracker.advance_to(at))
            self._note(tracker.receive(topic, ADAPTERS[topic].validate_json(packed)))
        self._note(tracker.finish())
        if self._history:
            self._history.end()
        reading = reading_of(tracker.totals, tracker.watermark)
        whole = report(reading, tracker.policy)
        if self._mapping is not None:
            whole["ignored_records"] = dict(sorted(self._mapping.ignored.items()))
        return Replayed(whole, self._casebook.lines(), reading, len(self._held))

    def _mapped(self, mapping: Mapping, record: Record | None) -> Iterator[tuple[str, Envelope]]:
        if record is None:
            self.tracker.refuse(CONVERSATIONS, Reason.NOT_JSON)
            return
        for event in mapping.events([record]):
            topic = TOPIC_OF.get(event["type"], CONVERSATIONS)
            try:
                yield topic, read(topic, event)
            except Invalid as refusal:
                self.tracker.refuse(topic, refusal.reason)

    def _note(self, outputs: list[Output]) -> None:
        for output in outputs:
            self._casebook.note(output)


def replay(
    files: list[Path],
    policy: Policy,
    mapping: Mapping | None,
    console: Console,
    history: History | None = None,
) -> Replayed:
    """Run the core over files of JSON lines, gzip or plain, and show how far it is.

    Raises:
        LogError: a gzip file is damaged, or a log is not written as the mapping says.
    """
    run = Replay(policy, mapping, history)
    return play(files, run, console)


def play(files: list[Path], run: Replay, console: Console) -> Replayed:
    """Let a run take all lines of the files, and finish it."""
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        for path in files:
            task = progress.add_task(path.name, total=path.stat().st_size)
            with path.open("rb") as file:
                run.read(followed(file, partial(progress.update, task)))
        return run.finish(lambda held: progress.track(held, description="judging"))


def followed(file: BufferedReader, tell: Callable[..., None]) -> Iterator[bytes]:
    """Give the lines of a log, and tell how far it has been read: ``completed`` so many bytes."""
    for line in lines_of(file):
        yield line
        tell(completed=file.tell())


def dump(value: dict[str, Any]) -> str:
    """JSON as people read it, with the same bytes for the same value."""
    return json.dumps(value, indent=2) + "\n"


def dump_line(value: dict[str, Any]) -> str:
    """JSON on one line."""
    return json.dumps(value, separators=(",", ":")) + "\n"


def _topic_of(line: bytes) -> str:
    # A log has all topics in one file; which one an event belongs to follows from its type.
    try:
        record = from_json(line)
    except ValueError:
        return CONVERSATIONS
    type_ = record.get("type") if isinstance(record, dict) else None
    return TOPIC_OF.get(type_, CONVERSATIONS) if isinstance(type_, str) else CONVERSATIONS
