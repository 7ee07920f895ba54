"""Is S(T) right? Claims that come and fail at random, read as the rules read counters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from monitor.core.policy import Policy
from monitor.rules import formulas as f
from monitor.rules.durability import BALANCE_MIN, CLAIMS_MIN, WHOLE_MISSING_MAX
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
    # Much was seen, and little chance is left to hide a bias.
    Regime("300/h, version 36h old, 24h", _steady(300), 300, 1.5 * DAY, DAY),
    Regime("300/h, version 2d 12h old, 7d", _steady(300), 300, 2.5 * DAY, 7 * DAY),
    Regime("300/h, version 6d old, 7d", _steady(300), 300, 6 * DAY, 7 * DAY),
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
    ones = compute(f.ONE_FAILURE, **operands)
    worth, due = _seen(failed, exposed)
    variances = compute(f.HAZARD_VARIANCE, **operands, missing=_missing(worth, due))
    seen_enough = (worth >= CLAIMS_MIN) & ~(worth < BALANCE_MIN * due)
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


def _seen(failed: Numbers, exposed: Numbers) -> tuple[Numbers, Numbers]:
    """How many claims each bucket has seen, and how many were due; of the first that is unknown."""
    worth = exposed / WIDTHS
    due = np.full_like(worth, np.nan)
    before = np.where(worth > 0, worth, np.nan)[:, :-1]
    due[:, 1:] = compute(f.DUE, worth=before, failed=failed[:, :-1])
    return worth, due


def _missing(worth: Numbers, due: Numbers) -> Numbers:
    return np.nan_to_num(compute(f.MISSING, worth=worth, due=due))


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
_OLD = Regime("older than all horizons", _steady(30), 30, 31 * DAY, DAY)


def try_out_nowcast(age: str, others: int, trials: int, seed: int, *, alike: bool) -> list[Quality]:
    """What is told of a version before it has lived its horizons, in a window of 24 h.

    Either it and the other versions are alike, or they differ as much as the nowcast takes them
    to: each by a factor in all buckets, and by one of its own in each.
    """
    dice = np.random.default_rng(seed)
    regime = Regime(f"version {age} old", _steady(30), 30, AGES[age], DAY)
    unlike = _factors(trials, dice, alike=alike)
    worlds = [counted(regime, dice, each) for each in unlike]
    failed, exposed = (np.array(column) for column in zip(*worlds, strict=True))
    told = nowcast(failed, exposed, *_of_others(others, trials, seed + 1, alike=alike))
    qualities = []
    for k, (horizon, length) in enumerate(HORIZONS.items()):
        ratio, low, high = told.ratio[:, k], told.lower[:, k], told.upper[:, k]
        right = np.exp(-(unlike * USUAL)[:, EDGES[1:] <= length].sum(axis=1))
        off = ratio - right
        covered = float(((low <= right) & (right <= high)).mean())
        quality = (float(off.mean()), float(off.std()), covered)
        qualities.append(Quality(f"{regime.name}, {others} other", horizon, 1.0, *quality))
    return qualities


def _factors(trials: int, dice: np.random.Generator, *, alike: bool) -> Numbers:
    """By how much a version's hazard differs from the usual one, in each trial and bucket."""
    shape = (trials, len(USUAL))
    if alike:
        return np.ones(shape)
    all_over, here = float(f.VERSIONS_PRIOR), float(f.BUCKETS_PRIOR)
    common = dice.gamma(all_over, 1 / all_over, (trials, 1))
    return common * dice.gamma(here, 1 / here, shape)


@cache
def _of_others(number: int, trials: int, seed: int, *, alike: bool) -> tuple[Numbers, Numbers]:
    """Failures and exposure of the other versions: by version, trial and bucket."""
    dice = np.random.default_rng(seed)
    versions = [
        [counted(_OLD, dice, each) for each in _factors(trials, dice, alike=alike)]
        for _ in range(number)
    ]
    cells = np.array(versions)
    return cells[:, :, 0], cells[:, :, 1]


def nowcast(failed: Numbers, exposed: Numbers, failed_by: Numbers, exposed_by: Numbers) -> Estimate:
    """The nowcasts of the rules, from their formulas; one row for each trial."""
    others_failed, others_exposed = failed_by.sum(axis=0), exposed_by.sum(axis=0)
    each = failed_by.sum(axis=2)
    unlike = compute(f.UNLIKE, squares=(each**2).sum(axis=0), failed=each.sum(axis=0))
    discount = {"failed": others_failed, "unlike": unlike[:, None]}
    lent_failed = compute(f.LENT, count=others_failed, **discount)
    lent_exposed = compute(f.LENT, count=others_exposed, **discount)
    operands = {
        "failed": failed,
        "exposed": exposed,
        "lent_failed": lent_failed,
        "lent_exposed": lent_exposed,
    }
    is_whole = _missing(*_seen(failed, exposed)) <= WHOLE_MISSING_MAX
    seen, expected = (
        (compute(one, **operands) * is_whole).sum(axis=1) for one in (f.OWN_FAILED, f.OWN_EXPECTED)
    )
    weight = compute(f.FACTOR_WEIGHT, unlike=unlike, seen=seen)
    factor = compute(f.FACTOR, unlike=unlike, weight=weight, expected=expected)
    prior = {
        "failed": failed,
        "exposed": exposed,
        "width": WIDTHS,
        "prior": lent_failed,
        "prior_exposed": lent_exposed / factor[:, None],
    }
    cells = [compute(one, **prior) for one in (f.SHRUNK, f.SHRUNK_VARIANCE, f.BORROWED)]
    columns = []
    for length in HORIZONS.values():
        hazard, own, borrowed = (cell[:, EDGES[1:] <= length].sum(axis=1) for cell in cells)
        spread = {
            "hazard": hazard,
            "variance": compute(
                f.SHRUNK_VARIANCE_OF_ALL, own=own, borrowed=borrowed, weight=weight
            ),
        }
        columns.append(
            (
                compute(f.SURVIVAL, hazard=hazard),
                compute(f.SURVIVAL_LOWER, **spread),
                compute(f.SURVIVAL_UPPER, **spread),
            )
        )
    return Estimate(*(np.column_stack(column) for column in zip(*columns, strict=True)))
