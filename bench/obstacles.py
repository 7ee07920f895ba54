"""What an event costs the full engine, part by part, and so what keeps it from costing less.

Seeded traffic is folded twice: once as `bench/stages.py` does it, for what the stages take, and
once under Python's profiler, for which functions are called how often. The profiler makes every
call dearer, so its shares are told and not its microseconds. What built-in functions take is put
down to the module that calls them.

    PYTHONPATH=. python bench/obstacles.py [--document]
"""

from __future__ import annotations

import argparse
import cProfile
import itertools
import pstats
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import document
from bench.minimal.engine import ROOT
from bench.stages import Stages
from bench.traffic import records
from monitor.shell.garbage import collect_seldom

if TYPE_CHECKING:
    from collections.abc import Iterator

GOAL_US = 16
SEED = 1
EVENTS_OF_A_CUSTOMER = 4
A_FLUSH = 10_000
SHOWN = 20
_BUILT_IN = "~"
# What is done with every event, whatever it says.
_IN_ORDER = tuple(f"monitor/core/{name}.py" for name in ("tracker", "customers", "order"))


def flushes(events: int) -> Iterator[list[Any]]:
    """The records of one flush after the other; the first is for warming up."""
    sent = itertools.islice(records(events // EVENTS_OF_A_CUSTOMER, SEED), events + A_FLUSH)
    while batch := list(itertools.islice(sent, A_FLUSH)):
        yield batch


def measured(events: int) -> Stages:
    """Fold without the profiler."""
    stages = Stages()
    for number, batch in enumerate(flushes(events)):
        stages.take(batch)
        if number == 0:
            stages.spent.clear()
            stages.did.clear()
    return stages


class Profile:
    """Who was called how often for each event, and where the time went."""

    def __init__(self, events: int) -> None:
        """Fold under the profiler."""
        stages, profiler = Stages(), cProfile.Profile(time.process_time)
        for number, batch in enumerate(flushes(events)):
            if number > 0:
                profiler.enable()
            stages.take(batch)
            profiler.disable()
        self.events = stages.did["events"] - A_FLUSH
        self.calls: Counter[str] = Counter()
        self.share: Counter[str] = Counter()
        self.functions: Counter[str] = Counter()
        found: dict[Any, Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
        for (file, _, name), (_, count, own, _, callers) in found.items():
            if file != _BUILT_IN:
                self.calls["python"] += count
                self.calls[_module(file)] += count
                self.functions[name] += count
                self.share[_module(file)] += own
                continue
            self.calls["built in"] += count
            for (caller, *_), (_, _, spent, _) in callers.items():
                self.share[_module(caller)] += spent
        whole = sum(self.share.values())
        self.share = Counter({module: own / whole for module, own in self.share.items()})

    def per_event(self, number: float) -> float:
        """How much of something there is for each event."""
        return number / self.events


def _module(file: str) -> str:
    path = Path(file)
    if path.is_relative_to(ROOT) and ".venv" not in path.parts:
        return str(path.relative_to(ROOT))
    return "the rest"


def told(stages: Stages, profile: Profile) -> str:
    """Everything in words and tables."""
    events = stages.did["events"]
    spent = {name: seconds / events * 1e6 for name, seconds in stages.spent.items()}
    whole = sum(spent.values())
    parts = [
        _introduction(events),
        "| stage | CPU µs per event | share |\n|---|--:|--:|",
        *(f"| {name} | {taken:.1f} | {taken / whole:.0%} |" for name, taken in spent.items()),
        f"| all | {whole:.1f} | |",
        "",
        _what_stands_in_the_way(profile, spent["decode"], whole),
        _what_is_written(stages, profile),
        "",
        "| module | calls of its functions per event | share of the profile | µs of the whole |",
        "|---|--:|--:|--:|",
        *_modules(profile, whole),
    ]
    return "\n".join(parts)


def _introduction(events: int) -> str:
    return f"""\
Written by `bench/obstacles.py` on {document.today()}: {events:,} events of seeded traffic, \
{events // EVENTS_OF_A_CUSTOMER:,} customers, one partition, without Kafka; a flush each \
{A_FLUSH:,} events. The goal is {GOAL_US} µs an event.
"""


def _what_stands_in_the_way(profile: Profile, decode: float, whole: float) -> str:
    in_order = sum(profile.share[module] for module in _IN_ORDER) * whole
    python, built_in = (profile.per_event(profile.calls[kind]) for kind in ("python", "built in"))
    return f"""\
- Reading and checking an event takes {decode:.1f} µs. Telling repeats, holding events and \
deadlines in their order and keeping customers ({", ".join(_IN_ORDER)}) takes {in_order:.1f} µs. \
That is {decode + in_order:.1f} µs before any rule of outcomes is looked at.
- For each event {python:.0f} functions in Python are called, and {built_in:.0f} built-in ones: \
{whole / python:.2f} µs for one in Python with what it calls of the others. {GOAL_US} µs are \
{GOAL_US / whole * python:.0f} of them."""


def _what_is_written(stages: Stages, profile: Profile) -> str:
    did = {name: number / stages.did["events"] for name, number in stages.did.items()}
    encoded, decoded = (
        profile.per_event(profile.functions[f"{what}_row"]) for what in ("encode", "decode")
    )
    return f"""\
- For each event {did["outcomes"]:.2f} records are published, and {did["rows"]:.2f} written to \
the changelog, {did["changelog_bytes"]:.0f} bytes together; {encoded:.2f} rows of customers are \
encoded for it and {decoded:.2f} decoded."""


def _modules(profile: Profile, whole: float) -> Iterator[str]:
    for module, share in profile.share.most_common(SHOWN):
        calls = profile.per_event(profile.calls[module])
        yield f"| {module} | {calls:.2f} | {share:.1%} | {share * whole:.1f} |"
    rest = profile.share.most_common()[SHOWN:]
    share = sum(share for _, share in rest)
    yield f"| {len(rest)} others | | {share:.1%} | {share * whole:.1f} |"


def main() -> None:
    """Fold twice, and tell."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--events", type=int, default=200_000)
    words.add_argument("--profiled", type=int, default=40_000, help="events under the profiler")
    words.add_argument("--document", action="store_true", help="into docs/performance.md, too")
    chosen = words.parse_args()
    collect_seldom()
    text = told(measured(chosen.events), Profile(chosen.profiled))
    sys.stdout.write(text + "\n")
    if chosen.document:
        document.put(document.PROFILE, text)


if __name__ == "__main__":
    main()
