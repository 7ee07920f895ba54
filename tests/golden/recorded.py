"""The recorded sets as the monitor judges them, and as their sources knew them."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from io import StringIO
from typing import TYPE_CHECKING, Any

from rich.console import Console

from monitor.adapters.samples import kept_events, read_lines
from monitor.core.moments import DAY
from monitor.core.policy import Policy
from monitor.shell.replay import replay
from tests.oracle import durable_share
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from monitor.adapters.mapping import Mapping
    from monitor.shell.replay import Replayed

GOLDEN = ROOT / "tests" / "golden"
DATA = ROOT / "tests" / "data"
FIVE_DAYS = Policy().with_horizons((5 * DAY,))
DOUBT = 5 * 60.0
NEVER = -1.0
"""No doubt at all: a case that is reopened by mistake counts as reopened."""


def judged(path: Path, mapping: Mapping | None = None) -> Replayed:
    """What the core says of a log, with five days as a further horizon."""
    return replay([path], FIVE_DAYS, mapping, Console(file=StringIO()))


@cache
def shipped(name: str) -> Replayed:
    """What the core says of the events that we keep of a set."""
    return judged(kept_events(name, DATA))


def cases_of(run: Replayed) -> dict[str, dict[str, Any]]:
    """What the core says of each case."""
    return {case["case_id"]: case for case in run.cases}


def truth(name: str) -> list[dict[str, Any]]:
    """What the source knew of each case."""
    return list(read_lines(DATA / f"{name}.truth.jsonl.gz"))


def durable_five_days(steps: Iterable[tuple[str, str, str]], doubt: float) -> float:
    """The textbook's estimate over (case, time, what) in the order of the source."""
    timed = [(case, datetime.fromisoformat(at).timestamp(), what) for case, at, what in steps]
    return durable_share(timed, 5 * 86_400.0, doubt)


def at_five_days(run: Replayed) -> float:
    durable: float = run.report["durability"]["explicit"]["5d"]["durable"]
    return durable


def with_finding(run: Replayed, sf: str) -> set[str]:
    """The cases with a finding of a kind that was not taken back."""
    return {
        case["case_id"]
        for case in run.cases
        if any(one["sf"] == sf and not one["retracted"] for one in case["findings"])
    }
