"""How often do alerts cry wolf, and how soon do they see a wolf? Outcomes, minute by minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor.rules import formulas as f
from monitor.rules.objectives import BAD_MIN, N_MIN, TIERS
from monitor.rules.silent import SPIKE_Z
from tests.stats.arithmetic import compute

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor.rules.objectives import Tier
    from tests.stats.arithmetic import Numbers

DAY = 1440
MINUTES = {"10m": 10, "1h": 60, "6h": 360, "3d": 4320, "2m": 2, "15m": 15}
HELD = 10
"""Minutes for which an alert goes on when its condition is over: one episode, one page."""


@dataclass(frozen=True)
class Traffic:
    """Outcomes an hour, the objective, and the share of bad ones when all is well, and when not."""

    hourly: float
    objective: float
    usual: float
    incident: float


CASES = (
    Traffic(5, 0.85, 0.10, 0.45),
    Traffic(30, 0.85, 0.10, 0.45),
    Traffic(300, 0.85, 0.10, 0.45),
    Traffic(5, 0.97, 0.02, 0.20),
    Traffic(30, 0.97, 0.02, 0.20),
)


def over(values: Numbers, minutes: int) -> Numbers:
    """The count over a window that ends at each minute."""
    sums = np.concatenate([np.zeros(minutes), np.cumsum(values)])
    return np.asarray(sums[minutes:] - sums[:-minutes])


def held(condition: NDArray[np.bool_], minutes: int) -> NDArray[np.bool_]:
    """Where a condition has been true for so long (``for``)."""
    return over(condition.astype(float), minutes + 1) > minutes


def firing(tier: Tier, objective: float, n: Numbers, bad: Numbers) -> NDArray[np.bool_]:
    """The alert of one tier, as monitor/rules/objectives.py writes it."""
    long, short = MINUTES[tier.long], MINUTES[tier.short]
    threshold = f.reachable(objective, tier.factor, tier.share)
    judged, spoilt = over(n, long), over(bad, long)
    with np.errstate(all="ignore"):
        share = np.minimum(spoilt / np.where(judged > 0, judged, np.nan), 1)
        lately = over(bad, short) / over(n, short)
    sure = compute(f.WILSON_LOWER_Z3, p=share, n=judged)
    burning = (
        (share > threshold)
        & (sure > 1 - objective)
        & (judged >= N_MIN)
        & (spoilt >= BAD_MIN)
        & (lately > threshold)
    )
    return held(burning, MINUTES[tier.hold])


def pages(objective: float, n: Numbers, bad: Numbers) -> NDArray[np.bool_]:
    """Where any of the tiers that page fires."""
    on = [firing(tier, objective, n, bad) for tier in TIERS if tier.page]
    return np.asarray(np.logical_or.reduce(on))


def episodes(on: NDArray[np.bool_]) -> int:
    """How often somebody is paged."""
    minutes = np.flatnonzero(on)
    return 0 if minutes.size == 0 else 1 + int((np.diff(minutes) > HELD).sum())


def false_pages(case: Traffic, series: int, days: int, seed: int) -> float:
    """Pages per 30 days and series while all is well."""
    dice = np.random.default_rng(seed)
    called = 0
    for _ in range(series):
        n = dice.poisson(case.hourly / 60, days * DAY).astype(float)
        bad = dice.binomial(n.astype(int), case.usual).astype(float)
        called += episodes(pages(case.objective, n, bad)[DAY:])
    return called / series / (days - 1) * 30


def hours_to_page(case: Traffic, trials: int, seed: int) -> float:
    """The median time from the beginning of an incident to its page, in hours."""
    dice = np.random.default_rng(seed)
    before, after = DAY, 3 * DAY
    waits = []
    for _ in range(trials):
        n = dice.poisson(case.hourly / 60, before + after).astype(float)
        share = np.where(np.arange(before + after) < before, case.usual, case.incident)
        bad = dice.binomial(n.astype(int), share).astype(float)
        on = np.flatnonzero(pages(case.objective, n, bad)[before:])
        waits.append(on[0] / 60 if on.size else np.inf)
    return float(np.median(waits))


def false_spikes(hourly: float, series: int, days: int, seed: int) -> float:
    """Alerts on a spike of silent failures per 30 days and series while the rate is constant."""
    dice = np.random.default_rng(seed)
    called = 0
    for _ in range(series):
        counted = dice.poisson(hourly / 60, days * DAY).astype(float)
        seen = over(counted, 60)
        before = over(counted, 7 * DAY)
        expected = np.concatenate([np.full(120, hourly), before[:-120] / (7 * 24)])
        spike = compute(f.SPIKE, seen=seen, expected=expected)
        on = held(spike > SPIKE_Z, 5)
        called += episodes(on[8 * DAY :])
    return called / series / (days - 8) * 30
