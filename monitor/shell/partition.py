"""One owned partition: the pure tracker, and what it has put out but not yet published."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor.core.form import Damaged
from monitor.core.moments import SECOND, datetime_of
from monitor.core.notes import decode_note
from monitor.core.outputs import Published
from monitor.core.snapshot import records
from monitor.core.trials import BOUNDS
from monitor.shell.past import Past
from schemas.decode import Invalid, decode
from schemas.published import DeadLetter, EpisodeOutcome, Finding, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiokafka import ConsumerRecord

    from monitor.core.moments import Moment
    from monitor.core.notes import Note
    from monitor.core.outputs import Output
    from monitor.core.policy import Policy
    from monitor.core.totals import Labels
    from monitor.core.tracker import Tracker

EXEMPLIFIED = ("cx_silent_failures_total", "cx_resolution_failures_total")
"""The counters of which an example is kept."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A record that could not be read, as it came, with the reason."""

    reason: DeadLetter
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


@dataclass(slots=True)
class OwnedPartition:
    """The state of a partition while this worker owns it."""

    tracker: Tracker
    unpublished: list[Published] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    #: For some counters the journey that was counted last, and when; for the page only.
    examples: dict[tuple[str, Labels], tuple[str, float]] = field(default_factory=dict)
    #: Of journeys in which something was found, for when they are over.
    past: Past = field(default_factory=Past)
    #: The last note that the changes contain which were taken last.
    _written: int = 0

    def prepare(self) -> Iterator[None]:
        """Encode most of what has changed, a few rows at a time; steps may come between them."""
        return self.tracker.customers.prepare()

    def changes(self) -> dict[bytes, bytes | None]:
        """What has changed since the last call, for the changelog."""
        self._written = self.tracker.outbox.number
        changed = records(self.tracker)
        self.past.keep(changed, self.tracker)
        return changed

    def notes(self) -> list[Note]:
        """The notes to other partitions that the last changes contain, once these are durable."""
        return self.tracker.outbox.due(self._written)

    def posted(self, notes: list[Note]) -> None:
        """These notes were sent and acknowledged."""
        self.tracker.outbox.sent(notes)

    def take(self, record: ConsumerRecord[bytes, bytes], received_at: Moment) -> None:
        """Take one record of the topic of notes."""
        try:
            note = decode_note(record.value or b"")
        except Damaged:
            refusal = Invalid(Reason.NOT_AN_EVENT, "no note of ours")
            self._refuse(record, refusal, received_at)
            return
        self._keep(self.tracker.take(note))

    def fold(self, record: ConsumerRecord[bytes, bytes], received_at: Moment) -> None:
        """Take one record of a source topic, at a moment by our own clock.

        The record's timestamp is the producer's word, and may be anything.
        """
        headers = tuple(record.headers)
        try:
            event = decode(record.topic, headers, record.value)
        except Invalid as refusal:
            self._refuse(record, refusal, received_at)
            return
        self._keep(self.tracker.receive(record.topic, event, received_at))

    @property
    def is_behind(self) -> bool:
        """Whether a record has let more time pass than is decided; no other may come then."""
        return self.tracker.is_behind

    def catch_up(self) -> None:
        """Decide more of that."""
        self._keep(self.tracker.catch_up())

    @property
    def unwritten(self) -> int:
        """The outputs and changed rows that wait for the next flush."""
        return len(self.unpublished) + self.tracker.customers.changed

    def pass_time(self, topic: str, until: Moment) -> bool:
        """Nothing older than ``until`` is unread on a topic. Says whether that was news.

        Nothing passes while the leap of a record is not caught up with.
        """
        if self.is_behind or self.tracker.newest.get(topic, 0) >= until:
            return False
        self._keep(self.tracker.pass_time(topic, until))
        return True

    def take_unpublished(self) -> tuple[list[Published], list[Letter]]:
        """Everything put out since the last call."""
        published, self.unpublished = self.unpublished, []
        letters, self.letters = self.letters, []
        return published, letters

    def _refuse(
        self, record: ConsumerRecord[bytes, bytes], refusal: Invalid, received_at: Moment
    ) -> None:
        self.tracker.refuse(record.topic, refusal.reason)
        reason = _reason(record, refusal, received_at)
        self.letters.append(Letter(reason, record.key, record.value, tuple(record.headers)))

    def _keep(self, outputs: list[Output]) -> None:
        published = [output for output in outputs if isinstance(output, Published)]
        self.unpublished += published
        for output in published:
            self.past.note(output)
            for cell in _cells_of(output, self.tracker.policy):
                self.examples[cell] = (output.journey, time.time())


def _cells_of(output: Published, policy: Policy) -> list[tuple[str, Labels]]:
    """The counters that an output is an example of."""
    if isinstance(output, Finding) and not output.retracted:
        labels = (output.sf, output.confidence, output.ai_version, output.value_band)
        return [(EXEMPLIFIED[0], tuple(map(str, labels)))]
    if isinstance(output, EpisodeOutcome) and output.verdict == "failed" and output.match:
        bucket = policy.bucket_of(int(output.age_seconds * SECOND))
        if bucket is not None and output.horizon is None:
            rest = (policy.ages[bucket], output.ai_version, output.intent_group)
            hit = BOUNDS[BOUNDS.index(output.bound) :]
            return [(EXEMPLIFIED[1], (bound, *rest)) for bound in hit]
    return []


def _reason(
    record: ConsumerRecord[bytes, bytes], refusal: Invalid, received_at: Moment
) -> DeadLetter:
    return DeadLetter(
        reason=refusal.reason,
        detail=refusal.detail,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        received_at=datetime_of(received_at),
    )
