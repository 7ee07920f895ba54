"""The report on a log: what was claimed, and what held. JSON-ready, the same for the same log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.core.estimate import Interval, durability
from monitor.core.lengths import spell
from monitor.core.reading import AT_RISK, Reading, by, total
from monitor.core.trials import BOUNDS

if TYPE_CHECKING:
    from monitor.core.policy import Policy

REPORT_VERSION = 1
EFFORT = (
    *("contacts", "channels", "transfers"),
    *("customer_messages", "repeated_requests", "wait_seconds"),
)
"""What the effort of a journey is measured in."""


def report(reading: Reading, policy: Policy) -> dict[str, Any]:
    """Everything the report says, from totals alone."""
    return {
        "report_version": REPORT_VERSION,
        "policy_version": policy.label,
        "events": by(reading, "cx_events_total", 0, 1, 2),
        "dead_letters": by(reading, "cx_dead_letters_total", 1),
        "conversations": by(reading, "cx_conversations_total", 0),
        "ai_involved": total(reading, "cx_ai_involved_total"),
        "identified": total(reading, "cx_identified_conversations_total"),
        "journeys": total(reading, "cx_journeys_total"),
        "claims": by(reading, "cx_resolutions_claimed_total", 0, 1),
        "failures": by(reading, "cx_resolution_failure_causes_total", 0, 1, 2),
        "failures_retracted": by(
            reading, "cx_resolution_failure_causes_retractions_total", 0, 1, 2
        ),
        "mistaken_reopens": total(reading, "cx_mistaken_reopens_total"),
        "censored": by(reading, "cx_resolution_censored_total", 0),
        "durability": _durability(reading, policy, None),
        "durability_by_ai_version": {
            version: _durability(reading, policy, version) for version in _versions(reading)
        },
        "handoffs": {
            "requested": by(reading, "cx_handoffs_total", 0),
            "terminal": by(reading, "cx_handoff_terminal_total", 1),
            "verdict": by(reading, "cx_handoff_verdict_total", 1),
            "misrouted": total(reading, "cx_misroutes_total"),
        },
        "commitments": by(reading, "cx_commitments_total", 2),
        "effort": _effort(reading),
        "owner_seconds": by(reading, "cx_journey_owner_seconds_total", 0),
        "time_to_resolution": {
            stage: {"claims": n, "seconds": mean}
            for stage, (n, mean) in means(reading, "cx_time_to_resolution_seconds", 0).items()
        },
        "findings": by(reading, "cx_silent_failures_total", 0, 1),
        "findings_retracted": by(reading, "cx_silent_failures_retractions_total", 0, 1),
    }


def _effort(reading: Reading) -> dict[str, Any]:
    """What a journey took on average, by checkpoint and outcome, and how many are that old."""
    effort: dict[str, Any] = {}
    for name in EFFORT:
        for key, (n, mean) in means(reading, f"cx_journey_{name}", 0, 1).items():
            effort.setdefault(key, {"journeys": n})[name] = mean
    return effort


def means(reading: Reading, name: str, *positions: int) -> dict[str, tuple[float, float]]:
    """How many values a histogram has, and their mean, by some of its labels."""
    sums = by(reading, f"{name}_sum", *positions)
    counts = by(reading, f"{name}_count", *positions)
    return {key: (n, round(sums[key] / n, 6)) for key, n in counts.items()}


def _versions(reading: Reading) -> list[str]:
    return sorted({labels[2] for labels in reading.get(AT_RISK, {})})


def _durability(reading: Reading, policy: Policy, version: str | None) -> dict[str, Any]:
    return {
        bound: {
            spell(horizon): _at(reading, policy, horizon, bound, version)
            for horizon in policy.horizons
        }
        for bound in BOUNDS
    }


def _at(
    reading: Reading, policy: Policy, horizon: int, bound: str, version: str | None
) -> dict[str, Any]:
    interval = durability(reading, policy, horizon, bound, version)
    matured = _matured(reading, bound, spell(horizon), version)
    return _numbers(interval) | {
        "at_risk": matured["durable"],
        "matured_durable": matured["durable"],
        "matured_failed": matured["failed"],
    }


def _matured(reading: Reading, bound: str, horizon: str, version: str | None) -> dict[str, float]:
    return {
        result: total(
            reading,
            "cx_resolutions_matured_total",
            lambda labels, result=result: (  # type: ignore[misc]  # the loop's own value
                labels[:3] == (bound, horizon, result) and version in (None, labels[3])
            ),
        )
        for result in ("durable", "failed")
    }


def _numbers(interval: Interval | None) -> dict[str, Any]:
    if interval is None:
        return {"durable": None, "lower95": None, "upper95": None}
    return {
        "durable": round(interval.value, 6),
        "lower95": round(interval.lower, 6),
        "upper95": round(interval.upper, 6),
    }
