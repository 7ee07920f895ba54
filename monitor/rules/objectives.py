"""Objectives: how fast their budgets burn, and who is told.

An alert asks for three things at once. Size: the share of bad outcomes, over a long and a short
window, above a threshold that can be reached. Significance: its Wilson bound, at three standard
deviations, above the budget. And a minimum of outcomes. One number cannot ask all of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.rules import formulas as f
from monitor.rules.indicators import INDICATORS, bad
from monitor.rules.links import examples, number, top
from monitor.rules.model import Alert, Group, Record
from monitor.rules.promql import on, pick

if TYPE_CHECKING:
    from monitor.rules.links import Desk
    from monitor.rules.slo import Objective

N_MIN = 15
BAD_MIN = 5
"""Where little is allowed, two or three bad outcomes would do, and come by chance."""


@dataclass(frozen=True, slots=True)
class Tier:
    """One speed of burning."""

    alert: str
    factor: float
    share: float
    long: str
    short: str
    hold: str
    page: bool


TIERS = (
    Tier("OutcomeBurnFast", 14.4, 0.30, "1h", "10m", "2m", page=True),
    Tier("OutcomeBurnSlow", 6, 0.10, "6h", "1h", "15m", page=True),
    Tier("OutcomeBudgetOverspent", 1, 0.0, "3d", "6h", "1h", page=False),
)
"""Factors and windows of the SRE workbook; the shares make them reachable."""
KIND = {
    "silent_failure": "SF-.*",
    "promise_kept": "SF-09",
    "action_confirmed": "SF-08",
    "handoff_served": "SF-05",
}
"""The silent failures that are examples of what was not kept."""
WINDOWS = ("10m", "1h", "6h", "3d", "7d", "30d")


def groups(objectives: tuple[Objective, ...], desk: Desk) -> list[Group]:
    """What is measured, over each window, and the alerts."""
    targets = [
        Record("cx:slo_objective:ratio", f"vector({one.objective:g})", {"slo": one.indicator})
        for one in objectives
    ]
    return [
        Group("cx-slo-objectives", targets, "1m"),
        *(Group(f"cx-slo-{window}", _measured(objectives, window), "1m") for window in WINDOWS),
        Group("cx-slo-budgets", [_budget(one) for one in objectives], "1m"),
        Group(
            "cx-slo-alerts", [_alert(one, tier, desk) for one in objectives for tier in TIERS], "1m"
        ),
    ]


def slo(kind: str, window: str, objective: Objective) -> str:
    """A recorded series of one objective."""
    return pick(f"cx:slo_{kind}{window}", f'slo="{objective.indicator}"')


def _measured(objectives: tuple[Objective, ...], window: str) -> list[Record]:
    n, share = f"cx:slo_total:count{window}", f"cx:slo_bad:ratio{window}"
    rules = []
    for one in objectives:
        share_of, labels = INDICATORS[one.indicator], {"slo": one.indicator}
        rules += [
            Record(f"cx:slo_bad:count{window}", bad(share_of, window, one.labels), labels),
            Record(n, share_of.whole_over(window, *one.labels), labels),
        ]
    return [
        *rules,
        Record(share, f"clamp_max(cx:slo_bad:count{window} / ({n} > 0), 1)"),
        Record(f"cx:slo_bad:lower{window}", f.WILSON_LOWER.of(p=share, n=f"({n} > 0)")),
        Record(f"cx:slo_bad:upper{window}", f.WILSON_UPPER.of(p=share, n=f"({n} > 0)")),
        Record(f"cx:slo_bad:sure{window}", f.WILSON_LOWER_Z3.of(p=share, n=f"({n} > 0)")),
    ]


def _budget(one: Objective) -> Record:
    budget = 1 - one.objective
    return Record(
        "cx:slo_budget_left:ratio",
        f"1 - {slo('bad:ratio', one.window, one)} / {budget:g}",
        {"slo": one.indicator, "window": one.window},
    )


def burning(one: Objective, tier: Tier) -> str:
    """When an objective's budget burns at the speed of a tier."""
    threshold = f.reachable(one.objective, tier.factor, tier.share)
    return (
        f"{slo('bad:ratio', tier.long, one)} > {threshold:g}\n"
        f"and {slo('bad:sure', tier.long, one)} > {1 - one.objective:g}\n"
        f"and {slo('total:count', tier.long, one)} >= {N_MIN}\n"
        f"and {slo('bad:count', tier.long, one)} >= {BAD_MIN}\n"
        f"and {slo('bad:ratio', tier.short, one)} > {threshold:g}"
    )


def _alert(one: Objective, tier: Tier, desk: Desk) -> Alert:
    where = ", ".join(f"{{{{ $labels.{label} }}}}" for label in one.labels)
    return desk.alert(
        tier.alert,
        burning(one, tier),
        severity=one.severity if tier.page else "ticket",
        signal="outcome",
        team=one.team,
        summary=f"{one.says}{f' ({where})' if where else ''}: "
        f"{{{{ $value | humanizePercentage }}}} in {tier.long}, "
        f"{100 * (1 - one.objective):.4g}% is agreed",
        description=_description(one, tier.long),
        concern="outcome",
        labels=one.labels,
        hold=tier.hold,
        fixed={"slo": one.indicator},
        examples=_examples(one, tier.long, desk),
    )


def _examples(one: Objective, window: str, desk: Desk) -> str:
    """Where customers are to be found who did not get what was promised, if that is counted."""
    known, _, horizon = one.indicator.partition("durability_")
    if not known:
        return desk.failures(window, *one.labels, horizon=horizon)
    if one.indicator not in KIND or not {"ai_version"}.issuperset(one.labels):
        return ""
    where = f'sf=~"{KIND[one.indicator]}", confidence="confirmed"'
    return examples("cx_silent_failures_total", where, window, *one.labels)


def _description(one: Objective, window: str) -> str:
    """The numbers, and where most of what was bad came from."""
    share, own = INDICATORS[one.indicator], ("job", *one.labels)
    same = ", ".join((f'slo="{one.indicator}"', *(f"{label}=%q" for label in own)))
    counted, judged = (
        number(f"cx:slo_{what}:count{window}{{{same}}}", *own) for what in ("bad", "total")
    )
    offenders = ""
    if share.labels:
        ours = f"and {on(*one.labels)} cx:slo_bad:count{window}{{{same}}}"
        worst = bad(share, window, share.labels).replace("\n", " ")
        offenders = f" Most of them: {top(f'{worst} {ours}', share.labels, *own)}"
    return f"{counted} of {judged} outcomes were bad.{offenders}".rstrip()
