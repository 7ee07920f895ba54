"""For each alert: a story in which it fires, with what people read, and one without it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rules.story import Story

    Case = Callable[[], Story]

FIRING: dict[str, list[Case]] = defaultdict(list)
QUIET: dict[str, list[Case]] = defaultdict(list)

JOB = "outcome-monitor"
PLACES = {
    "outcome": "outcome-overview",
    "version": "outcome-versions",
    "silent": "outcome-silent-failures",
    "blind": "outcome-pipeline",
}
_FAILED = (
    'cx_resolution_failures_total{{job="outcome-monitor", ai_version="{ai_version}", '
    'bound="same_issue", age=~"1h|6h|24h"}}'
)
_SILENT = 'cx_silent_failures_total{{job="outcome-monitor", sf="{sf}", confidence='
EXAMPLES = {
    "OutcomeSilentFailure": _SILENT + '"confirmed"}}[15m]',
    "OutcomeSilentFailureSpike": _SILENT + '"{confidence}"}}[1h]',
    "OutcomeBurnFast": _FAILED + "[1h]",
    "OutcomeBurnSlow": _FAILED + "[6h]",
    "OutcomeBudgetOverspent": _FAILED + "[3d]",
    "OutcomeVersionWorse": _FAILED + "[7d]",
    "OutcomeVersionWorseWithinIntents": _FAILED + "[7d]",
    "OutcomeBenchmarkMisleads": _FAILED + "[7d]",
    "OutcomeSpeedOverResolution": _FAILED + "[24h]",
}


def firing(alert: str) -> Callable[[Case], Case]:
    """Register a story in which an alert fires."""
    return _register(FIRING, alert)


def quiet(alert: str) -> Callable[[Case], Case]:
    """Register a story in which an alert does not fire although one could think it should."""
    return _register(QUIET, alert)


def _register(cases: dict[str, list[Case]], alert: str) -> Callable[[Case], Case]:
    def keep(case: Case) -> Case:
        cases[alert].append(case)
        return case

    return keep


def told(  # noqa: PLR0913  # as many as a message has parts
    alert: str,
    concern: str,
    severity: str,
    signal: str,
    team: str,
    summary: str,
    description: str,
    **labels: str,
) -> tuple[dict[str, str], dict[str, str]]:
    """Everything that the people who are told of an alert read."""
    own = {key: value for key, value in labels.items() if key not in ("job", "slo")}
    query = "&".join(f"{key}={quote_plus(value)}" for key, value in own.items())
    place = f"https://grafana.example.com/d/{PLACES[concern]}"
    runbook = f"https://runbooks.example.com/outcome-monitor/{alert}.md"
    texts = {
        "summary": summary,
        "description": description,
        "runbook_url": runbook,
        "dashboard": place + ("?var-" + query.replace("&", "&var-") if query else ""),
    }
    if concern != "blind":
        evidence = "https://evidence.example.com/findings"
        texts["evidence"] = evidence + (f"?{query}" if query else "")
        texts["exemplars"] = EXAMPLES[alert].format(**labels)
    return {"severity": severity, "signal": signal, "team": team, **labels}, texts
