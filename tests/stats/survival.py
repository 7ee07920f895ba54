"""Is S(T) right? Claims that come and fail at random, read as the rules read counters."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from monitor.core.policy import Policy
from monitor.rules import formulas as f
from monitor.rules.durability import BALANCE_MIN, CLAIMS_MIN, PRIOR
from tests.stats.arithmetic import compute

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stats.arithmetic import Numbers

HOUR, DAY = 3600.0, 86_400.0
EDGES = np.array(Policy().age_edges) / 1e6
WIDTHS = np.diff(EDGES)
HORIZONS = {"24h": DAY, "72h": 3 * DAY, "7d": 7 * DAY, "30d": 30 * DAY}

# Most customers who return do so soon, and most never do: 78 % stay, the others return by a
# Weibull law whose hazard falls all the time, also within a bucket.
STAY, SCALE, SHAPE = 0.78, 3 * DAY, 0.7


def truth(age: float) -> float:
    """The share of claims that still hold at an age."""
    return STAY + (1 - STAY) * float(np.exp(-((age / SCALE) ** SHAPE)))


USUAL = np.diff([-np.log(truth(edge)) for edge in EDGES])
"""What each age bucket adds to the cumulative hazard of the version that all are like."""


def returns(n: int, dice: np.random.Generator, unlike: Numbers) -> Numbers:
    """The ages at which claims fail; infinite for those that do not within the last bucket.

    In each bucket the hazard is ``unlike`` times the usual one.
    """
    reached = np.concatenate([[0.0], np.cumsum(unlike * USUAL)])
    spent = dice.exponential(size=n)
    bucket = np.searchsorted(reached, spent, side="right") - 1
    inside = np.minimum(bucket, len(USUAL) - 1)
    usual = np.cumsum(USUAL)[inside] - USUAL[inside] + (spent - reached[inside]) / unlike[inside]
    with np.errstate(all="ignore"):
        ages = SCALE * (-np.log((np.exp(-usual) - STAY) / (1 - STAY))) ** (1 / SHAPE)
    return np.where(bucket >= len(USUAL), np.inf, ages)


@dataclass(frozen=True)
class Regime:
    """How claims come, and what the monitor has seen of them."""

    name: str
    #: Claims an hour, by seconds before now.
    rate: Callable[[Numbers], Numbers]
    highest: float
    #: How long ago the first claim came.
    began: float
    window: float
    #: No customer came through, and nothing was claimed, so long ago.
    closed: tuple[float, float] | None = None


def _steady(rate: float) -> Callable[[Numbers], Numbers]:
    return lambda ago: np.full_like(ago, rate)


REGIMES = (
    Regime("steady, 30/h, 24h", _steady(30), 30, 45 * DAY, DAY),
    Regime("steady, 5/h, 7d", _steady(5), 5, 45 * DAY, 7 * DAY),
    # When a horizon is first shown, its last bucket was seen more young than old.
    Regime("version 36h old, 24h", _steady(30), 30, 1.5 * DAY, DAY),
    Regime("version 3d 12h old, 24h", _steady(30), 30, 3.5 * DAY, DAY),
    Regime("version 7d 6h old, 24h", _steady(30), 30, 7.25 * DAY, DAY),
    Regime("version 2d 12h old, 7d", _steady(30), 30, 2.5 * DAY, 7 * DAY),
    Regime("version 6d old, 7d", _steady(30), 30, 6 * DAY, 7 * DAY),
    Regime("version 11d old, 7d", _steady(30), 30, 11 * DAY, 7 * DAY),
    Regime(
        "doubling every week, 24h",
        lambda ago: 60 * 2 ** (-ago / (7 * DAY)),
        60,
        45 * DAY,
        DAY,
    ),
    Regime(
        "four times the volume since 4d, 24h",
        lambda ago: np.where(ago < 4 * DAY, 60.0, 15.0),
        60,
        45 * DAY,
        DAY,
    ),
    # What the monitor missed it folds when it is back, by event time: the window grows or shrinks.
    Regime("in a 6h outage of the monitor, 24h", _steady(30), 30, 45 * DAY, 18 * HOUR),
    Regime("window begins in its outage, 24h", _steady(30), 30, 45 * DAY, 30 * HOUR),
    Regime(
        "customers locked out 2d ago, 7d", _steady(30), 30, 45 * DAY, 7 * DAY, (2.5 * DAY, 2 * DAY)
    ),
)


@dataclass(frozen=True)
class Estimate:
    """What the rules would show, for each horizon in order; not a number where nothing."""

    ratio: Numbers
    lower: Numbers
    upper: Numbers


def counted(
    regime: Regime, dice: np.random.Generator, unlike: Numbers | None = None
) -> tuple[Numbers, Numbers]:
    """Failures and exposure of each age bucket over the window that ends now, at 0."""
    came = -dice.random(dice.poisson(regime.highest * regime.began / HOUR)) * regime.began
    kept = dice.random(came.size) * regime.highest < regime.rate(-came)
    if regime.closed:
        kept &= (-came > regime.closed[0]) | (-came < regime.closed[1])
    came = came[kept]
    ended = came + returns(came.size, dice, np.ones(len(USUAL)) if unlike is None else unlike)
    if regime.closed:
        # Who wanted to come back while nobody answered comes when somebody does.
        shut, opened = (-ago for ago in regime.closed)
        ended[(ended > shut) & (ended < opened)] = opened
    failed, exposed = np.zeros(len(WIDTHS)), np.zeros(len(WIDTHS))
    inside = (ended <= 0) & (ended > -regime.window)
    age = (ended - came)[inside]
    for j, (low, high) in enumerate(pairwise(EDGES)):
        failed[j] = ((age >= low) & (age < high)).sum()
        end = np.minimum(np.minimum(came + high, ended), 0)
        start = np.maximum(came + low, -regime.window)
        exposed[j] = np.clip(end - start, 0, None).sum()
    return failed, exposed


def estimate(failed: Numbers, exposed: Numbers) -> Estimate:
    """The rules of monitor/rules/durability.py, from their formulas; one row for each trial."""
    seen = np.where(exposed > 0, exposed, np.nan)
    operands = {"failed": failed, "exposed": seen, "width": WIDTHS}
    hazards = compute(f.HAZARD, **operands)
    variances = compute(f.HAZARD_VARIANCE, **operands)
    ones = compute(f.ONE_FAILURE, **operands)
    worth = exposed / WIDTHS
    due = compute(f.DUE, worth=np.where(worth > 0, worth, np.nan), failed=failed)
    balanced = np.ones_like(worth, dtype=bool)
    balanced[:, 1:] = worth[:, 1:] >= BALANCE_MIN * due[:, :-1]
    seen_enough = (worth >= CLAIMS_MIN) & balanced
    columns = []
    for length in HORIZONS.values():
        up = EDGES[1:] <= length
        enough = seen_enough[:, up].all(axis=1)
        hazard = np.where(enough, hazards[:, up].sum(axis=1), np.nan)
        variance = variances[:, up].sum(axis=1)
        one = ones[:, up].max(axis=1)
        none = hazard == 0
        columns.append(
            (
                compute(f.SURVIVAL, hazard=hazard),
                np.where(
                    none,
                    compute(f.SURVIVAL_LOWER_NO_FAILURE, one_failure=one),
                    compute(f.SURVIVAL_LOWER, hazard=hazard, variance=variance),
                ),
                np.where(none, 1.0, compute(f.SURVIVAL_UPPER, hazard=hazard, variance=variance)),
            )
        )
    return Estimate(*(np.column_stack(column) for column in zip(*columns, strict=True)))


@dataclass(frozen=True)
class Quality:
    """How good the estimates of one horizon were."""

    regime: str
    horizon: str
    #: The share of trials in which a number was shown.
    shown: float
    bias: float
    spread: float
    covered: float


def try_out(regime: Regime, trials: int, seed: int) -> list[Quality]:
    """Many worlds of one regime, and how the estimates of each horizon compare with the truth."""
    dice = np.random.default_rng(seed)
    worlds = [counted(regime, dice) for _ in range(trials)]
    told = estimate(*(np.array(column) for column in zip(*worlds, strict=True)))
    qualities = []
    for k, (horizon, length) in enumerate(HORIZONS.items()):
        ratio, low, high = told.ratio[:, k], told.lower[:, k], told.upper[:, k]
        is_shown = ~np.isnan(ratio)
        if not is_shown.any():
            continue
        right = truth(length)
        qualities.append(
            Quality(
                regime.name,
                horizon,
                float(is_shown.mean()),
                float(ratio[is_shown].mean() - right),
                float(ratio[is_shown].std()),
                float(((low <= right) & (right <= high))[is_shown].mean()),
            )
        )
    return qualities


AGES = {"6h": 6 * HOUR, "24h": DAY, "72h": 3 * DAY, "7d": 7 * DAY}


def try_out_nowcast(age: str, trials: int, seed: int, *, alike: bool) -> list[Quality]:
    """What is told of a version before it has lived its horizons, in a window of 24 h.

    Either all versions are alike, or they differ as much as the nowcast takes them to: in each
    bucket by a factor of the Gamma law that ``PRIOR`` failures stand for.
    """
    dice = np.random.default_rng(seed)
    regime = Regime(f"version {age} old", _steady(30), 30, AGES[age], DAY)
    shape = (trials, len(USUAL))
    unlike = np.ones(shape) if alike else dice.gamma(PRIOR, 1 / PRIOR, shape)
    worlds = [counted(regime, dice, each) for each in unlike]
    failed, exposed = (np.array(column) for column in zip(*worlds, strict=True))
    operands = {
        "failed": failed,
        "exposed": exposed,
        "width": WIDTHS,
        "prior": np.array(PRIOR),
        "prior_exposed": PRIOR * WIDTHS / USUAL,
    }
    hazards, variances = (compute(one, **operands) for one in (f.SHRUNK, f.SHRUNK_VARIANCE))
    qualities = []
    for horizon, length in HORIZONS.items():
        up = EDGES[1:] <= length
        cumulated = {"hazard": hazards[:, up].sum(axis=1)}
        ratio = compute(f.SURVIVAL, **cumulated)
        cumulated["variance"] = variances[:, up].sum(axis=1)
        low, high = (compute(one, **cumulated) for one in (f.SURVIVAL_LOWER, f.SURVIVAL_UPPER))
        right = np.exp(-(unlike * USUAL)[:, up].sum(axis=1))
        off = ratio - right
        covered = float(((low <= right) & (right <= high)).mean())
        told = (float(off.mean()), float(off.std()), covered)
        qualities.append(Quality(regime.name, horizon, 1.0, *told))
    return qualities
