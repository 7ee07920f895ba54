"""Holds what came of the faults against what is true, and says what is lost and what is doubled."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from monitor.shell.topics import OUTPUTS
from schemas.published import DEAD_LETTERS, DeadLetter
from tests.chaos.load import PARTITIONS
from tests.chaos.pages import cells_of_trackers, never_falls, partition_of_cell
from tests.chaos.truth import read, recovered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.core.tracker import Tracker
    from tests.chaos.pages import Cells
    from tests.chaos.truth import Place, Truth

_SOME = 8

_OF_MEMORY = {"row:", "alias:"}


@dataclass
class Verdict:
    """What was compared, and what of it is not as it must be."""

    compared: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    other: int = 0
    told: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.other)

    def judge(self, what: str, got: float, want: float) -> None:
        """Hold two numbers against each other; less is lost, and more is doubled."""
        if got < want:
            self.lost += 1
        if got > want:
            self.doubled += 1
        if got != want:
            self.told.append(f"{what}: want {want:g}, got {got:g}")

    def object(self, what: str) -> None:
        """Something is wrong that is neither lost nor doubled."""
        self.other += 1
        self.told.append(what)

    def lines(self) -> list[str]:
        """What is wrong, or the beginning of it."""
        more = len(self.told) - _SOME
        return self.told[:_SOME] + ([f"and {more} more"] if more > 0 else [])


def judge_pages(verdict: Verdict, pages: Sequence[Cells], truth: Truth) -> None:
    """Every number of every partition is the replay's, and one worker shows it."""
    shown = [{partition_of_cell(cell) for cell in page} for page in pages]
    owners = Counter(number for partitions in shown for number in partitions)
    for number in range(PARTITIONS):
        if owners[number] != 1:
            verdict.object(f"partition {number} is shown by {owners[number]} workers")
    got = {cell: number for page in pages for cell, number in page.items()}
    _judge_cells(verdict, "totals on pages", got, cells_of_trackers(truth.trackers))


def judge_state(verdict: Verdict, bootstrap: str, changelog: str, truth: Truth) -> None:
    """Every open journey is the replay's, as a worker would recover it now."""
    trackers = recovered(read(bootstrap, changelog))
    for number, want in sorted(truth.trackers.items()):
        got = trackers.get(number)
        if got is None:
            verdict.object(f"partition {number} has no state")
            continue
        _judge_journeys(verdict, number, got, want)
        for name in ("watermark", "newest"):
            if getattr(got, name) != getattr(want, name):
                verdict.object(f"partition {number}: {name} differs")
    _judge_cells(
        verdict,
        "totals in the changelog",
        cells_of_trackers(trackers),
        cells_of_trackers(truth.trackers),
    )


def judge_outputs(verdict: Verdict, bootstrap: str, truth: Truth) -> None:
    """What was published is the replay's, and whoever reads committed sees it once."""
    got: Counter[tuple[str, int, bytes]] = Counter()
    letters: Counter[Place] = Counter()
    for topic in OUTPUTS:
        for record in read(bootstrap, topic.name):
            if topic.name == DEAD_LETTERS:
                letters[_place(dict(record.headers))] += 1
            else:
                got[topic.name, record.partition, record.value or b""] += 1
    _judge_set(verdict, "published", got, truth.published)
    _judge_set(verdict, "dead letters", letters, Counter(truth.letters))


def judge_shown(verdict: Verdict, most: Cells, truth: Truth) -> None:
    """No page ever showed more than there is."""
    want = cells_of_trackers(truth.trackers)
    for cell, number in most.items():
        if number > want.get(cell, 0):
            verdict.judge(f"shown once: {cell}", number, want.get(cell, 0))


def _judge_cells(verdict: Verdict, what: str, got: Cells, want: Cells) -> None:
    verdict.compared[what] += len(want)
    for cell in sorted(got.keys() | want.keys()):
        ours, theirs = got.get(cell, 0.0), want.get(cell, 0.0)
        if never_falls(cell):
            verdict.judge(f"{what}: {cell}", ours, theirs)
        elif ours != theirs:
            verdict.object(f"{what}: {cell}: want {theirs:g}, got {ours:g}")


def _judge_journeys(verdict: Verdict, number: int, got: Tracker, want: Tracker) -> None:
    ours, theirs = _open(got), _open(want)
    verdict.compared["customers with open journeys"] += len(theirs)
    for key in sorted(ours.keys() | theirs.keys()):
        name = f"partition {number}, customer {key}"
        verdict.judge(name, key in ours, key in theirs)
        if key in ours and key in theirs and ours[key] != theirs[key]:
            verdict.object(f"{name} differs: {_difference(ours[key], theirs[key])}")


def _open(tracker: Tracker) -> dict[str, Any]:
    """What is open of each customer, and what waits for its moment.

    How long repeats and names are remembered, and when that is looked at, depends on when events
    came, and decides nothing here. Until when a name stands is compared with its row.
    """
    rows: dict[str, Any] = {}
    for key, row in tracker.customers.items():
        deadlines = {name: at for name, at in row.deadlines.items() if name not in _OF_MEMORY}
        if row.journeys or deadlines:
            rows[key] = replace(row, seen={}, deadlines=deadlines)
    return rows | {f"{key}, waiting": events for key, events in tracker.waiting.items()}


def _difference(got: object, want: object) -> str:
    names = getattr(type(want), "__struct_fields__", ())
    differing = [name for name in names if getattr(got, name) != getattr(want, name)]
    return ", ".join(
        f"{name} {getattr(got, name)!r:.200}, want {getattr(want, name)!r:.200}"
        for name in differing
    )


def _judge_set(verdict: Verdict, what: str, got: Counter[Any], want: Counter[Any]) -> None:
    verdict.compared[what] += len(want)
    for one in got.keys() | want:
        verdict.judge(f"{what}: {one!r:.300}", got[one], want[one])


def _place(headers: dict[str, bytes]) -> Place:
    letter = DeadLetter.from_headers(headers)
    return letter.topic, letter.partition, letter.offset
