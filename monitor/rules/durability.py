"""Did "resolved" stay resolved? Durability, live, with the uncertainty that young claims deserve.

For each age bucket the hazard is failures over exposure; S(T) = exp(-sum of width x hazard).
A number is shown only when each bucket up to T has seen enough. First, the exposure of at least
``CLAIMS_MIN`` claims that crossed it: from less one could read anything, and a version three
hours old has no durability of seven days. Second, at least ``BALANCE_MIN`` of the claims that the
bucket before lets expect: where mostly its young half was seen, because the version is new or the
volume has just grown, the hazard of that half would pass for the whole (`make stats` tells by how
much). Until then the number is absent.

Labels besides ``job``, ``ai_version`` and ``horizon``: ``bound`` (how strictly "the same issue"
is read) and ``estimator``: ``period`` is what was seen; ``nowcast`` fills what a version has not
seen yet with what the other AI versions have, times the factor by which it has failed more or less
than they so far, and is never to be billed by; ``matured`` is the share among claims that reached
the horizon, late by the horizon.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from monitor.rules import formulas as f
from monitor.rules.model import Group, Record
from monitor.rules.promql import by, on, onto, pick, stem, total
from monitor.rules.totals import LONG, count

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = "cx:age_bucket:seconds"
CLAIMS_MIN = 10
BALANCE_MIN = 0.7
WHOLE_MISSING_MAX = 0.1
"""A bucket of which more is missing does not tell how much more than the others a version fails."""
_EXPOSURE = "cx_resolution_exposure_seconds_total"
_FAILURES = "cx_resolution_failures_total"
_SEEN = "cx:resolution_claims"
CELL = ("bound", "ai_version")
_VERSIONS = 'ai_version!="none"'


def series(kind: str, window: str) -> str:
    """The name of a recorded series of durability: ratio, lower, upper, hazard, variance."""
    return f"cx:durable:{kind}{window}"


def groups(ages: Sequence[str], horizons: Sequence[str]) -> list[Group]:
    """Durability over each window, at each horizon."""
    widths = Record(WIDTH, f"max {by('age', 'horizon')} (cx_age_bucket_seconds)")
    return [
        Group("cx-age-buckets", [widths], "1m"),
        *(Group(f"cx-durable-{window}", _rules(window, ages, horizons), "1m") for window in LONG),
    ]


def exposed(window: str) -> str:
    """Seconds on trial, with a zero for each bucket that a version has not reached."""
    return f"cx:{stem(_EXPOSURE)}:sum{window}"


def failed(window: str) -> str:
    """Failures in the same cells."""
    return f"cx:{stem(_FAILURES)}:sum{window}"


def grid(counted: str, cell: tuple[str, ...], ages: Sequence[str]) -> str:
    """A count by cell and age, zero where nothing was seen."""
    known = f"0 * group {by(*cell)} ({counted})"
    zeros = [f'label_replace({known}, "age", "{age}", "", "")' for age in ages]
    return "\nor ".join([total(counted, *cell, "age"), *zeros])


def enough_seen(
    prefix: str, window: str, exposure: str, failures: str, ages: Sequence[str]
) -> list[Record]:
    """Which cells have seen enough, as the last of these series."""
    worth, due, enough = (f"{prefix}_{one}:sum{window}" for one in ("worth", "due", "enough"))
    before = f.DUE.of(worth=f"({worth} > 0)", failed=failures)
    moved = [
        f'label_replace(({before}) and {worth}{{age="{one}"}}, "age", "{following}", "", "")'
        for one, following in pairwise(ages)
    ]
    return [
        Record(worth, f"{exposure} / {onto('age')} max {by('age')} ({WIDTH})"),
        Record(due, "\nor ".join(moved)),
        Record(
            enough,
            f"{worth} >= {CLAIMS_MIN}\n"
            f'and ({worth} >= {BALANCE_MIN} * {due} or {worth}{{age="{ages[0]}"}})',
        ),
    ]


def guarded(hazard: str, enough: str, width: str, cell: tuple[str, ...]) -> str:
    """``hazard``, where every bucket of the horizon has seen enough."""
    seen = f"count {by(*cell)} ({enough} and {on('age')} {width})"
    return f"{hazard}\nand {seen} == {onto()} count {by()} ({width})"


def hazard_of(failures: str, exposure: str, width: str, cell: tuple[str, ...]) -> str:
    """The cumulative hazard of each cell up to a horizon, without any guard."""
    return _summed(f.HAZARD, failures, f"({exposure} > 0)", width, cell)


def _summed(
    formula: f.Formula,
    failures: str,
    exposure: str,
    width: str,
    cell: tuple[str, ...],
    **others: str,
) -> str:
    terms = formula.of(failed=failures, exposed=exposure, width=f"{onto('age')} {width}", **others)
    return f"sum {by(*cell)} ({terms})"


def _rules(window: str, ages: Sequence[str], horizons: Sequence[str]) -> list[Record]:
    e, d = exposed(window), failed(window)
    return [
        Record(e, grid(count(_EXPOSURE, window), CELL, ages)),
        Record(d, f"{total(count(_FAILURES, window), *CELL, 'age')}\nor 0 * {e}"),
        *enough_seen(_SEEN, window, e, d, ages),
        Record(_missing(window), _not_seen(window)),
        *(rule for horizon in horizons for rule in _period(window, horizon)),
        *_factor(window),
        *(rule for horizon in horizons for rule in _nowcast(window, horizon)),
        *_ratios(window),
    ]


def _period(window: str, horizon: str) -> list[Record]:
    labels = {"horizon": horizon, "estimator": "period"}
    width = pick(WIDTH, f'horizon="{horizon}"')
    e, d = exposed(window), failed(window)
    seen = f"({e} > 0)"
    hazard = hazard_of(d, e, width, CELL)
    variance = _summed(f.HAZARD_VARIANCE, d, seen, width, CELL, missing=_missing(window))
    one = f.ONE_FAILURE.of(exposed=seen, width=f"{onto('age')} {width}")
    return [
        Record(
            series("hazard", window),
            guarded(hazard, f"{_SEEN}_enough:sum{window}", width, CELL),
            labels,
        ),
        Record(series("variance", window), variance, labels),
        Record(series("one_failure", window), f"max {by(*CELL)} ({one})", labels),
    ]


def _missing(window: str) -> str:
    return f"{_SEEN}_missing:sum{window}"


def _not_seen(window: str) -> str:
    worth, due = (f"{_SEEN}_{one}:sum{window}" for one in ("worth", "due"))
    return f"{f.MISSING.of(worth=worth, due=f'({due} > 0)')}\nor 0 * {worth}"


def _lent(window: str) -> tuple[str, str]:
    """Failures and exposure of the other versions, as far as they tell of a version's own."""
    return f"cx:lent_failures:sum{window}", f"cx:lent_exposure_seconds:sum{window}"


