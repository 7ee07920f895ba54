"""Is one AI version worse than those that run beside it? By two tests that err differently.

``cx:version_*``  a sequential test (mSPRT) over everything since the version was first seen. It
    may be looked at all the time: on two equal versions it cries wolf in at most ``ALPHA`` of
    cases, ever. It must accumulate; on a sliding window that promise does not hold.
``cx:strata_*``   the difference of failure within each intent, weighed by Mantel and Haenszel,
    over a week: a version that gets the hard work does not look worse for it.

A version is compared with all others together, in claims that reached a horizon meanwhile.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from monitor.rules import formulas as f
from monitor.rules.model import Group, Record
from monitor.rules.promql import by, on, onto, pick, total
from monitor.rules.totals import MEMORY, count, first, owned

if TYPE_CHECKING:
    from collections.abc import Sequence

ALPHA = 0.05
TAU = "0.03"
"""The differences that the test is best at: a few points of durability."""
WINDOW = "7d"
_MATURED = "cx_resolutions_matured_total"
_ALL = 'bound="same_issue", ai_version!="none"'
_FAILED = f'{_ALL}, result="failed"'
_ARM = ("ai_version", "horizon")
_STRATUM = ("ai_version", "horizon", "intent_group")


def decisive(horizons: Sequence[str]) -> float:
    """The likelihood ratio at which versions differ: the horizons share ``ALPHA``."""
    return len(horizons) / ALPHA


def groups(horizons: Sequence[str], design_effect: float) -> list[Group]:
    """Both tests at each of these horizons."""
    among = f'horizon=~"{"|".join(horizons)}"'
    return [
        Group("cx-version-sequential", _sequential(among, decisive(horizons), design_effect), "1m"),
        Group("cx-version-strata", _strata(among), "1m"),
    ]


def _sequential(among: str, ratio: float, design_effect: float) -> list[Record]:
    failed, n = "cx:version_failed:total", "cx:version_matured:total"
    pair = {
        "failed": failed,
        "n": f"({n} > 0)",
        "rest_failed": "cx:version_rest_failed:total",
        "rest_n": "(cx:version_rest_matured:total > 0)",
    }
    v, d, pooled = (
        "cx:version_difference:variance",
        "cx:version_difference:ratio",
        "cx:version_pooled:ratio",
    )
    certainty = f"{2 * math.log(ratio):.6f}"
    design = {"design": f"{design_effect:g}", "pooled": pooled}
    return [
        *_arm(n, _since_seen(f"{_ALL}, {among}"), "matured"),
        *_arm(failed, f"{_since_seen(f'{_FAILED}, {among}')}\nor 0 * {n}", "failed"),
        Record(pooled, f.POOLED.of(**{**pair, "rest_n": "cx:version_rest_matured:total"})),
        Record(d, f.DIFFERENCE.of(**pair)),
        Record(v, f.DIFFERENCE_VARIANCE.of(**{**pair, **design})),
        Record("cx:version_likelihood:ratio", f.LIKELIHOOD_RATIO.of(v=f"({v} > 0)", d=d, tau=TAU)),
        Record(
            "cx:version_difference:half_width",
            f.LIKELIHOOD_HALF_WIDTH.of(v=f"({v} > 0)", tau=TAU, certainty=certainty),
        ),
    ]


def _since_seen(where: str) -> str:
    now, start = pick(owned(_MATURED), where), pick(first(_MATURED), where)
    return f"clamp_min({total(f'({now} - {start})', *_ARM)}, 0)"


def _arm(name: str, since_seen: str, what: str) -> list[Record]:
    """A version's own total, and what the others added since it was first seen."""
    base, rest = f"cx:version_rest_{what}:base", f"cx:version_rest_{what}:total"
    others = f"({_all_versions(name)} - {name})"
    return [
        Record(name, since_seen),
        Record(base, f"last_over_time({base}[{MEMORY}])\nor {others}"),
        Record(rest, f"clamp_min({others} - {base}, 0)"),
    ]


def _all_versions(name: str) -> str:
    """The sum over all versions, for each of them."""
    return f"0 * {name} + {onto('horizon')} {total(name, 'horizon')}"


def _strata(among: str) -> list[Record]:
    n, failed = "cx:strata_matured:count7d", "cx:strata_failed:count7d"
    rest = {
        one: f"(0 * {one} + {onto('horizon', 'intent_group')} "
        f"{total(one, 'horizon', 'intent_group')} - {one})"
        for one in (n, failed)
    }
    pair = {
        "n": f"({n} > 0)",
        "failed": failed,
        "rest_n": "(cx:strata_rest_matured:count7d > 0)",
        "rest_failed": "cx:strata_rest_failed:count7d",
        "weight": "cx:strata_weight:count7d",
    }
    weights = f"({total('cx:strata_weight:count7d', *_ARM)} > 0)"
    counted = count(_MATURED, WINDOW)
    return [
        Record(n, total(pick(counted, f"{_ALL}, {among}"), *_STRATUM)),
        Record(failed, f"{total(pick(counted, f'{_FAILED}, {among}'), *_STRATUM)}\nor 0 * {n}"),
        Record("cx:strata_rest_matured:count7d", rest[n]),
        Record("cx:strata_rest_failed:count7d", rest[failed]),
        Record("cx:strata_weight:count7d", f.MH_WEIGHT.of(**pair)),
        Record(
            "cx:strata_difference:ratio7d", f"{total(f.MH_TERM.of(**pair), *_ARM)}\n/ {weights}"
        ),
        Record(
            "cx:strata_difference:error7d",
            f"sqrt({total(f.MH_VARIANCE_TERM.of(**pair), *_ARM)})\n/ {weights}",
        ),
        Record(
            "cx:strata_compared:count7d",
            f"sum {by(*_ARM)} ({n} and {on(*_STRATUM)} (cx:strata_weight:count7d > 0))",
        ),
    ]
