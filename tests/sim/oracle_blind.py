"""What the monitor itself did not see: rules, section 15 (SF-20)."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from tests.sim.oracle_board import CONFIRMED, FOUND, PROBABLE
from tests.sim.oracle_order import DAY, DEADLINE, EVENT, HEARTBEAT, HOUR, TOPICS, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.sim.oracle_book import Counts, Policy
    from tests.sim.oracle_order import Fact, Log, Place

BLIND = "cx_monitor_blind"
OPEN = "cx_silent_failures_open"
SILENCE = 7 * DAY
"""A producer that was not heard for so long is no longer known."""
DAYS = range(1, 8)
TALKS, AI, KNOWN, HANDOFFS = (
    "cx_conversations_total",
    "cx_ai_involved_total",
    "cx_identified_conversations_total",
    "cx_handoffs_total",
)
SHARES = {"ratio:handoffs": (HANDOFFS, AI, 0.2), "ratio:identified": (KNOWN, TALKS, 0.5)}

Seen = dict[str, list["Fact"]]


def judge(
    log: Log, tally: Seen, waits: Iterable[tuple[Place, int]], policy: Policy, counts: Counts
) -> None:
    """Count every onset of blindness, and what is not seen at the last look before the end."""
    window, facts, end = policy["blind_window"], log.facts, log.end
    missed: dict[str, set[int]] = defaultdict(set)
    for name, beats in _producers(facts).items():
        for known in _known(beats, window):
            for one, over in known:
                missed[f"producer:{name}"].update(_looks(one, over, window))
    for begun, until in waits:
        missed["ledger"].update(_looks(begun, (until + 1, 0, ()), window))
    for name, at in _unlike_before(facts, tally, policy, end):
        missed[name].add(at)
    for name, looks in missed.items():
        _follow(name, {at for at in looks if at <= end}, window, counts, end)


def _follow(name: str, looks: set[int], window: int, counts: Counts, end: int) -> None:
    sure = PROBABLE if name.startswith(("silent", "ratio")) else CONFIRMED
    cell = ("SF-20", sure, "unknown", "unknown")
    counts[FOUND][cell] += len([at for at in looks if at - window not in looks])
    if end // window * window in looks:
        counts[BLIND][name,] += 1
        counts[OPEN][cell] += 1


def _looks(after: Place, before: Place, window: int) -> Iterator[int]:
    """Every full window between two places."""
    for at in range(after[0] // window * window, before[0] + 1, window):
        if after < (at, DEADLINE, ()) < before:
            yield at


# Producers, and what they vouch for.


def _producers(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.kind == HEARTBEAT:
            found[f"{fact.topic}/{fact.get('producer')}"].append(fact)
    return found


def _known(beats: Sequence[Fact], window: int) -> list[list[tuple[Place, Place]]]:
    """The times during which a producer was known, and in each where it was missed."""
    found: list[list[tuple[Place, Place]]] = []
    for stretch, forgotten in _stretches(beats, window):
        places = [*(one.place for one in stretch), forgotten]
        last, missed = 0, []
        for beat, (begun, over) in zip(stretch, pairwise(places), strict=True):
            last = max(last, beat.t)
            missed.append((max(begun, (last + window, EVENT, ())), over))
        found.append(missed)
    return found


def _stretches(beats: Sequence[Fact], window: int) -> list[tuple[list[Fact], Place]]:
    """The heartbeats of one producer, parted where it was forgotten, and when that was."""
    found: list[tuple[list[Fact], Place]] = []
    for beat in beats:
        known = bool(found) and beat.place < found[-1][1]
        told = [*found.pop()[0], beat] if known else [beat]
        silent = max(one.t for one in told) + SILENCE
        at = max(-(-silent // window), beat.place[0] // window) * window
        at += window * ((at, DEADLINE, ()) < beat.place)
        found.append((told, (at, DEADLINE, ())))
    return found


def vouched(beats: Sequence[Fact], place: Place, policy: Policy) -> int | None:
    """The latest moment up to which the ledger was known to have told everything."""
    told = [
        min(one.t, moment_of(one.get("watermark")) if one.get("watermark") else one.t)
        for name, heard in _producers(beats).items()
        if name.partition("/")[2] in policy["ledger_producers"]
        for stretch, forgotten in _stretches(
            [one for one in heard if one.place < place], policy["blind_window"]
        )
        if place <= forgotten
        for one in stretch
    ]
    return max(told, default=None)


# What is unlike the days before.


def _unlike_before(
    facts: Iterable[Fact], tally: Seen, policy: Policy, end: int
) -> Iterator[tuple[str, int]]:
    """Topics that are silent, and shares that have fallen, by each look at which they are."""
    by_topic: Seen = {topic: [] for topic in TOPICS}
    for fact in facts:
        if fact.kind != HEARTBEAT and not fact.get("test"):
            by_topic[fact.topic].append(fact)
    hours = {name: _by_hour(told) for name, told in (by_topic | tally).items()}
    window = policy["blind_window"]
    for name, (_, base, _) in SHARES.items():
        for at in _candidates(hours.get(base, {}), window, end):
            if _fallen(name, hours, at, policy):
                yield name, at
    for topic in TOPICS:
        for at in _candidates(hours[topic], window, end):
            if _silent(hours[topic], at, policy):
                yield f"silent:{topic}", at


def _by_hour(facts: Iterable[Fact]) -> dict[int, list[Fact]]:
    found: dict[int, list[Fact]] = defaultdict(list)
    for fact in facts:
        found[fact.t // HOUR].append(fact)
    return found


def _candidates(told: dict[int, list[Fact]], window: int, end: int) -> Iterator[int]:
    """Every look for which three of the days before say something."""
    days = {hour + 24 * day for hour in told for day in DAYS}
    for hour in sorted(days):
        if sum(hour - 24 * day in told for day in DAYS) >= 3:
            first = -(-(hour * HOUR + window) // window) * window
            for at in range(first, min(end, (hour + 1) * HOUR + window - 1) + 1, window):
                if (at - window) // HOUR == hour:
                    yield at


def _within(told: dict[int, list[Fact]], begun: int, look: int, over: int) -> int:
    """How many in a time, as far as was known at a look."""
    return len(
        [
            one
            for hour in range(begun // HOUR, (over - 1) // HOUR + 1)
            for one in told.get(hour, ())
            if begun <= one.t < over and one.place < (look, DEADLINE, ())
        ]
    )


def _days(told: dict[int, list[Fact]], look: int, window: int) -> list[int]:
    """How many there were in the same hour of each of the seven days before."""
    hours = [(look - window) // HOUR - 24 * day for day in DAYS]
    return [_within(told, hour * HOUR, look, (hour + 1) * HOUR) for hour in hours]


def _silent(told: dict[int, list[Fact]], look: int, policy: Policy) -> bool:
    window = policy["blind_window"]
    usual = [count for count in _days(told, look, window) if count]
    if _within(told, look - window, look, look) or len(usual) < 3:
        return False
    return bool(median(usual) * window / HOUR >= policy["blind_min"])


def _fallen(name: str, hours: dict[str, dict[int, list[Fact]]], look: int, policy: Policy) -> bool:
    part, base, least = SHARES[name]
    window = policy["blind_window"]
    last = -(-HOUR // window) * window
    some, all_ = (_within(hours.get(each, {}), look - last, look, look) for each in (part, base))
    if all_ < policy["blind_min"]:
        return False
    days = zip(*(_days(hours.get(each, {}), look, window) for each in (part, base)), strict=True)
    usual = [few / many for few, many in days if many]
    return len(usual) >= 3 and some / all_ < least * median(usual)