def _factor(window: str) -> list[Record]:
    """How much more than the others a version fails, and what that is known by."""
    e, d = (pick(one, _VERSIONS) for one in (exposed(window), failed(window)))
    others_d, others_e = (
        f"-1 * ({own} - {onto('bound', 'age')} {total(own, 'bound', 'age')})" for own in (d, e)
    )
    failures = f"cx:others_failures:sum{window}"
    unlike, weight = f"cx:version_unlike:ratio{window}", f"cx:version_factor:weight{window}"
    lent_d, lent_e = _lent(window)
    own = f"({total(d, *CELL)})^2"
    spread = f.UNLIKE.of(
        squares=f"(-1 * ({own} - {onto('bound')} {total(own, 'bound')}))",
        failed=f"({total(failures, *CELL)} > 0)",
    )
    discount = {"failed": failures, "unlike": f"{onto(*CELL)} {unlike}"}
    operands = {"exposed": e, "failed": d, "lent_failed": lent_d, "lent_exposed": f"({lent_e} > 0)"}
    is_whole = f"{_missing(window)} <= {WHOLE_MISSING_MAX}"
    seen, expected = (
        total(f"{one.of(**operands)} and {is_whole}", *CELL)
        for one in (f.OWN_FAILED, f.OWN_EXPECTED)
    )
    return [
        Record(failures, others_d),
        Record(unlike, spread),
        Record(lent_d, f.LENT.of(count=failures, **discount)),
        Record(lent_e, f.LENT.of(count=f"({others_e})", **discount)),
        Record(weight, f.FACTOR_WEIGHT.of(unlike=unlike, seen=seen)),
        Record(
            f"cx:version_factor:ratio{window}",
            f.FACTOR.of(unlike=unlike, weight=weight, expected=expected),
        ),
    ]


def _nowcast(window: str, horizon: str) -> list[Record]:
    labels = {"horizon": horizon, "estimator": "nowcast"}
    width = pick(WIDTH, f'horizon="{horizon}"')
    e, d = (pick(one, _VERSIONS) for one in (exposed(window), failed(window)))
    lent_d, lent_e = _lent(window)
    factor = f"{onto(*CELL)} cx:version_factor:ratio{window}"
    prior = {"prior": lent_d, "prior_exposed": f"({lent_e} / {factor})"}
    hazard, own, borrowed = (
        _summed(one, d, e, width, CELL, **prior)
        for one in (f.SHRUNK, f.SHRUNK_VARIANCE, f.BORROWED)
    )
    variance = f.SHRUNK_VARIANCE_OF_ALL.of(
        own=own, borrowed=f"({borrowed})", weight=f"cx:version_factor:weight{window}"
    )
    return [
        # Where no other has been yet there is nothing to fill in by.
        Record(series("hazard", window), guarded(hazard, f"({lent_e} > 0)", width, CELL), labels),
        Record(series("variance", window), variance, labels),
    ]


def _ratios(window: str) -> list[Record]:
    hazard, variance = series("hazard", window), series("variance", window)
    some = f"({hazard} > 0)"
    none = f.SURVIVAL_LOWER_NO_FAILURE.of(one_failure=series("one_failure", window))
    return [
        Record(series("ratio", window), f.SURVIVAL.of(hazard=hazard)),
        Record(
            series("lower", window),
            f"{f.SURVIVAL_LOWER.of(hazard=some, variance=variance)}\nor {none} and {hazard} == 0",
        ),
        Record(
            series("upper", window),
            f"{f.SURVIVAL_UPPER.of(hazard=some, variance=variance)}\nor 1 + ({hazard} == 0)",
        ),
    ]
