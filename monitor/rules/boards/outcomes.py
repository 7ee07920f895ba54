"""For whoever answers for the outcome: the overview, and versions on paper and in practice."""

from __future__ import annotations

from monitor.rules.boards.model import Board, Panel, Query, Section, Variable, bounded, interval

JOB = Variable("job", "Monitor", "label_values(cx_events_total, job)")
VERSION = Variable(
    "ai_version", "AI version", 'label_values(cx_conversations_total{job=~"$job"}, ai_version)'
)
WINDOW = Variable("window", "Window", values=("7d", "24h"))
OURS = 'job=~"$job"'
EACH = 'job=~"$job", ai_version=~"$ai_version"'
_HELD = f'bound="same_issue", horizon="7d", {EACH}'
OVERVIEW = "outcome-overview"
VERSIONS = "outcome-versions"
SILENT = "outcome-silent-failures"
ESCALATION = "outcome-escalation"
EFFORT = "outcome-effort"
PIPELINE = "outcome-pipeline"


def overview() -> Board:
    """Whether customers are helped, on one page."""
    return Board(
        OVERVIEW,
        "Outcomes: overview",
        "Whether customers who talked to the AI were helped, and where they were not.",
        [Section("Now", _numbers()), Section("Over time", _courses()), _agreed()],
        [JOB, VERSION, WINDOW],
        links=[
            ("Versions", VERSIONS),
            ("Silent failures", SILENT),
            ("Escalation", ESCALATION),
            ("Effort", EFFORT),
        ],
    )


def _numbers() -> list[Panel]:
    total = f"sum(cx:conversations:count$window{{{EACH}}})"
    silent = f'sum(cx:silent_failures:count$window{{{EACH}, sf!="SF-20", confidence="confirmed"}})'
    held = f'cx:durable:ratio$window{{{_HELD}, estimator="period"}}'
    return [
        _stat(
            "Conversations",
            "Conversations in the window, tests and spam left out.",
            "short",
            Query(total),
        ),
        _stat(
            "Resolutions that last 7 days",
            "Claims of resolution that hold for a week, over all versions: the worst of them. "
            "Absent until claims of every age have been watched.",
            "percentunit",
            Query(f"min({held})"),
        ),
        _stat(
            "Confirmed silent failures",
            "Found by contradicting records, retractions taken off.",
            "short",
            Query(silent),
        ),
        _stat(
            "Promises kept",
            "Of the promises of the AI that came due, those kept in time; the worst kind.",
            "percentunit",
            Query(f'min(cx:promise_kept:ratio$window{{{OURS}, made_by="ai"}})'),
        ),
    ]


def _courses() -> list[Panel]:
    return [
        Panel(
            "Resolutions that last 7 days",
            "Share of claims that hold for a week. Dashes: 95 % interval. The truth lies below "
            "this curve and above that for returns on any matter.",
            "percentunit",
            interval("durable", f'{_HELD}, estimator="period"', "{{ai_version}}"),
            top=1,
        ),
        Panel(
            "Silent failures per conversation",
            "Findings of any confidence per conversation of the version.",
            "percentunit",
            interval("silent_failure", EACH, "{{ai_version}}"),
            link=("Which they are", f"/d/{SILENT}?${{__url_time_range}}"),
        ),
        Panel(
            "The AI takes part",
            "Share of conversations in which the AI answered or asked for a handoff. A version "
            "that takes easier work looks better: read it beside the rest.",
            "percentunit",
            interval("involvement", EACH, "{{ai_version}}"),
            top=1,
        ),
        Panel(
            "Customers that can be followed",
            "Share of conversations whose customer is known. What the others do afterwards is "
            "not seen, so everything here speaks of these only.",
            "percentunit",
            interval("identified", OURS, "known"),
            top=1,
        ),
    ]


