"""What went wrong unseen, and how customers came to people."""

from __future__ import annotations

from monitor.rules.boards.model import Board, Panel, Query, Section, interval
from monitor.rules.boards.outcomes import (
    EACH,
    ESCALATION,
    JOB,
    OURS,
    OVERVIEW,
    SILENT,
    VERSION,
    WINDOW,
)

_FOUND = "cx:silent_failures:count$window"
# What the monitor does not see is no customer's failure; it is on the board of its own health.
_KINDS = f'{OURS}, sf!="SF-20"'
_CUSTOMERS = f'{EACH}, sf!="SF-20"'


def silent_failures(evidence: str) -> Board:
    """Which silent failures there are, and the journeys that prove them."""
    return Board(
        SILENT,
        "Outcomes: silent failures",
        "Customers who were failed while every system looked fine, by kind and certainty.",
        [
            Section("Which, and how many", [_by_kind(), _heaviest(evidence)]),
            Section("Evidence", [_journeys(), _open()]),
            Section("More than usual", _unusual()),
        ],
        [JOB, VERSION, WINDOW],
        links=[("Overview", OVERVIEW), ("Escalation", ESCALATION)],
    )


def _by_kind() -> Panel:
    return Panel(
        "Silent failures by kind",
        "Confirmed and probable findings in the window, retractions taken off.",
        "short",
        [Query(f'sum by (sf) ({_FOUND}{{{_CUSTOMERS}, confidence!="suspected"}}) > 0', "{{sf}}")],
    )


def _heaviest(evidence: str) -> Panel:
    return Panel(
        "Where they are",
        "Kinds, versions and what was at stake, the most frequent first.",
        "short",
        [
            Query(
                "topk(20, sum by (sf, confidence, ai_version, value_band) "
                f"({_FOUND}{{{_CUSTOMERS}}}) > 0)"
            )
        ],
        kind="table",
        columns=("sf", "confidence", "ai_version", "value_band", "found"),
        link=(
            "The journeys that prove it",
            f"{evidence}?sf=${{__data.fields.sf}}&ai_version=${{__data.fields.ai_version}}",
        ),
    )


def _journeys() -> Panel:
    return Panel(
        "Found in the last hour, with journeys",
        "Each dot is the keyed hash of a journey: the findings on the topic cx.findings have the "
        "same, with the conversation and the events that prove it. Follow the dot to there.",
        "short",
        [
            Query(
                "sum by (sf) (increase("
                f'cx_silent_failures_total{{{_CUSTOMERS}, confidence="confirmed"}}[1h]))',
                "{{sf}}",
                exemplars=True,
            )
        ],
    )


def _open() -> Panel:
    return Panel(
        "Findings that stand",
        "Of journeys that are remembered now, by kind.",
        "short",
        [
            Query(
                "sum by (sf) (max without (instance) "
                f"(cx_silent_failures_open{{{_CUSTOMERS}}})) > 0",
                "{{sf}}",
            )
        ],
        stacked=True,
    )


def _unusual() -> list[Panel]:
    return [
        Panel(
            "Seen and expected in an hour",
            "Findings of the last hour, and what the week before makes one expect.",
            "short",
            [
                Query(f"cx:silent_failures:seen1h{{{_KINDS}}} > 0", "{{sf}} seen"),
                Query(f"cx:silent_failures:expected1h{{{_KINDS}}} > 0", "{{sf}} expected"),
            ],
        ),
        Panel(
            "Abandoned, and booked as resolved",
            "Claims of the AI on conversations in which it had left the customer's matter open.",
            "percentunit",
            interval("abandoned_as_resolved", EACH, "{{ai_version}}"),
        ),
    ]


def escalation() -> Board:
    """Whether people were called when they should be, and came."""
    return Board(
        ESCALATION,
        "Outcomes: escalation and handoffs",
        "Whether customers reached people when they needed to, and only then.",
        [
            Section("Called when needed", _called()),
            Section("And they came", _came()),
            Section("People correct the AI", _corrected()),
        ],
        [JOB, VERSION, WINDOW],
        links=[("Overview", OVERVIEW), ("Silent failures", SILENT)],
    )


def _called() -> list[Panel]:
    verdicts = f'cx:handoff_verdict:count$window{{{EACH}, kind="ai_human"}}'
    return [
        Panel(
            "Precision of escalation",
            "Of the handoffs judged, those that were needed or asked for.",
            "percentunit",
            interval("escalation_precision", EACH, "{{ai_version}}"),
            top=1,
        ),
        Panel(
            "Recall of escalation",
            "Of the handoffs that were needed, those that were made. What was missed is learned "
            "late, so the last days look too good.",
            "percentunit",
            interval("escalation_recall", OURS, "recall"),
            top=1,
        ),
        Panel(
            "Verdicts on handoffs",
            "Whether they were needed, requested, unnecessary or cannot be told.",
            "short",
            [Query(f"sum by (verdict) ({verdicts})", "{{verdict}}")],
            stacked=True,
        ),
        Panel(
            "Missed escalations",
            "By how it was learned that a person should have been called.",
            "short",
            [Query(f"sum by (why) (cx:missed_escalations:count$window{{{OURS}}})", "{{why}}")],
            stacked=True,
        ),
    ]


def _came() -> list[Panel]:
    ended = f'cx:handoff_terminal:count$window{{{EACH}, kind="ai_human"}}'
    waited = f'cx:handoff_wait_seconds:p90_7d{{{OURS}, clock="wall"}}'
    return [
        Panel(
            "How handoffs ended",
            "Served in time, late, or not at all.",
            "short",
            [Query(f"sum by (outcome) ({ended})", "{{outcome}}")],
            stacked=True,
        ),
        Panel(
            "Served in time",
            "Of the handoffs to people that ended, those that were served within the objective.",
            "percentunit",
            interval("handoff_served", EACH, "{{ai_version}}"),
            top=1,
        ),
        Panel(
            "Wait for a person, 90 of 100",
            "From the request to the first message of a person, of those who were served; within "
            "business hours or not.",
            "s",
            [Query(waited, "within hours: {{within_hours}}")],
        ),
        Panel(
            "Sent to the wrong desk",
            "Of the handoffs that were served, those that reached somebody who could not help.",
            "percentunit",
            interval("misrouted", OURS, "misrouted"),
        ),
    ]


def _corrected() -> list[Panel]:
    return [
        Panel(
            "People take over",
            "Per conversation with the AI: a person spoke while the AI had the conversation.",
            "percentunit",
            interval("takeover", EACH, "{{ai_version}}"),
        ),
        Panel(
            "People do it again",
            "Per conversation with the AI: what it did or claimed was undone or done again.",
            "percentunit",
            interval("correction", EACH, "{{ai_version}}"),
        ),
    ]
