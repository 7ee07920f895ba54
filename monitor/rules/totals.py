"""Exact counts over windows, whoever owned the partitions meanwhile.

Totals belong to partitions and move with them, so ``increase()`` per worker counts anew what
others had counted. Here each partition's total is read as the highest that any worker shows, and
a window is a difference of two totals:

``cx:<name>:owned``   a partition's total; remembered while nobody owns the partition
``cx:<name>:known``   1 for each partition of which this metric would have been seen
``cx:<name>:first``   what a total was at first sight: 0 where the partition was known before
``cx:<name>:count1h`` what the last hour added, of all partitions together

A window that reaches back beyond what Prometheus has seen counts from the first sight; so a new
Prometheus that meets an old state reports nothing of its past as news.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.core.catalogue import METRICS
from monitor.core.reading import names_of
from monitor.rules.model import Group, Record
from monitor.rules.promql import by, on, stem

MEMORY = "1h"
"""How long Prometheus may be away itself before it begins anew."""
BRIDGE = "10m"
"""How long a partition may change hands before what is remembered of it stands in."""
_KNOWN_FOR = "5m"

SHORT = ("10m", "1h", "6h")
LONG = ("24h", "7d")
ALL = ("10m", "1h", "6h", "24h", "3d", "7d", "30d")
"""Those of dashboards, of burning budgets, and of objectives."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A metric whose counts are needed, without the labels that no rule reads."""

    metric: str
    windows: tuple[str, ...] = LONG
    without: tuple[str, ...] = ()
    #: Whether a page waits for it.
    urgent: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that its counts have, ``job`` left out."""
        return tuple(one for one in LABELS[self.metric] if one not in self.without)


LABELS = {name: labels for metric in METRICS.values() for name, labels in names_of(metric).items()}

COUNTED = (
    Counted("cx_silent_failures_total", ("15m", *ALL), urgent=True),
    Counted("cx_events_total", ("15m", "1h"), ("type",), urgent=True),
    Counted("cx_dead_letters_total", ("15m", "1h"), urgent=True),
    Counted("cx_conversations_total", ALL, ("channel", "origin")),
    Counted("cx_ai_involved_total", LONG, ("channel", "origin")),
    Counted("cx_identified_conversations_total"),
    Counted("cx_resolutions_claimed_total"),
    Counted("cx_abandoned_as_resolved_total"),
    Counted("cx_resolution_exposure_seconds_total"),
    Counted("cx_resolution_failures_total"),
    Counted("cx_resolutions_matured_total", ALL),
    Counted("cx_handoff_terminal_total", ALL, ("within_hours",)),
    Counted("cx_handoff_verdict_total", ALL, ("reason_code",)),
    Counted("cx_missed_escalations_total", ALL, ("age",)),
    Counted("cx_misroutes_total", ALL, ("from_role", "to_role")),
    Counted("cx_ai_takeovers_total"),
    Counted("cx_ai_actions_total", ALL),
    Counted("cx_ai_corrections_total"),
    Counted("cx_suggestions_total"),
    Counted("cx_commitments_total", ALL),
    Counted("cx_handoff_wait_seconds_bucket"),
    Counted("cx_time_to_resolution_seconds_bucket"),
    Counted("cx_journey_contacts_bucket"),
    Counted("cx_journey_channels_bucket"),
    Counted("cx_journey_transfers_bucket"),
    Counted("cx_journey_customer_messages_bucket"),
    Counted("cx_journey_repeated_requests_bucket"),
    Counted("cx_journey_wait_seconds_bucket"),
)
BY_METRIC = {counted.metric: counted for counted in COUNTED}


def owned(metric: str) -> str:
    """The recorded totals of a metric, partition by partition."""
    return f"cx:{stem(metric)}:owned"


def first(metric: str) -> str:
    """What these were at first sight."""
    return f"cx:{stem(metric)}:first"


def count(metric: str, window: str) -> str:
    """The recorded count of a metric over a window.

    Raises:
        KeyError: nothing records it.
    """
    if window not in BY_METRIC[metric].windows:
        raise KeyError(f"{metric} is not counted over {window}")
    return f"cx:{stem(metric)}:count{window}"


def groups(watermark: str) -> list[Group]:
    """The rules, one group for each metric. Who shows ``watermark`` has the partition."""
    return [_group(counted, watermark) for counted in COUNTED]


def _group(counted: Counted, watermark: str) -> Group:
    name = stem(counted.metric)
    now, start, known = owned(counted.metric), first(counted.metric), f"cx:{name}:known"
    rules = [
        Record(known, f"group {by('partition')} ({watermark})\n{_remembered(known)}"),
        Record(now, f"{_shown(counted)}\n{_remembered(now)}"),
        Record(
            start,
            f"last_over_time({start}[{MEMORY}])\n"
            f"or 0 * {now} and {on('partition')} {known} offset {_KNOWN_FOR}\n"
            f"or {now}",
        ),
        *(
            Record(count(counted.metric, window), _since(now, start, known, window))
            for window in counted.windows
        ),
    ]
    return Group(f"cx-count-{name.replace('_', '-')}", rules, "" if counted.urgent else "1m")


def _remembered(series: str) -> str:
    return f"or last_over_time({series}[{MEMORY}])"


def _shown(counted: Counted) -> str:
    """What the owners show now, less what was taken back."""
    shown = _highest(counted.metric, counted.without)
    taken_back = counted.metric.replace("_total", "_retractions_total")
    if taken_back == counted.metric or taken_back not in METRICS:
        return shown
    return f"{shown}\n- (\n  {_highest(taken_back, counted.without)}\n  or 0 * {shown})"


def _highest(metric: str, without: tuple[str, ...]) -> str:
    highest = f"max without (instance, pod) (max_over_time({metric}[{BRIDGE}]))"
    return f"sum without ({', '.join(without)}) ({highest})" if without else highest


def _since(now: str, start: str, known: str, window: str) -> str:
    return (
        "clamp_min(sum without (partition) (\n"
        f"  {now} - (\n"
        f"    {now} offset {window}\n"
        f"    or 0 * {now} and {on('partition')} {known} offset {window}\n"
        f"    or {start})\n"
        "), 0)"
    )
