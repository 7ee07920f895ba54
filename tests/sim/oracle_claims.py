"""Claims and how long they stood: rules, sections 5 and 7.1, 7.8 to 7.11."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.sim.oracle_book import after, deadline
from tests.sim.oracle_links import ANY_INTENT, COMPATIBLE, EXPLICIT, SAME_INTENT
from tests.sim.oracle_order import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sim.oracle_book import Counts, Thread
    from tests.sim.oracle_order import Fact, Place

BOUNDS = ("explicit", "same_issue", "any_issue")
AGES = {
    "1h": HOUR,
    "6h": 6 * HOUR,
    "24h": DAY,
    "48h": 2 * DAY,
    "72h": 3 * DAY,
    "5d": 5 * DAY,
    "7d": 7 * DAY,
    "14d": 14 * DAY,
    "30d": 30 * DAY,
}
HORIZONS = {"24h": DAY, "72h": 3 * DAY, "7d": 7 * DAY, "30d": 30 * DAY}
TRIAL = 30 * DAY

COVERED = {
    EXPLICIT: BOUNDS,
    SAME_INTENT: BOUNDS[1:],
    COMPATIBLE: BOUNDS[2:],
    ANY_INTENT: BOUNDS[2:],
}

FAILURES = "cx_resolution_failures_total"
CAUSES = "cx_resolution_failure_causes_total"


def age_of(length: int) -> str:
    """The bucket of an age; at its very edge one is older."""
    return next((age for age, edge in AGES.items() if length < edge), "30d")


@dataclass(eq=False)
class Failure:
    """What failed an episode: how, when, since when that is known, and whether it was none."""

    fact: Fact
    by: str
    how: str
    cause: str
    age: str
    known: Place
    retracted: Place | None = None


@dataclass(eq=False)
class Claim:
    """Somebody said that it was resolved; whether it is on trial; what became of it."""

    fact: Fact
    thread: Thread
    issue: str
    by: str
    on_trial: bool
    version: str
    group: str
    record: list[Failure] = field(default_factory=list)
    history: dict[str, list[tuple[Place, Failure | None]]] = field(
        default_factory=lambda: {bound: [] for bound in BOUNDS}
    )
    censored: Place | None = None
    waits: list[tuple[Place, Place]] = field(default_factory=list)
    grown: bool = False

    # What it is at a place.

    def passes(self, age: int) -> Place:
        """When it was this old; nothing passes while something of it is in doubt."""
        place = deadline(self.fact.t + age, self.fact.place)
        for begun, settled in sorted(self.waits):
            if begun < place < settled:
                place = after(settled)
        return place

    def over(self) -> Place:
        """When its trial was over, though it was censored."""
        return self.passes(TRIAL)

    def failed(self, bound: str, place: Place) -> Failure | None:
        """How it had failed by a bound, as far as was known."""
        known = [failure for at, failure in self.history[bound] if at <= place]
        return known[-1] if known else None

    def ended(self, place: Place) -> bool:
        """Was its trial over, or given up?"""
        return (self.on_trial and self.over() <= place) or bool(
            self.censored and self.censored <= place
        )

    def stands(self, place: Place) -> bool:
        """Is it still believed?"""
        made = self.fact.place < place
        return made and not self.ended(place) and not self.failed("explicit", place)

    def open_until(self) -> Place:
        """Until when it keeps its journey open."""
        if self.censored and not any(self.failed(bound, self.censored) for bound in BOUNDS):
            return min(self.censored, self.over())
        return self.over()

    def can_be_contradicted(self) -> bool:
        """Is it one of the AI's that was put on trial, and not taken from it?"""
        return self.by == "ai" and self.on_trial and self.censored is None

    # What happens to it.

    def fail(  # noqa: PLR0913  # a failure has this many facts
        self, fact: Fact, known: Place, by: str, how: str, cause: str, counts: Counts
    ) -> Failure | None:
        """Undo it by every bound that this match undoes and that stands."""
        if fact.order <= self.fact.order or self.ended(known) or known <= self.fact.place:
            return None
        if self.on_trial and fact.t >= self.fact.t + TRIAL:
            return None
        bounds = [bound for bound in COVERED[how] if not self.failed(bound, known)]
        if not bounds:
            return None
        failure = Failure(fact, by, how, cause, age_of(fact.t - self.fact.t), known)
        self.record.append(failure)
        for bound in bounds:
            self._put(bound, failure, known, counts)
        if self.on_trial:
            counts[CAUSES][cause, how, failure.age] += 1
        return failure

    def _put(self, bound: str, failure: Failure, place: Place, counts: Counts) -> None:
        self.history[bound].append((place, failure))
        if self.on_trial:
            counts[FAILURES][self._labels(bound, failure)] += 1

    def _labels(self, bound: str, failure: Failure) -> tuple[str, ...]:
        return (bound, failure.age, self.version, self.group)

    def retract(self, failure: Failure, place: Place, counts: Counts) -> bool:
        """Take a failure back: it was none. Say whether there was anything to take back."""
        if failure.retracted or self.over() <= place:
            return False
        failure.retracted = place
        others = [one for one in self.record if one.retracted is None]
        for bound in BOUNDS:
            if self.failed(bound, place) is not failure:
                continue
            if self.on_trial:
                name = "cx_resolution_failures_retractions_total"
                counts[name][self._labels(bound, failure)] += 1
            covering = next((one for one in others if bound in COVERED[one.how]), None)
            if covering:
                self._put(bound, covering, place, counts)
            else:
                self.history[bound].append((place, None))
        if self.on_trial:
            cell = (failure.cause, failure.how, failure.age)
            counts["cx_resolution_failure_causes_retractions_total"][cell] += 1
        return True

    def censor(self, place: Place, reason: str, counts: Counts) -> None:
        """Its trial ends without a verdict, unless it has had one by every bound."""
        if self.ended(place):
            return
        if not all(self.failed(bound, place) for bound in BOUNDS):
            self.censored = place
            if self.on_trial:
                counts["cx_resolution_censored_total"][reason,] += 1

    # What is counted of it in the end.

    def weigh(self, counts: Counts, end: Place) -> None:
        """Count how long it was on trial, and how it stood at each horizon."""
        for bound in BOUNDS if self.on_trial else ():
            self._mature(bound, counts, end)
            for begun, ended in self._at_risk(bound, end):
                self._expose(bound, begun, ended, counts, end)

    def _mature(self, bound: str, counts: Counts, end: Place) -> None:
        for horizon, length in HORIZONS.items():
            at = self.passes(length)
            failed = self.failed(bound, at)
            gone = self.censored is not None and self.censored < at and not failed
            if at < end and not gone:
                cell = (bound, horizon, "failed" if failed else "durable", self.version, self.group)
                counts["cx_resolutions_matured_total"][cell] += 1

    def _at_risk(self, bound: str, end: Place) -> Iterator[tuple[Place, Place]]:
        last = min([end, self.over(), *([self.censored] if self.censored else [])])
        begun: Place | None = self.fact.place
        for place, failure in self.history[bound]:
            if failure and begun:
                yield begun, min(place, last)
                begun = None
            elif failure is None:
                begun = place
        if begun and begun < last:
            yield begun, last

    def _expose(self, bound: str, begun: Place, ended: Place, counts: Counts, end: Place) -> None:
        since = self.fact.place
        for age, edge in AGES.items():
            until = self.passes(edge)
            length = min(ended[0], until[0]) - max(begun[0], since[0])
            cell = (bound, age, self.version, self.group)
            if length > 0:
                counts["cx_resolution_exposure_seconds_total"][cell] += length
            if ended == end and since < end <= until:
                counts["cx_resolutions_at_risk"][cell[:-1]] += 1
            since = until
