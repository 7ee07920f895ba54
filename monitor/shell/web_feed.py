"""The feed: what was found last, as far as it is durable, read back from its own topic.

Every worker reads all partitions of it, so whoever is asked has the whole feed, and one that has
just started has what others found. It is told in the order in which customers' time decided it,
however late it was found. Nobody pays for it before somebody looks: the topic is read
from the first question on, and only its newest findings are kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from bisect import bisect_left, insort
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from monitor.core import rules
from monitor.core.moments import moment_of
from monitor.core.silent.names import NAMES
from monitor.shell import log
from monitor.shell.topic_reader import Runs
from monitor.shell.topics import FINDINGS
from schemas.api import Findings, Found
from schemas.published import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from aiokafka import ConsumerRecord, TopicPartition

    from monitor.core.moments import Moment
    from monitor.shell.access import Access

KEPT_MAX = 2000
_PLACE = re.compile(r"([0-9]{1,16})\.([0-9]{1,9})\.([0-9]{1,18})")
_AT_ONCE = 100
_CAUGHT_UP_WITHIN_SECONDS = 10
_AGAIN_AFTER_SECONDS = 2.0
#: What can be filtered by, and the field of a finding that it is.
FILTERS = {
    "kind": "sf",
    "version": "ai_version",
    "channel": "channel",
    "intent": "intent_group",
    "confidence": "confidence",
}


class FeedError(Exception):
    """The feed cannot be read now."""


class Place(NamedTuple):
    """Where a finding stands in the feed: when it was decided, and where it was written."""

    decided_at: Moment
    partition: int
    offset: int

    def __str__(self) -> str:
        """As a cursor is written."""
        return f"{self.decided_at}.{self.partition}.{self.offset}"


def place_of(cursor: str) -> Place | None:
    """The place that a cursor names; none if it is no cursor."""
    written = _PLACE.fullmatch(cursor)
    return None if written is None else Place(*map(int, written.groups()))


class Kept:
    """The newest findings, each once, in the order in which they were decided."""

    def __init__(self, at_most: int = KEPT_MAX) -> None:
        """Remember so many."""
        self._at_most = at_most
        self._places: list[Place] = []
        self._found: dict[Place, Finding] = {}
        self._ids: set[str] = set()
        self._replaced: set[str] = set()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._places)

    def add(self, place: Place, finding: Finding) -> bool:
        """Take a finding in, and say whether it is one to tell of.

        What is published again after a crash is known by its id. Kinds that only a newer worker
        knows are for newer workers to tell. And what is older than all that may be kept is not.
        """
        if finding.id in self._ids or finding.sf not in NAMES:
            return False
        insort(self._places, place)
        self._found[place] = finding
        self._ids.add(finding.id)
        if finding.replaces is not None:
            self._replaced.add(finding.replaces)
        while len(self._places) > self._at_most:
            gone = self._found.pop(self._places.pop(0))
            self._ids.discard(gone.id)
            self._replaced.discard(gone.id)
        return place in self._found

    def page(
        self,
        wanted: Mapping[str, frozenset[str]],
        before: Place | None,
        limit: int,
        *,
        standing: bool = False,
    ) -> Findings:
        """A piece of the feed, newest first.

        Args:
            wanted: the values that are wanted of some of the `FILTERS`.
            before: only what is older.
            limit: at most so many.
            standing: only what nothing later has corrected.
        """
        end = len(self._places) if before is None else bisect_left(self._places, before)
        fitting = (
            self.told(place)
            for place in reversed(self._places[:end])
            if _fits(self._found[place], wanted)
            if not standing or self._stands(self._found[place])
        )
        found = list(islice(fitting, limit))
        more = next(fitting, None)
        return Findings(
            findings=tuple(found),
            next=found[-1].cursor if more is not None else None,
            remembered=len(self._places),
            values=self._values(),
        )

    def of(self, journey: str) -> list[Found]:
        """What was found in a journey, the oldest first."""
        return [self.told(one) for one in self._places if self._found[one].journey == journey]

    def told(self, place: Place) -> Found:
        """A finding as the feed shows it."""
        finding = self._found[place]
        facts = finding.model_dump(exclude={"subject", "policy_version"})
        return Found.model_validate(
            facts
            | {
                "cursor": str(place),
                "because": rules.of_finding(finding.sf).says,
                "stands": self._stands(finding),
            }
        )

    def _stands(self, finding: Finding) -> bool:
        return not (finding.retracted or finding.id in self._replaced)

    def _values(self) -> dict[str, tuple[str, ...]]:
        found = self._found.values()
        return {
            name: tuple(sorted({str(getattr(one, field)) for one in found}))
            for name, field in FILTERS.items()
        }


def _fits(finding: Finding, wanted: Mapping[str, frozenset[str]]) -> bool:
    return all(str(getattr(finding, FILTERS[name])) in values for name, values in wanted.items())


class Feed:
    """Reads the topic, keeps what came last, and tells listeners of what comes."""

    def __init__(self, access: Access, kept: Kept | None = None) -> None:
        """Nothing is read before ``ready`` is asked for."""
        self.kept = kept or Kept()
        self._access = access
        self._listeners: set[Callable[[Found], None]] = set()
        self._caught_up = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin to read, if nobody has asked before, or if it came to an end."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._keep_reading())

    async def ready(self) -> Kept:
        """What was found, once the topic is read up to now.

        Raises:
            FeedError: that takes too long.
        """
        self.begin()
        try:
            async with asyncio.timeout(_CAUGHT_UP_WITHIN_SECONDS):
                await self._caught_up.wait()
        except TimeoutError:
            raise FeedError(f"{FINDINGS.name} cannot be read at the moment; ask again") from None
        return self.kept

    @contextlib.contextmanager
    def told_to(self, listener: Callable[[Found], None]) -> Iterator[None]:
        """Call a listener with each finding as it comes."""
        self._listeners.add(listener)
        try:
            yield
        finally:
            self._listeners.discard(listener)

    async def stop(self) -> None:
        """Read no more."""
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading

    async def _keep_reading(self) -> None:
        while True:
            try:
                await self._read()
            except KafkaError as error:
                log.operator.warning("the feed stands still: %s", error)
                await asyncio.sleep(_AGAIN_AFTER_SECONDS)
            except Exception:  # noqa: BLE001  # the next request begins anew
                log.operator.exception("the feed is read no further until somebody asks for it")
                self._caught_up.clear()
                return

    async def _read(self) -> None:
        # Without a group it is given all partitions.
        consumer = AIOKafkaConsumer(
            FINDINGS.name,
            **self._access.client,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        try:
            await consumer.start()
            starts = await _starts(consumer)
            runs = Runs(consumer, starts)
            while True:
                for run in (await runs.following(list(starts), _AT_ONCE)).values():
                    for record in run:
                        self._take(record)
                if not self._caught_up.is_set() and await _is_at_the_end(consumer):
                    self._caught_up.set()
                # What waits for us is no more urgent than records.
                await asyncio.sleep(0)
        finally:
            await consumer.stop()

    def _take(self, record: ConsumerRecord[bytes, bytes]) -> None:
        try:
            finding = Finding.model_validate_json(record.value or b"")
        except ValidationError:
            return  # Somebody else's record; ours are what the contract says.
        place = Place(moment_of(finding.decided_at), record.partition, record.offset)
        if self.kept.add(place, finding) and self._caught_up.is_set():
            told = self.kept.told(place)
            for listener in tuple(self._listeners):
                listener(told)


async def _starts(consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
    partitions = consumer.assignment()
    begins = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    return {one: max(begins[one], ends[one] - KEPT_MAX) for one in partitions}


async def _is_at_the_end(consumer: AIOKafkaConsumer) -> bool:
    """Whether all has been read that is decided; fetches tell how far that is."""
    for one in consumer.assignment():
        end, stable = consumer.highwater(one), consumer.last_stable_offset(one)
        if end is None:
            return False
        if await consumer.position(one) < (end if stable is None else min(end, stable)):
            return False
    return True
