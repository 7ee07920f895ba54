"""Can the monitor see? A blind one makes outcomes look better: no follow-ups, no failures.

What says ``signal="blind"`` silences every alert on outcomes until it is over (see
deploy/alertmanager), and is held for a while, so that vanished numbers are no all-clear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.rules.links import top
from monitor.rules.model import Alert, Group
from monitor.rules.promql import by, on, pick, total
from monitor.rules.totals import count

if TYPE_CHECKING:
    from monitor.rules.links import Desk

WATERMARK = "cx_monitor_watermark_timestamp_seconds"
LAG_MAX = 300
SAMPLES_MAX = 20_000
_TEAM = "platform"


def groups(job: str, desk: Desk) -> list[Group]:
    """All of them, and the dead man's switch."""
    return [
        Group(
            "cx-monitor-alerts",
            [
                *_workers(job, desk),
                *_partitions(desk),
                *_time(desk),
                *_topics(desk),
                *_unreadable(desk),
                *_itself(job, desk),
            ],
        )
    ]


def _workers(job: str, desk: Desk) -> list[Alert]:
    up = pick("up", f'job="{job}"')
    return [
        _blind(
            desk,
            "MonitorAbsent",
            f"absent({up} == 1)",
            "Nobody watches what becomes of customers: no worker of the monitor answers",
            "Every outcome is unknown until one does.",
            hold="2m",
            # What is absent has no labels.
            fixed={"job": job},
        ),
        desk.alert(
            "MonitorWorkerDown",
            f"{up} == 0",
            severity="ticket",
            signal="blind_worker",
            team=_TEAM,
            summary="Worker {{ $labels.instance }} of the outcome monitor does not answer; others "
            "must follow its customers",
            description="Its partitions go to the other workers; the fewer, the later each alert.",
            concern="blind",
            labels=("instance",),
            hold="5m",
            evidence=False,
        ),
    ]


def _partitions(desk: Desk) -> list[Alert]:
    owners = f"count {by('partition')} ({WATERMARK})"
    return [
        _blind(
            desk,
            "MonitorPartitionUnowned",
            f"max {by()} (cx_monitor_partitions) - (count {by()} ({owners})\n"
            f"  or 0 * max {by()} (cx_monitor_partitions)) > 0",
            "Nobody watches the customers of {{ $value }} partition(s)",
            "What is not owned is not read: recovering, or no worker was given it.",
            hold="3m",
        ),
        _blind(
            desk,
            "MonitorPartitionOwnedTwice",
            f"{owners} > 1",
            "Two workers follow the customers of partition {{ $labels.partition }} and may "
            "overwrite each other",
            "{{ $value }} workers show it; one of them was given up by the group and goes on.",
            hold="3m",
            labels=("partition",),
        ),
    ]


def _time(desk: Desk) -> list[Alert]:
    lag = f"max {by('topic', 'partition')} (cx_monitor_lag_seconds)"
    moved = f"max {by('partition')} ({WATERMARK})"
    before = f"max {by('partition')} ({WATERMARK} offset 10m)"
    return [
        _blind(
            desk,
            "MonitorLagging",
            f"max {by('topic')} ({lag}) > {LAG_MAX}",
            "Failures of customers are noticed {{ $value | humanizeDuration }} late: "
            "{{ $labels.topic }} is not read to its end",
            "Seconds by partition: "
            + top(
                "max by (partition) (cx_monitor_lag_seconds{job=%q, topic=%q})",
                ("partition",),
                "job",
                "topic",
            ).rstrip(),
            hold="5m",
            labels=("topic",),
        ),
        _blind(
            desk,
            "MonitorWatermarkStalled",
            f"{moved} - {before} <= 0\nand {on('partition')} max {by('partition')} ({lag}) > 60",
            "Time stands still for the customers of partition {{ $labels.partition }}: no deadline "
            "is noticed although records wait",
            "Event time has not moved for 10 minutes.",
            hold="2m",
            labels=("partition",),
        ),
    ]


