"""Winning on paper, losing in practice; and durability with the mix of work held equal.

``cx:paper:ratio7d``          claims by the AI, of the conversations it took part in
``cx:practice:ratio7d``       the same less what customers had left, times how much of it holds
``cx:paper_gap:ratio7d``      the difference: what the claims promise and customers do not get
``cx:durable_standard:ratio7d``  durability if every version had the same mix of intents, with
``cx:durable_standard:coverage7d``, the share of that mix in which the version has been seen

The mix is the one of the SLO file; without one, that of all AI versions together in the window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.rules import formulas as f
from monitor.rules.durability import WIDTH, enough_seen, grid, guarded, hazard_of, series
from monitor.rules.model import Group, Record
from monitor.rules.promql import by, on, onto, pick, total
from monitor.rules.totals import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WINDOW = "7d"
COVERAGE_MIN = 0.8
STRATUM_MIN = 30
MIX = "cx:reference_mix:ratio"
_CLAIMED = pick(count("cx_resolutions_claimed_total", WINDOW), 'by="ai"')
_SEEN = "cx:stratum_claims"
_CELL = ("ai_version", "intent_group")


def groups(ages: Sequence[str], horizons: Sequence[str], mix: Mapping[str, float]) -> list[Group]:
    """Both, over a week."""
    return [
        Group("cx-paper-and-practice", _gap(), "1m"),
        Group("cx-durable-standard", _standard(ages, horizons, mix), "1m"),
    ]


def _gap() -> list[Record]:
    involved = f"({total(count('cx_ai_involved_total', WINDOW), 'ai_version')} > 0)"
    claimed = total(_CLAIMED, "ai_version")
    left = total(count("cx_abandoned_as_resolved_total", WINDOW), "ai_version")
    durable = pick(series("ratio", WINDOW), 'bound="same_issue", estimator="period"')
    kept = f"clamp_min(({claimed} - ({left} or 0 * {claimed})) / {involved}, 0)"
    return [
        Record("cx:paper:ratio7d", f"{claimed} / {involved}"),
        Record("cx:practice:ratio7d", f"{durable}\n* {on('ai_version')} group_left () {kept}"),
        Record(
            "cx:paper_gap:ratio7d",
            f"-(cx:practice:ratio7d - {on('ai_version')} group_left () cx:paper:ratio7d)",
        ),
    ]


def _standard(
    ages: Sequence[str], horizons: Sequence[str], mix: Mapping[str, float]
) -> list[Record]:
    where = 'bound="same_issue", ai_version!="none"'
    exposure, failures = (
        pick(count(f"cx_resolution_{name}_total", WINDOW), where)
        for name in ("exposure_seconds", "failures")
    )
    e, d = "cx:stratum_exposure_seconds:sum7d", "cx:stratum_failures:sum7d"
    return [
        *_mix(mix),
        Record(e, grid(exposure, _CELL, ages)),
        Record(d, f"{total(failures, *_CELL, 'age')}\nor 0 * {e}"),
        *enough_seen(_SEEN, WINDOW, e, d, ages),
        *(
            Record("cx:durable_stratum:ratio7d", _stratum(e, d, horizon), {"horizon": horizon})
            for horizon in horizons
        ),
        Record("cx:durable_standard:coverage7d", _weighed(None)),
        Record(
            "cx:durable_standard:ratio7d",
            f"{_weighed('cx:durable_stratum:ratio7d')}\n"
            f"/ (cx:durable_standard:coverage7d >= {COVERAGE_MIN})",
        ),
    ]


def _stratum(exposure: str, failures: str, horizon: str) -> str:
    width = pick(WIDTH, f'horizon="{horizon}"')
    hazard = guarded(
        hazard_of(failures, exposure, width, _CELL), f"{_SEEN}_enough:sum{WINDOW}", width, _CELL
    )
    many = f"{total(_CLAIMED, *_CELL)} >= {STRATUM_MIN}"
    return f"{f.SURVIVAL.of(hazard=f'({hazard})')}\nand {on(*_CELL)} {many}"


def _weighed(ratio: str | None) -> str:
    value = ratio or "(0 * cx:durable_stratum:ratio7d + 1)"
    return f"sum {by('ai_version', 'horizon')} ({value} * {onto('intent_group')} {MIX})"


def _mix(mix: Mapping[str, float]) -> list[Record]:
    if mix:
        deployments = f"0 * group {by()} ({WIDTH})"
        return [
            Record(MIX, f"{deployments} + {share}", {"intent_group": group})
            for group, share in mix.items()
        ]
    claims = total(pick(_CLAIMED[:-1] + ', ai_version!="none"}'), "intent_group")
    return [Record(MIX, f"{claims}\n/ {onto()} ({total(claims)} > 0)")]
