"""Do comparisons of versions cry wolf? Outcomes in batches, looked at after each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor.rules import formulas as f
from monitor.rules.comparison import TAU, decisive
from monitor.rules.slo import Comparison
from monitor.rules.versions import N_MIN, SURE
from tests.stats.arithmetic import compute

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.stats.arithmetic import Numbers

COMPARISON = Comparison()


@dataclass(frozen=True)
class Arm:
    """One version: outcomes of each intent in a batch, and the share that fails."""

    batch: tuple[int, ...]
    failing: tuple[float, ...]
    #: How alike the outcomes of one customer are: 1 for not at all.
    design_effect: float = 1.0


@dataclass(frozen=True)
class Verdicts:
    """What the rules say of a version at each look, trial by trial."""

    #: The sequential test has decided that versions differ, either way.
    differ: NDArray[np.bool_]
    #: It has, against this version.
    worse: NDArray[np.bool_]
    #: The difference over the last week is large and beyond doubt.
    worse_lately: NDArray[np.bool_]


def drawn(arm: Arm, looks: int, trials: int, dice: np.random.Generator) -> Numbers:
    """Failures, cumulated: trials x looks x intents."""
    shape = (trials, looks, len(arm.batch))
    share = np.broadcast_to(np.array(arm.failing), shape)
    if arm.design_effect > 1:
        # Beta-binomial: the batch is made of customers who share their luck.
        alike = (arm.design_effect - 1) / (np.array(arm.batch) - 1)
        spread = 1 / alike - 1
        share = dice.beta(share * spread, (1 - share) * spread)
    failed = dice.binomial(np.broadcast_to(np.array(arm.batch), shape), share)
    return np.cumsum(failed, axis=1).astype(float)


def compared(  # noqa: PLR0913  # two versions, and how they are watched
    one: Arm, rest: Arm, looks: int, trials: int, seed: int, week: int = 0
) -> Verdicts:
    """What the rules of monitor/rules/comparison.py and versions.py say of ``one``.

    A week has so many looks; without that, all looks fall within one.
    """
    dice = np.random.default_rng(seed)
    looked = np.arange(1.0, looks + 1)[:, None]
    totals = {
        "failed": drawn(one, looks, trials, dice),
        "n": looked * np.array(one.batch),
        "rest_failed": drawn(rest, looks, trials, dice),
        "rest_n": looked * np.array(rest.batch),
    }
    enough = totals["n"].sum(axis=-1) >= N_MIN
    difference, weight = _difference(totals)
    null = compute(f.MH_NULL_TERM, weight=weight, pooled=compute(f.POOLED, **totals))
    v = compute(
        f.NULL_VARIANCE,
        design=COMPARISON.design_effect,
        terms=null.sum(axis=-1),
        weights=weight.sum(axis=-1),
    )
    ratio = compute(f.LIKELIHOOD_RATIO, v=v, d=difference, tau=float(TAU))
    differ = (ratio >= decisive(COMPARISON.horizons)) & enough
    return Verdicts(differ, differ & (difference > 0), _lately(totals, week or looks))


def _difference(counts: dict[str, Numbers]) -> tuple[Numbers, Numbers]:
    weight = compute(f.MH_WEIGHT, **counts)
    terms = compute(f.MH_TERM, weight=weight, **counts)
    return terms.sum(axis=-1) / weight.sum(axis=-1), weight


def _lately(totals: dict[str, Numbers], week: int) -> NDArray[np.bool_]:
    counts = {name: _over(total, week) for name, total in totals.items()}
    difference, weight = _difference(counts)
    terms = compute(f.MH_VARIANCE_TERM, weight=weight, **counts).sum(axis=-1)
    weights = weight.sum(axis=-1)
    error = compute(f.MH_ERROR, design=COMPARISON.design_effect, terms=terms, weights=weights)
    enough = counts["n"].sum(axis=-1) >= N_MIN
    sure = difference - SURE * error > 0
    return np.asarray((difference > COMPARISON.worse_by) & sure & enough)


def _over(total: Numbers, week: int) -> Numbers:
    """What a cumulated count gained over a week of looks."""
    before = np.zeros_like(total)
    before[..., week:, :] = total[..., :-week, :] if week < total.shape[-2] else 0
    return total - before


def ever(said: NDArray[np.bool_]) -> float:
    """The share of trials in which it was said at any look."""
    return float(said.any(axis=1).mean())


def cried_wolf(one: Arm, rest: Arm, looks: int, trials: int, seed: int) -> float:
    """The share of trials in which equal versions were ever called different, either way.

    At any of the horizons, which are tried as if they told nothing of each other: the worst case.
    """
    horizons = range(len(COMPARISON.horizons))
    called = [compared(one, rest, looks, trials, seed + one_of).differ for one_of in horizons]
    return ever(np.concatenate(called, axis=1))


def outcomes_to_tell(one: Arm, rest: Arm, looks: int, trials: int, seed: int) -> float:
    """The median number of outcomes of a version until the sequential test has decided."""
    said = compared(one, rest, looks, trials, seed).worse
    first = np.where(said.any(axis=1), said.argmax(axis=1) + 1.0, np.inf)
    return float(np.median(first)) * sum(one.batch)
