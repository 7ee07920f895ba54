"""Promises, suggestions and ratings: rules, sections 10, 12.1 and 12.6."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.sim.oracle_board import CONFIRMED
from tests.sim.oracle_book import ACTORS, deadline, public, word
from tests.sim.oracle_order import moment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.sim.oracle_board import Board
    from tests.sim.oracle_book import Counts, Policy, Thread
    from tests.sim.oracle_order import Fact, Place

BANDS = frozenset({"low", "medium", "high"})
STATES = frozenset({"verbatim", "edited_minor", "edited_major", "discarded"})


class Promise(NamedTuple):
    """A promise, and all that was said of it afterwards."""

    made: Fact
    later: list[Fact]
    policy: Policy

    @property
    def due(self) -> int:
        return max(self.made.t, moment_of(self.made.get("due_at")))

    @property
    def grace_ends(self) -> int:
        length = moment_of(self.made.get("due_at")) - self.made.t
        grace = max(int(self.policy["grace_share"] * length), self.policy["grace_min"])
        return self.due + int(grace)

    @property
    def judged(self) -> Place:
        return deadline(self.grace_ends, self.made.place)

    def verdict(self, known: Place) -> str:
        """What it had come to, by what was known and dated in time."""
        done = [one for one in self.later if one.place <= known and one.t < self.grace_ends]
        for step in done:
            if step.kind == "commitment.fulfilled":
                return "kept" if step.t <= self.due else "late"
        return "withdrawn" if done else "broken"

    def corrected(self) -> Fact | None:
        """What came late and shows that it was not broken."""
        if self.verdict(self.judged) != "broken":
            return None
        forgotten = deadline(self.grace_ends + self.policy["promise_memory"], self.made.place)
        late = [one for one in self.later if self.judged < one.place < forgotten]
        return next((one for one in late if one.t < self.grace_ends), None)

    def remembered_until(self) -> Place:
        """When it was forgotten."""
        if self.verdict(self.judged) != "broken":
            return self.judged
        corrected = self.corrected()
        forgotten = deadline(self.grace_ends + self.policy["promise_memory"], self.made.place)
        return corrected.place if corrected else forgotten


def promises(
    facts: Sequence[Fact], policy: Policy, together: Callable[[Fact, Fact], bool]
) -> list[Promise]:
    """Every promise; the same id while it is remembered and not broken is the same promise."""
    found: list[Promise] = []
    for fact in facts:
        if fact.kind != "commitment.made":
            continue
        name = fact.get("commitment_id")
        before = [one for one in found if one.made.get("commitment_id") == name]
        before = [one for one in before if together(one.made, fact)]
        if before and fact.place < before[-1].judged:
            continue
        later = [
            one
            for one in facts
            if one.kind in ("commitment.fulfilled", "commitment.withdrawn")
            and one.get("commitment_id") == name
            and one.place > fact.place
            and together(fact, one)
        ]
        found.append(Promise(fact, later, policy))
    return found


def judge(
    promise: Promise, thread: Thread | None, counts: Counts, board: Board, end: Place
) -> None:
    """Count what a promise came to."""
    made, judged = promise.made, promise.judged
    kind, by = str(made.get("kind")), word(made.get("made_by"), ACTORS)
    band = word(made.get("value_band"), BANDS)
    if judged < end:
        verdict = promise.verdict(judged)
        counts["cx_commitments_total"][kind, by, verdict] += 1
        if verdict == "broken":
            finding = board.found("SF-09", made, CONFIRMED, judged, thread, band=band)
            if finding:
                finding.known_until = promise.remembered_until()
            corrected = promise.corrected()
            if corrected:
                board.take_back(finding, corrected.place)
                counts["cx_commitments_retractions_total"][kind, by, verdict] += 1
                verdict = promise.verdict(corrected.place)
                counts["cx_commitments_total"][kind, by, verdict] += 1
    done = any(one.place < promise.remembered_until() for one in promise.later)
    if deadline(promise.due, made.place) < end <= promise.remembered_until() and not done:
        counts["cx_commitments_overdue"][kind, band] += 1


def suggestions(
    facts: Sequence[Fact], policy: Policy, together: Callable[[Fact, Fact], bool]
) -> list[tuple[Fact, Place, str]]:
    """Every suggestion that was shown, when it was decided, and what became of it."""
    found: list[tuple[Fact, Place, str]] = []
    for fact in facts:
        if fact.kind != "suggestion.displayed":
            continue
        name = fact.get("suggestion_id")
        same = [one for one in found if one[0].get("suggestion_id") == name]
        if any(at > fact.place and together(one, fact) for one, at, _ in same):
            continue
        decided: tuple[Place, str] = (
            deadline(fact.t + policy["suggestion_wait"], fact.place),
            "discarded",
        )
        uses = [one for one in facts if one.kind == "suggestion.used" and one.place > fact.place]
        for use in uses:
            same_id = use.get("suggestion_id") == name and together(fact, use)
            if same_id and use.place < decided[0]:
                decided = (use.place, word(use.get("state"), STATES))
                break
        found.append((fact, *decided))
    return found


def rated(thread: Thread, fact: Fact, counts: Counts) -> None:
    """Count a rating, by who had served until then."""
    earlier = [one for one in thread.facts if one.place < fact.place]
    served = [actor for actor in ("ai", "human") if any(public(one, actor) for one in earlier)]
    path = "mixed" if len(served) == 2 else (served or ["none"])[0]
    scale, value = str(fact.get("scale")), float(fact.get("value"))
    low, high = {
        "csat5": (2, 4),
        "ces7": (3, 6),
        "nps": (6, 9),
    }.get(scale, (0, 0))
    if scale == "thumb":
        band = "high" if value > 0 else "low"
    elif scale not in ("csat5", "ces7", "nps"):
        scale, band = "unknown", "unknown"
    else:
        band = "low" if value <= low else "high" if value >= high else "middle"
    counts["cx_surveys_total"][scale, band, path] += 1
