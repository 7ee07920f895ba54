"""A day's events of an export, held one by one against those in the topics.

Rule: an event is known by its source and id, as the worker knows it. Two with one id differ if they
tell of another type, time, conversation or customer, or if their data differ; how their producer
spelled or numbered them makes no difference.

Whether an event came out of order is seen in its own partition of its topic: whether one of a later
moment lies before it. The worker's event time is the least of three topics, so what it counted as
late is at most what is called late here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from pydantic_core import from_json

from monitor.adapters.references import introduces
from monitor.core.moments import moment_of
from monitor.shell.outlet import key_of, packed
from monitor.shell.topics import partition_of
from schemas.conversations import CustomerLinked
from schemas.decode import TOPIC_OF, TOPICS, Invalid, decode, read

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    from monitor.adapters.records import Event
    from monitor.core.moments import Moment
    from monitor.core.policy import Policy
    from schemas.envelope import Envelope

DRIFT = ("missing", "unexpected", "differing")
RESULTS = ("matched", *DRIFT)
ARRIVALS = ("in_order", "out_of_order", "late", "repeated")
EXAMPLES_MAX = 3

_Key = tuple[str, str]


class _Awaited(NamedTuple):
    at: Moment
    event: bytes


class Difference(NamedTuple):
    """Where the contents of events with one id differ."""

    type: str
    field: str
    told_by: str
    """``export`` or ``topics``, where only these have the field; else ``both``."""


@dataclass(frozen=True, slots=True)
class Day:
    """From one moment on, and up to before another."""

    begin: Moment
    end: Moment

    def has(self, at: Moment) -> bool:
        """Tell whether a moment lies in it."""
        return self.begin <= at < self.end


@dataclass(slots=True)
class OfType:
    """What was found of the events of one type."""

    results: Counter[str] = field(default_factory=Counter)
    arrivals: Counter[str] = field(default_factory=Counter)
    #: Some conversations of each result.
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, result: str, conversation: str | None) -> None:
        """Count an event."""
        self.results[result] += 1
        known = self.examples.setdefault(result, [])
        if conversation is not None and len(known) < EXAMPLES_MAX and conversation not in known:
            known.append(conversation)


class Comparison:
    """First it is given the events of the export, and then the records of the topics."""

    def __init__(self, day: Day, policy: Policy, source: str | None) -> None:
        """Compare the events of sources that the export shows, and of this one in any case."""
        self.read = 0
        self.types: dict[str, OfType] = {}
        self.differences: Counter[Difference] = Counter()
        self._day = day
        self._policy = policy
        self._sources = set() if source is None else {source}
        # As they would be written, which takes a sixth of the memory.
        self._awaited: dict[_Key, _Awaited] = {}
        self._met: set[_Key] = set()
        self._of_other_days: set[_Key] = set()
        self._newest: dict[tuple[str, int], Moment] = {}

    def expect(self, event: Event) -> None:
        """Take an event of the export, of whatever day."""
        told = read(TOPIC_OF[event["type"]], event)
        self._sources.add(told.source)
        if _is_introduction(told):
            return
        key, at = (told.source, told.id), moment_of(told.time)
        if self._day.has(at):
            self._awaited[key] = _Awaited(at, packed(event))
        else:
            self._of_other_days.add(key)

    def see(self, record: ConsumerRecord[bytes, bytes]) -> None:
        """Take a record of a topic."""
        self.read += 1
        try:
            event = decode(record.topic, record.headers, record.value)
        except Invalid:
            return  # The worker will not count it either; it is among the dead letters.
        at, place = moment_of(event.time), (record.topic, record.partition)
        behind = self._newest.get(place, at) - at
        self._newest[place] = max(self._newest.get(place, at), at)
        if event.source not in self._sources or _is_introduction(event):
            return
        key = (event.source, event.id)
        if key in self._met:
            self._of(event.type).arrivals["repeated"] += 1
        elif key in self._awaited or self._day.has(at):
            self._met.add(key)
            self._meet(key, event, record.value)
            self._of(event.type).arrivals[self._arrival(behind)] += 1

    def end(self) -> None:
        """All was seen: what is awaited still is missing."""
        for event in self.missing():
            self._of(event["type"]).add("missing", event.get("subject"))

    def missing(self) -> list[Event]:
        """Give the events that the topics lack, in the order in which they happened."""
        awaited = sorted(self._awaited.values(), key=attrgetter("at"))
        return [from_json(one.event) for one in awaited]

    def too_late(self, now: Moment | None, partitions: int) -> int:
        """How many of the missing events a worker would drop, were they sent now.

        Args:
            now: what silent topics have come to; None if only events move time.
            partitions: how many each topic has.
        """
        late_max = self._policy.lateness + self._policy.late_max
        return sum(
            self._come_to(now, partition_of(key_of(from_json(one.event)) or "", partitions))
            - one.at
            > late_max
            for one in self._awaited.values()
        )

    @property
    def has_drift(self) -> bool:
        """Whether anything is missing, unexpected or different."""
        return any(of_type.results[result] for of_type in self.types.values() for result in DRIFT)

    def _come_to(self, now: Moment | None, partition: int) -> Moment:
        """The newest moment of the topic that is furthest behind in a partition."""
        if now is not None:
            return now
        return min(self._newest.get((topic, partition), 0) for topic in TOPICS)

    def _meet(self, key: _Key, seen: Envelope, value: bytes | None) -> None:
        awaited = self._awaited.pop(key, None)
        if awaited is None and key in self._of_other_days:
            self._differ(seen, {"time": "both"})
        elif awaited is None:
            self._of(seen.type).add("unexpected", seen.subject)
        # Nearly always it lies there as we would write it.
        elif awaited.event == value:
            self._of(seen.type).add("matched", None)
        else:
            exported: Event = from_json(awaited.event)
            self._compare(read(TOPIC_OF[exported["type"]], exported), seen)

    def _compare(self, exported: Envelope, seen: Envelope) -> None:
        """Hold the contents of two events with one id against each other."""
        ours, theirs = _told(exported), _told(seen)
        told_by = {
            name: "both"
            if name in ours and name in theirs
            else "export"
            if name in ours
            else "topics"
            for name in sorted(ours.keys() | theirs.keys())
            if ours.get(name) != theirs.get(name)
        }
        if told_by:
            self._differ(seen, told_by)
        else:
            self._of(seen.type).add("matched", None)

    def _differ(self, event: Envelope, told_by: dict[str, str]) -> None:
        self._of(event.type).add("differing", event.subject)
        self.differences.update(Difference(event.type, *each) for each in told_by.items())

    def _arrival(self, behind: Moment) -> str:
        if behind > self._policy.lateness:
            return "late"
        return "out_of_order" if behind > 0 else "in_order"

    def _of(self, type_: str) -> OfType:
        return self.types.setdefault(type_, OfType())


def _told(event: Envelope) -> dict[str, object]:
    """What an event tells, without the words that only its transport and its producer need."""
    about = {"type": event.type, "time": moment_of(event.time)}
    named = {"subject": event.subject, "partitionkey": event.partitionkey}
    data = {f"data.{name}": value for name, value in event.data.model_dump().items()}
    return {name: value for name, value in (about | named | data).items() if value is not None}


def _is_introduction(event: Envelope) -> bool:
    """Tell whether it is a link to a former name, which tells of a run and not of a record."""
    return isinstance(event, CustomerLinked) and introduces(
        event.id, event.data.customer_ref, event.data.other_ref
    )