def _topics(desk: Desk) -> list[Alert]:
    now = total(count("cx_events_total", "1h"), "topic")
    week_ago = total(f"{count('cx_events_total', '1h')} offset 1w", "topic")
    return [
        _blind(
            desk,
            "MonitorTopicSilent",
            f"{now} < 0.2 * ({week_ago} >= 50)",
            "Far less than usual is heard on {{ $labels.topic }}; customers may be failed unseen",
            '{{ $value | printf "%.0f" }} events in the last hour, under a fifth of the same '
            "hour a week ago.",
            hold="15m",
            labels=("topic",),
        ),
        _blind(
            desk,
            "MonitorSignalBlind",
            # The alert has a label of that name already.
            f"max {by('source')} (\n"
            '  label_replace(cx_monitor_blind, "source", "$1", "signal", "(.*)")) > 0',
            "{{ $labels.source }} is not seen; what rests on it cannot be trusted",
            "The monitor itself found this (SF-20) by heartbeats, or by the same hour of the last "
            "week.",
            hold="1m",
            labels=("source",),
        ),
    ]


def _unreadable(desk: Desk) -> list[Alert]:
    refused, received = (
        total(pick(count("cx_events_total", "15m"), where), "topic")
        for where in ('result="invalid"', "")
    )
    return [
        _blind(
            desk,
            "MonitorSchemaErrors",
            f"{refused} > 10\nand {refused} / {received} > 0.01",
            "Records of customers on {{ $labels.topic }} cannot be read and are not judged",
            '{{ $value | printf "%.0f" }} in 15 minutes, more than 1 in 100. By reason: '
            + top(
                f"sum by (reason) ({count('cx_dead_letters_total', '15m')}{{job=%q, topic=%q}})",
                ("reason",),
                "job",
                "topic",
            ).rstrip(),
            hold="5m",
            labels=("topic",),
        ),
        desk.alert(
            "MonitorDeadLetters",
            f"{total(count('cx_dead_letters_total', '1h'), 'topic', 'reason')} > 0",
            severity="ticket",
            signal="dead_letter",
            team=_TEAM,
            summary='{{ $value | printf "%.0f" }} records of customers on {{ $labels.topic }} '
            "were set aside unread in 1h ({{ $labels.reason }})",
            description="They lie in cx.dead-letters as they came.",
            concern="blind",
            labels=("topic", "reason"),
            hold="15m",
            evidence=False,
        ),
    ]


def _itself(job: str, desk: Desk) -> list[Alert]:
    failing = pick("prometheus_rule_evaluation_failures_total", 'rule_group=~".*;cx-.*"')
    samples = pick("scrape_samples_post_metric_relabeling", f'job="{job}"')
    return [
        _blind(
            desk,
            "MonitorRulesFailing",
            f"sum by (rule_group) (increase({failing}[10m])) > 0",
            "Prometheus cannot compute {{ $labels.rule_group }}: alerts on customers may be "
            "missing",
            "Its log says why.",
            hold="5m",
            labels=("rule_group",),
            fixed={"job": job},
        ),
        desk.alert(
            "MonitorTooManySeries",
            f"{samples} > {SAMPLES_MAX}",
            severity="ticket",
            signal="cardinality",
            team=_TEAM,
            summary="Worker {{ $labels.instance }} shows {{ $value }} series; alerts on customers "
            "will come late, then not at all",
            description="A label has more values than it should: see which metric has most.",
            concern="blind",
            labels=("instance",),
            hold="15m",
            evidence=False,
        ),
        desk.alert(
            "MonitorWatchdog",
            "vector(1)",
            severity="none",
            signal="watchdog",
            team=_TEAM,
            summary="The way from Prometheus to the people on call works, and customers' alerts "
            "go this way",
            description="Always fires; whoever receives it must raise an alarm when it stops.",
            concern="blind",
            evidence=False,
        ),
    ]


def _blind(  # noqa: PLR0913  # as many as an alert has
    desk: Desk,
    name: str,
    expr: str,
    summary: str,
    description: str,
    *,
    hold: str,
    labels: tuple[str, ...] = (),
    fixed: dict[str, str] | None = None,
) -> Alert:
    return desk.alert(
        name,
        expr,
        severity="page",
        signal="blind",
        team=_TEAM,
        summary=summary,
        description=description,
        concern="blind",
        labels=labels,
        hold=hold,
        fixed=fixed,
        evidence=False,
    )
