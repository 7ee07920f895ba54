"""What it costs customers, and whether the monitor itself is well."""

from __future__ import annotations

from monitor.rules.boards.model import Board, Panel, Query, Section, Variable, bounded, interval
from monitor.rules.boards.outcomes import EFFORT, JOB, OURS, OVERVIEW, PIPELINE, WINDOW

_INSTANCE = Variable("instance", "Worker", 'label_values(cx_events_total{job=~"$job"}, instance)')
_SCRAPED = 'job=~"$job", instance=~"$instance"'
_FEWEST = f"bottomk(5, cx:action_confirmed:ratio$window{{{OURS}}})"
_PARTS = (
    ("contacts", "Contacts", "short"),
    ("customer_messages", "Messages that the customer wrote", "short"),
    ("transfers", "Times passed on", "short"),
    ("repeated_requests", "Asked again for what was known", "short"),
    ("channels", "Channels", "short"),
    ("wait_seconds", "Wait, for whomever", "s"),
)


def effort() -> Board:
    """What a journey cost its customer."""
    return Board(
        EFFORT,
        "Outcomes: customer effort",
        "What journeys cost their customers, by what became of them.",
        [
            Section("Of 100 journeys, the 90th", [_part(*part) for part in _PARTS]),
            Section("What was promised and done", _kept()),
        ],
        [JOB, WINDOW],
        links=[("Overview", OVERVIEW)],
    )


def _part(name: str, title: str, unit: str) -> Panel:
    series = f'cx:journey_{name}:p90_7d{{{OURS}, at="7d"}}'
    return Panel(
        title,
        "Nine of ten journeys that became a week old in the last 7 days took no more. An estimate "
        "where the histogram's bucket is wide; absent under 20 journeys.",
        unit,
        [Query(series, "{{outcome}}")],
        width=8,
    )


def _of_these(bound: str) -> str:
    return f"cx:action_confirmed:{bound}$window{{{OURS}}} and {_FEWEST}"


def _kept() -> list[Panel]:
    return [
        Panel(
            "Promises kept",
            "Of the promises that came due, those kept in time.",
            "percentunit",
            interval("promise_kept", OURS, "{{kind}} by {{made_by}}"),
            top=1,
        ),
        Panel(
            "Actions confirmed",
            "Of the actions of which customers were told, those that the ledger knows; the five "
            "kinds and versions of which it knows the fewest.",
            "percentunit",
            bounded(_FEWEST, _of_these("lower"), _of_these("upper"), "{{kind}} {{ai_version}}"),
            top=1,
        ),
        Panel(
            "Promises overdue now",
            "Their time has passed, and they are neither kept nor withdrawn.",
            "short",
            [
                Query(
                    "sum by (kind, value_band) (max without (instance) "
                    f"(cx_commitments_overdue{{{OURS}}}))",
                    "{{kind}}, {{value_band}}",
                )
            ],
        ),
        Panel(
            "Suggestions that people took",
            "Of the suggestions shown to agents, those used as they were or with small changes.",
            "percentunit",
            interval("suggestion_accepted", OURS, "{{ai_version}}"),
            top=1,
        ),
    ]


def pipeline() -> Board:
    """Whether the monitor sees everything, for whoever is on call."""
    return Board(
        PIPELINE,
        "Outcomes: pipeline health",
        "Whether the monitor sees everything. While it does not, believe no other dashboard.",
        [Section("Now", _now()), Section("Input", _input()), Section("Workers", _workers())],
        [JOB, _INSTANCE],
        span="now-6h",
        links=[("Overview", OVERVIEW)],
    )


def _now() -> list[Panel]:
    owned = f"count(count by (partition) (cx_monitor_watermark_timestamp_seconds{{{OURS}}}))"
    numbers = (
        ("Partitions owned", "By any worker.", "short", owned),
        (
            "Partitions in all",
            "Of each topic, as the workers are set up.",
            "short",
            f"max(cx_monitor_partitions{{{OURS}}})",
        ),
        (
            "Oldest unread record",
            "How long a record has waited to be read, at most.",
            "s",
            f"max(cx_monitor_lag_seconds{{{OURS}}})",
        ),
        (
            "Event time is behind by",
            "Of the partition that is furthest behind. A silent partition moves on by heartbeats.",
            "s",
            f"time() - min(cx_monitor_watermark_timestamp_seconds{{{OURS}}} > 0)",
        ),
    )
    return [
        Panel(title, says, unit, [Query(expr)], kind="stat", width=6, height=4)
        for title, says, unit, expr in numbers
    ]


def _input() -> list[Panel]:
    rate = "$__rate_interval"
    return [
        Panel(
            "Events",
            "Records by what became of them, per second.",
            "cps",
            [
                Query(
                    f"sum by (topic, result) (rate(cx_events_total{{{_SCRAPED}}}[{rate}])) > 0",
                    "{{topic}} {{result}}",
                )
            ],
        ),
        Panel(
            "Lag",
            "How long the oldest unread record of a topic has waited.",
            "s",
            [Query(f"max by (topic) (cx_monitor_lag_seconds{{{_SCRAPED}}})", "{{topic}}")],
        ),
        Panel(
            "Dead letters in an hour",
            "Records that could not be read, by reason.",
            "short",
            [
                Query(
                    f"sum by (topic, reason) (increase(cx_dead_letters_total{{{_SCRAPED}}}[1h]))"
                    " > 0",
                    "{{topic}} {{reason}}",
                )
            ],
        ),
        Panel(
            "Signals that cannot be trusted",
            "Whose source is not seen; absent while there is none.",
            "short",
            [Query(f"max by (signal) (cx_monitor_blind{{{OURS}}}) > 0", "{{signal}}")],
        ),
    ]


def _workers() -> list[Panel]:
    rate = "$__rate_interval"
    return [
        Panel(
            "Memory",
            "Resident memory of each worker.",
            "bytes",
            [Query(f"process_resident_memory_bytes{{{_SCRAPED}}}", "{{instance}}")],
            width=8,
        ),
        Panel(
            "Processor",
            "Cores that each worker uses; it cannot use more than one.",
            "short",
            [Query(f"rate(process_cpu_seconds_total{{{_SCRAPED}}}[{rate}])", "{{instance}}")],
            width=8,
        ),
        Panel(
            "Series shown",
            "Lines of outcome totals on each worker's page; plan for 20,000 at most.",
            "short",
            [Query(f"cx_monitor_series{{{_SCRAPED}}}", "{{instance}}")],
            width=8,
        ),
    ]
