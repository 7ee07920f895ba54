"""Alerts on AI versions: one is worse, one shines in benchmarks only, one is faster and worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.rules.comparison import decisive
from monitor.rules.effort import quantiles
from monitor.rules.formulas import Z95
from monitor.rules.links import top
from monitor.rules.model import Alert, Group, Record
from monitor.rules.promql import by, on, onto, pick
from monitor.rules.totals import count

if TYPE_CHECKING:
    from monitor.rules.links import Desk
    from monitor.rules.slo import Comparison

N_MIN = 50
SURE = 3.3
"""Standard errors above nothing: looked at all the time over a sliding week, 3 are too few."""
FASTER = 0.8
"""The median time to a claim fell to less than this share of what it was."""
_SCORED = ("suite", "ai_version")
_PERIOD = 'bound="same_issue", estimator="period"'
_TIME = "cx_time_to_resolution_seconds"


def groups(comparison: Comparison, desk: Desk) -> list[Group]:
    """What the alerts need beyond the comparison itself, and the alerts."""
    return [
        Group("cx-benchmarks", _benchmarks(comparison), "1m"),
        Group("cx-speed", quantiles(_TIME, "24h"), "1m"),
        Group(
            "cx-version-alerts",
            [
                _worse(comparison, desk),
                _worse_within_intents(comparison, desk),
                _misled(desk),
                _speed(desk),
            ],
            "1m",
        ),
    ]


def worse(comparison: Comparison) -> str:
    """The sequential test has decided, against this version."""
    n = "cx:version_compared:total"
    return (
        "cx:version_difference:ratio > 0\n"
        f"and cx:version_likelihood:ratio >= {decisive(comparison.horizons):g}\n"
        f"and {n} >= {N_MIN}"
    )


def worse_within_intents(comparison: Comparison) -> str:
    """The difference within intents is large enough to matter, and beyond doubt."""
    return (
        f"cx:strata_difference:ratio7d > {comparison.worse_by:g}\n"
        f"and cx:strata_difference:ratio7d - {SURE} * cx:strata_difference:error7d > 0\n"
        f"and cx:strata_compared:count7d >= {N_MIN}"
    )


def _worse(comparison: Comparison, desk: Desk) -> Alert:
    return desk.alert(
        "OutcomeVersionWorse",
        worse(comparison),
        severity="ticket",
        signal="outcome",
        team="ai-release",
        summary="Customers of AI version {{ $labels.ai_version }} come back unresolved more often "
        "than those of the others: {{ $value | humanizePercentage }} more within "
        "{{ $labels.horizon }}, intent by intent",
        description=f"Since it was first seen. Most failures: {_failures()}".rstrip(),
        concern="version",
        labels=("ai_version", "horizon"),
        hold="10m",
        examples=desk.failures("7d", "ai_version"),
    )


def _worse_within_intents(comparison: Comparison, desk: Desk) -> Alert:
    return desk.alert(
        "OutcomeVersionWorseWithinIntents",
        worse_within_intents(comparison),
        severity="page",
        signal="outcome",
        team="ai-release",
        summary="AI version {{ $labels.ai_version }} leaves "
        "{{ $value | humanizePercentage }} more customers unresolved within "
        "{{ $labels.horizon }} than the others do, the mix of intents held equal",
        description=f"Over 7d. Most failures: {_failures()}".rstrip(),
        concern="version",
        labels=("ai_version", "horizon"),
        hold="10m",
        examples=desk.failures("7d", "ai_version"),
    )


def _failures() -> str:
    counted = count("cx_resolutions_matured_total", "7d")
    where = 'bound="same_issue", result="failed", job=%q, ai_version=%q, horizon=%q'
    query = f"sum by (intent_group) ({counted}{{{where}}})"
    return top(query, ("intent_group",), "job", "ai_version", "horizon")


def _benchmarks(comparison: Comparison) -> list[Record]:
    score = "cx:benchmark:score"
    rules = [Record(score, f"max {by(*_SCORED)} (cx_benchmark_score)")]
    for horizon in comparison.horizons:
        where = f'{_PERIOD}, horizon="{horizon}"'
        rules += [
            Record(
                f"cx:benchmark_practice:{kind}7d",
                f"0 * {score} + {onto('ai_version')} {pick(f'cx:durable:{kind}7d', where)}",
                {"horizon": horizon},
            )
            for kind in ("ratio", "lower", "upper")
        ]
    return rules


def misled() -> str:
    """The best of a suite among those in service is surely not the best for customers."""
    lower, upper = (f"cx:benchmark_practice:{kind}7d" for kind in ("lower", "upper"))
    suite = ("suite", "horizon")
    scored = f"({lower} * 0 + {onto(*_SCORED)} cx:benchmark:score)"
    strata = "cx:strata_difference"
    return (
        f"topk {by(*suite)} (1, {scored})\n"
        f"and {on(*_SCORED, 'horizon')}\n"
        f"  {upper} < {onto(*suite)} max {by(*suite)} ({lower})\n"
        f"and {on('ai_version', 'horizon')}\n"
        f"  {strata}:ratio7d - {Z95} * {strata}:error7d > 0"
    )


def _misled(desk: Desk) -> Alert:
    query = "cx:benchmark_practice:ratio7d{job=%q, suite=%q, horizon=%q} * 100"
    told = top(query, ("ai_version",), "job", "suite", "horizon")
    return desk.alert(
        "OutcomeBenchmarkMisleads",
        misled(),
        severity="ticket",
        signal="outcome",
        team="ai-release",
        summary="AI version {{ $labels.ai_version }} wins {{ $labels.suite }} and loses customers: "
        "another version resolves durably more often",
        description=f"It scores {{{{ $value }}}}. Durable after {{{{ $labels.horizon }}}}, "
        f"in %: {told}".rstrip(),
        concern="version",
        labels=("ai_version", "suite", "horizon"),
        hold="1h",
        examples=desk.failures("7d", "ai_version"),
    )


def speed() -> str:
    """The first claim comes sooner than a week ago, and holds less often."""
    now, before = (
        f"max {by('ai_version')} (cx:time_to_resolution_seconds:p50_{window}"
        '{stage="first_claim"}' + since
        for window, since in (("24h", ")"), ("7d", " offset 1d)"))
    )
    where = f'{_PERIOD}, horizon="24h", ai_version!="none"'
    upper, lower = pick("cx:durable:upper24h", where), pick("cx:durable:lower7d", where)
    return f"{now} < {FASTER} * {before}\nand {on('ai_version')} {upper} < {lower} offset 1d"


def _speed(desk: Desk) -> Alert:
    counted = count("cx_resolution_failures_total", "24h")
    where = 'bound="same_issue", job=%q, ai_version=%q'
    query = f"sum by (intent_group) ({counted}{{{where}}})"
    return desk.alert(
        "OutcomeSpeedOverResolution",
        speed(),
        severity="ticket",
        signal="outcome",
        team="ai-release",
        summary="AI version {{ $labels.ai_version }} calls issues resolved sooner than last week, "
        "and more customers come back within a day",
        description="Median time to the first claim: {{ $value | humanizeDuration }}. "
        f"Most failures in 24h: {top(query, ('intent_group',), 'job', 'ai_version')}".rstrip(),
        concern="version",
        labels=("ai_version",),
        hold="1h",
        examples=desk.failures("24h", "ai_version", horizon="24h"),
    )
