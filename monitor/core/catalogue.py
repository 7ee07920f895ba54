"""Every outcome metric: its name, its labels, its meaning. The only place that lists them.

Names and labels are those of the domain's law (docs/metrics.md is written from this table).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from monitor.core.moments import DAY, HOUR, MINUTE

# From a minute, at which a customer still watches the screen, to the longest horizon.
_WAITS = (
    *(MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR),
    *(DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY),
)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family.

    ``unit`` says what is counted: things, or microseconds, which are shown as seconds.
    A histogram has the upper edges of its ``buckets``, in that unit and rising; what lies above
    the last of them is in a bucket without an edge.
    """

    name: str
    labels: tuple[str, ...]
    help: str
    kind: Literal["counter", "gauge", "histogram"] = "counter"
    buckets: tuple[int, ...] = ()
    unit: Literal["", "seconds"] = ""


_TABLE = (
    Metric("cx_events_total", ("topic", "type", "result"), "Events by what became of them."),
    Metric("cx_dead_letters_total", ("topic", "reason"), "Records that could not be read."),
    Metric("cx_clock_skewed_total", ("topic",), "Events dated later than they arrived."),
    Metric(
        "cx_state_bounds_total",
        ("bound",),
        "Times that a bound on memory was reached and something had to go.",
    ),
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
        "cx_ai_involved_retractions_total",
        ("channel", "intent_group", "origin", "ai_version"),
        "The same, of conversations found to be spam.",
    ),
    Metric(
        "cx_identified_conversations_total",
        ("channel",),
        "Conversations whose customer is known; the rest cannot be followed.",
    ),
    Metric(
        "cx_identified_conversations_retractions_total",
        ("channel",),
        "The same, of conversations found to be spam.",
    ),
    Metric("cx_journeys_total", (), "Journeys begun."),
    Metric(
        "cx_identity_links_total",
        ("assurance",),
        "Links by which two references became one customer.",
    ),
    Metric(
        "cx_identity_late_links_total",
        (),
        "Links at which conversations were remembered that had to move.",
    ),
    Metric(
        "cx_resolutions_claimed_total",
        ("by", "basis", "ai_version", "intent_group"),
        "Claims of resolution, one for each issue.",
    ),
    Metric(
        "cx_abandoned_as_resolved_total",
        ("ai_version", "intent_group"),
        "Conversations in which the AI had the last word, a question or an error, and that were "
        "booked as resolved (SF-03).",
    ),
    Metric(
        "cx_abandoned_as_resolved_retractions_total",
        ("ai_version", "intent_group"),
        "The same, where the customer turned out to have answered.",
    ),
    Metric(
        "cx_resolution_exposure_seconds_total",
        ("bound", "age", "ai_version", "intent_group"),
        "Seconds that claims have been on trial, by their age.",
    ),
    Metric(
        "cx_resolution_failures_total",
        ("bound", "age", "ai_version", "intent_group"),
        "Claims that did not hold, by their age when the customer was back.",
    ),
    Metric(
        "cx_resolution_failures_retractions_total",
        ("bound", "age", "ai_version", "intent_group"),
        "Failures that were none, under the labels by which they were counted.",
    ),
    Metric(
        "cx_resolution_failure_causes_total",
        ("cause", "match", "age"),
        "Claims that did not hold, by cause.",
    ),
    Metric(
        "cx_resolution_failure_causes_retractions_total",
        ("cause", "match", "age"),
        "Failures that were none, by the cause that was counted.",
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
        ("bound", "age", "ai_version"),
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
    Metric(
        "cx_handoff_verdict_retractions_total",
        ("kind", "verdict", "reason_code", "ai_version"),
        "Verdicts of what was seen that people of record overruled.",
    ),
    Metric(
        "cx_handoff_wait_seconds",
        ("within_hours", "clock"),
        "From the request to the service that ended the handoff, on the wall clock and, where a "
        "calendar applies, in business hours.",
        kind="histogram",
        buckets=_WAITS,
        unit="seconds",
    ),
    Metric(
        "cx_missed_escalations_total",
        ("why", "age"),
        "Escalations that were called for and not made, by how late that was known.",
    ),
    Metric(
        "cx_missed_escalations_retractions_total",
        ("why", "age"),
        "Missed escalations that were made after all.",
    ),
    Metric(
        "cx_misroutes_total",
        ("kind", "from_role", "to_role"),
        "Handoffs that reached somebody who could not help (SF-07).",
    ),
    Metric(
        "cx_misroutes_retractions_total",
        ("kind", "from_role", "to_role"),
        "The same, where it turned out that somebody had helped.",
    ),
    Metric("cx_transfers_total", ("kind",), "Times that a customer was passed on."),
    Metric(
        "cx_ai_takeovers_total",
        ("initiator", "ai_version"),
        "Times that a human stepped in, or policy made the AI step aside.",
    ),
    Metric(
        "cx_ai_actions_total",
        ("kind", "result", "ai_version"),
        "Actions of the AI, by what the ledger knew of them in time, and those reversed later.",
    ),
    Metric(
        "cx_ai_corrections_total",
        ("what", "ai_version"),
        "Times that people had to undo, correct or do again what the AI did or claimed.",
    ),
    Metric(
        "cx_suggestions_total",
        ("state", "ai_version"),
        "Suggestions shown to human agents, by what became of them.",
    ),
    Metric("cx_surveys_total", ("scale", "band", "path"), "Ratings, by who had served."),
    Metric(
        "cx_judge_verdicts_total",
        ("judge_version", "verdict"),
        "What evaluators say, people and models; it decides nothing.",
    ),
    Metric(
        "cx_commitments_total",
        ("kind", "made_by", "outcome"),
        "Promises that have come due, by whether they were kept.",
    ),
    Metric(
        "cx_commitments_retractions_total",
        ("kind", "made_by", "outcome"),
        "Promises that were counted as broken and had been kept or withdrawn.",
    ),
    Metric(
        "cx_commitments_overdue",
        ("kind", "value_band"),
        "Promises whose time has passed, and that are neither kept nor withdrawn.",
        kind="gauge",
    ),
    Metric(
        "cx_time_to_resolution_seconds",
        ("stage", "ai_version"),
        "From a journey's first customer message to a claim: the first, and one that held.",
        kind="histogram",
        buckets=_WAITS,
        unit="seconds",
    ),
    Metric(
        "cx_journey_contacts",
        ("at", "outcome"),
        "Contacts that a journey took.",
        kind="histogram",
        buckets=(1, 2, 3, 4, 5, 7, 10),
    ),
    Metric(
        "cx_journey_channels",
        ("at", "outcome"),
        "Channels that a journey led over.",
        kind="histogram",
        buckets=(1, 2, 3, 4),
    ),
    Metric(
        "cx_journey_transfers",
        ("at", "outcome"),
        "Times that a journey was passed on to another desk or agent.",
        kind="histogram",
        buckets=(0, 1, 2, 3, 5),
    ),
    Metric(
        "cx_journey_customer_messages",
        ("at", "outcome"),
        "Messages that the customer had to write in a journey.",
        kind="histogram",
        buckets=(0, 1, 2, 3, 5, 8, 13, 21, 34),
    ),
    Metric(
        "cx_journey_repeated_requests",
        ("at", "outcome"),
        "Times that the customer was asked for what was known already.",
        kind="histogram",
        buckets=(0, 1, 2, 3, 5),
    ),
    Metric(
        "cx_journey_wait_seconds",
        ("at", "outcome"),
        "How long the customer waited in a journey, for whomever.",
        kind="histogram",
        buckets=_WAITS,
        unit="seconds",
    ),
    Metric(
        "cx_journey_owner_seconds_total",
        ("owner", "outcome"),
        "On whom ended journeys waited: ai, human, company (nobody in particular), customer.",
        unit="seconds",
    ),
    Metric(
        "cx_silent_failures_total",
        ("sf", "confidence", "ai_version", "value_band"),
        "Silent failures found.",
    ),
    Metric(
        "cx_silent_failures_retractions_total",
        ("sf", "confidence", "ai_version", "value_band"),
        "Silent failures that later evidence overturned.",
    ),
    Metric(
        "cx_silent_failures_open",
        ("sf", "confidence", "ai_version", "value_band"),
        "Silent failures that stand, of journeys that are remembered.",
        kind="gauge",
    ),
    Metric(
        "cx_monitor_blind",
        ("signal",),
        "Signals that cannot be trusted now, because their source is not seen (SF-20).",
        kind="gauge",
    ),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _TABLE}
