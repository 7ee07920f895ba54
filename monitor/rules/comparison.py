"""Is one AI version worse than those that run beside it? By two tests that err differently.

``cx:version_*``  a sequential test (mSPRT) over everything since the version was first seen. It
    may be looked at all the time: on two equal versions it cries wolf in at most ``ALPHA`` of
    cases, ever. It must accumulate; on a sliding window that promise does not hold.
``cx:strata_*``   the difference over a week, with its standard error.

Both compare within each intent and weigh as Mantel and Haenszel do, so that a version that gets
the hard work does not look worse for it; and a version with all others together, in claims that
reached a horizon meanwhile.
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
        Group("cx-version-strata", _strata(among, design_effect), "1m"),
    ]


def _sequential(among: str, ratio: float, design_effect: float) -> list[Record]:
    n, failed = "cx:version_matured:total", "cx:version_failed:total"
    pair = _pair("version", "total")
    weight, pooled = pair["weight"], "cx:version_pooled:ratio"
    null = total(f.MH_NULL_TERM.of(weight=weight, pooled=pooled), *_ARM)
    weights = f"({total(weight, *_ARM)} > 0)"
    d, v = "cx:version_difference:ratio", "cx:version_difference:variance"
    variance = f.NULL_VARIANCE.of(design=f"{design_effect:g}", terms=null, weights=weights)
    certainty = f"{2 * math.log(ratio):.6f}"
    return [
        Record(n, _since_seen(f"{_ALL}, {among}")),
        Record(failed, f"{_since_seen(f'{_FAILED}, {among}')}\nor 0 * {n}"),
        *_rest_since_seen("matured"),
        *_rest_since_seen("failed"),
        Record(weight, f.MH_WEIGHT.of(**pair)),
        Record(pooled, f.POOLED.of(**pair)),
        Record(d, f"{total(f.MH_TERM.of(**pair), *_ARM)}\n/ {weights}"),
        Record(v, variance),
        Record("cx:version_likelihood:ratio", f.LIKELIHOOD_RATIO.of(v=f"({v} > 0)", d=d, tau=TAU)),
        Record(
            "cx:version_difference:half_width",
            f.LIKELIHOOD_HALF_WIDTH.of(v=f"({v} > 0)", tau=TAU, certainty=certainty),
        ),
        Record("cx:version_compared:total", _compared(n, weight)),
    ]


def _since_seen(where: str) -> str:
    now, start = pick(owned(_MATURED), where), pick(first(_MATURED), where)
    return f"clamp_min({total(f'({now} - {start})', *_STRATUM)}, 0)"


def _rest_since_seen(what: str) -> list[Record]:
    """What the others added since a version was first seen with an intent."""
    base, rest = f"cx:version_rest_{what}:base", f"cx:version_rest_{what}:total"
    others = f"({_others(f'cx:version_{what}:total')})"
    return [
        Record(base, f"last_over_time({base}[{MEMORY}])\nor {others}"),
        Record(rest, f"clamp_min({others} - {base}, 0)"),
    ]


def _strata(among: str, design_effect: float) -> list[Record]:
    n, failed = "cx:strata_matured:count7d", "cx:strata_failed:count7d"
    pair = _pair("strata", "count7d")
    weight = pair["weight"]
    weights = f"({total(weight, *_ARM)} > 0)"
    counted = count(_MATURED, WINDOW)
    return [
        Record(n, total(pick(counted, f"{_ALL}, {among}"), *_STRATUM)),
        Record(failed, f"{total(pick(counted, f'{_FAILED}, {among}'), *_STRATUM)}\nor 0 * {n}"),
        Record("cx:strata_rest_matured:count7d", _others(n)),
        Record("cx:strata_rest_failed:count7d", _others(failed)),
        Record(weight, f.MH_WEIGHT.of(**pair)),
        Record(
            "cx:strata_difference:ratio7d", f"{total(f.MH_TERM.of(**pair), *_ARM)}\n/ {weights}"
        ),
        Record(
            "cx:strata_difference:error7d",
            f.MH_ERROR.of(
                design=f"{design_effect:g}",
                terms=total(f.MH_VARIANCE_TERM.of(**pair), *_ARM),
                weights=weights,
            ),
        ),
        Record("cx:strata_compared:count7d", _compared(n, weight)),
    ]


def _pair(level: str, kind: str) -> dict[str, str]:
    """A version and the others, where both have been seen with an intent."""
    return {
        "n": f"(cx:{level}_matured:{kind} > 0)",
        "failed": f"cx:{level}_failed:{kind}",
        "rest_n": f"(cx:{level}_rest_matured:{kind} > 0)",
        "rest_failed": f"cx:{level}_rest_failed:{kind}",
        "weight": f"cx:{level}_weight:{kind}",
    }


def _others(name: str) -> str:
    """The sum over all other versions, for each of them."""
    everybody = total(name, "horizon", "intent_group")
    return f"0 * {name} + {onto('horizon', 'intent_group')} {everybody} - {name}"


def _compared(n: str, weight: str) -> str:
    """How many of a version's outcomes take part."""
    return f"sum {by(*_ARM)} ({n} and {on(*_STRATUM)} {weight} > 0)"