def _agreed() -> Section:
    left = Panel(
        "Error budget left",
        "Of the objectives of the SLO file, the eight with the least left; below 0 it is "
        "overspent, and at the bottom by as much again or more.",
        "percentunit",
        [
            Query(
                f"clamp_min(bottomk(8, cx:slo_budget_left:ratio{{{OURS}}}), -1)",
                "{{slo}} {{ai_version}}",
            )
        ],
        top=1,
        bottom=-1,
    )
    bad = Panel(
        "Bad outcomes in 7 days",
        "What spends the budgets, by objective.",
        "short",
        [Query(f"sum by (slo) (cx:slo_bad:count7d{{{OURS}}})", "{{slo}}")],
    )
    return Section("What was agreed", [left, bad])


def versions() -> Board:
    """Which version wins, and whether it does so in practice."""
    return Board(
        VERSIONS,
        "Outcomes: versions on paper and in practice",
        "Versions of the AI beside each other: what they claim, and what customers got.",
        [
            Section("Paper against practice", _paper()),
            Section("Held against each other", _compared()),
            Section("Speed", [_speed()]),
        ],
        [JOB, VERSION, WINDOW],
        span="now-14d",
        links=[("Overview", OVERVIEW), ("Silent failures", SILENT)],
    )


def _paper() -> list[Panel]:
    paper = Query(f"cx:paper:ratio7d{{{EACH}}}", "{{ai_version}} on paper")
    durable = f'cx:practice:ratio7d{{{EACH}, horizon="7d"}}'
    gap = f'cx:paper_gap:ratio7d{{{EACH}, horizon="7d"}}'
    return [
        Panel(
            "Claimed, and what held",
            "On paper: claims per conversation with the AI. In practice: the same without what "
            "customers had left, times the share that holds for 7 days.",
            "percentunit",
            [paper, Query(durable, "{{ai_version}} in practice")],
            top=1,
        ),
        Panel(
            "Winning on paper, losing in practice",
            "The difference of the two: what claims promise and customers do not get.",
            "percentunit",
            [Query(gap, "{{ai_version}}")],
        ),
        Panel(
            "Benchmark beside outcome",
            "The score on a benchmark, and the share of resolutions that lasted 7 days.",
            "short",
            [
                Query(f"cx:benchmark:score{{{EACH}}}", "{{ai_version}} {{suite}}"),
                Query(
                    f'cx:benchmark_practice:ratio7d{{{EACH}, horizon="7d"}}',
                    "{{ai_version}} in practice",
                ),
            ],
        ),
        Panel(
            "The same mix of work",
            "Share that lasts 7 days if every version had the same intents; absent where a "
            "version has seen less than four fifths of them.",
            "percentunit",
            [Query(f'cx:durable_standard:ratio7d{{{EACH}, horizon="7d"}}', "{{ai_version}}")],
            top=1,
        ),
    ]


def _compared() -> list[Panel]:
    difference = f'cx:version_difference:ratio{{{EACH}, horizon="24h"}}'
    width = f'cx:version_difference:half_width{{{EACH}, horizon="24h"}}'
    return [
        Panel(
            "Difference to the others, 24 h",
            "Share of claims that failed within a day, less that of all other versions, since "
            "the version began. Dashes: bounds that hold however often one looks; at first they "
            "lie outside the picture.",
            "percentunit",
            bounded(
                difference, f"{difference} - {width}", f"{difference} + {width}", "{{ai_version}}"
            ),
            top=0.5,
            bottom=-0.5,
        ),
        Panel(
            "Claims compared",
            "How many claims of each version the comparison rests on.",
            "short",
            [Query(f'cx:version_compared:total{{{EACH}, horizon="24h"}}', "{{ai_version}}")],
        ),
    ]


def _speed() -> Panel:
    where = f'{EACH}, stage=~"first_claim|durable"'
    return Panel(
        "Time to a claim, and to one that held",
        "Median from the first message. Where the first falls and the share that lasts falls "
        "too, speed is bought at the expense of resolution.",
        "s",
        [Query(f"cx:time_to_resolution_seconds:p50_7d{{{where}}}", "{{ai_version}} {{stage}}")],
        width=24,
    )


def _stat(title: str, description: str, unit: str, query: Query) -> Panel:
    return Panel(title, description, unit, [query], kind="stat", width=6, height=4)
