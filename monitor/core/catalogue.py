"""Every outcome metric: its name, its labels, its meaning. The only place that lists them.

Names and labels are those of the domain's law (docs/metrics.md is written from this table).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family."""

    name: str
    labels: tuple[str, ...]
    help: str
    kind: Literal["counter", "gauge"] = "counter"


_TABLE = (
    Metric("cx_events_total", ("topic", "type", "result"), "Events by what became of them."),
    Metric("cx_dead_letters_total", ("topic", "reason"), "Records that could not be read."),
    Metric("cx_clock_skewed_total", ("topic",), "Events dated later than they arrived."),
    Metric(
        "cx_conversations_total",
        ("channel", "intent_group", "origin", "ai_version"),
        "Conversations started, test traffic left out.",
    ),
    Metric(
        "cx_conversations_retractions_total",
        ("channel", "intent_group", "origin", "ai_version"),
        "Conversations found to be spam.",
    ),
    Metric(
        "cx_ai_involved_total",
        ("channel", "intent_group", "origin", "ai_version"),
        "Conversations in which the AI gave an answer or asked for a handoff.",
    ),
    Metric(
        "cx_identified_conversations_total",
        ("channel",),
        "Conversations whose customer is known; the rest cannot be followed.",
    ),
    Metric("cx_journeys_total", (), "Journeys begun."),
    Metric(
        "cx_resolutions_claimed_total",
        ("by", "basis", "ai_version", "intent_group"),
        "Claims of resolution, one for each issue.",
    ),
    Metric(
        "cx_resolution_exposure_seconds_total",
        ("bound", "age", "ai_version", "intent_group"),
        "Seconds that claims have been on trial, by their age.",
    ),
    Metric(
        "cx_resolution_failures_total",
        ("bound", "age", "match", "ai_version", "intent_group"),
        "Claims that did not hold, by their age when the customer was back.",
    ),
    Metric(
        "cx_resolution_failure_causes_total",
        ("cause", "match", "age"),
        "Claims that did not hold, by cause.",
    ),
    Metric(
        "cx_resolutions_matured_total",
        ("bound", "horizon", "result", "ai_version", "intent_group"),
        "Claims that have reached a horizon, by whether they had held until then.",
    ),
    Metric(
        "cx_resolution_censored_total",
        ("reason",),
        "Claims whose trial ended without a verdict.",
    ),
    Metric(
        "cx_resolutions_at_risk",
        ("bound", "age", "ai_version", "intent_group"),
        "Claims on trial now, by their age.",
        kind="gauge",
    ),
    Metric(
        "cx_post_close_acks_total",
        ("kind",),
        "Thanks and acknowledgements after a claim, which do not undo it.",
    ),
    Metric("cx_mistaken_reopens_total", (), "Reopenings by staff that were undone at once."),
    Metric(
        "cx_handoffs_total",
        ("kind", "requested_by", "reason_code", "ai_version"),
        "Handoffs requested.",
    ),
    Metric(
        "cx_handoff_terminal_total",
        ("kind", "outcome", "within_hours", "ai_version"),
        "Handoffs by how they ended.",
    ),
    Metric(
        "cx_handoff_verdict_total",
        ("kind", "verdict", "reason_code", "ai_version"),
        "Handoffs by whether they were needed.",
    ),
    Metric("cx_misroutes_total", ("kind",), "Handoffs that reached somebody who could not help."),
    Metric(
        "cx_commitments_total",
        ("kind", "made_by", "outcome"),
        "Promises that have come due, by whether they were kept.",
    ),
    Metric(
        "cx_silent_failures_total",
        ("sf", "confidence", "ai_version"),
        "Silent failures found.",
    ),
    Metric(
        "cx_silent_failures_retractions_total",
        ("sf", "confidence", "ai_version"),
        "Silent failures that later evidence overturned.",
    ),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _TABLE}
