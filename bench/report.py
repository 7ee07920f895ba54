"""Makes results of rows, and a table of results: medians, and ratios within the same round."""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Row = dict[str, Any]

BASE = "limit-c"
SCALING = "scaling"
_HEAD = (
    "job",
    "broker",
    "engine",
    "CPU to limit C",
    "CPU µs/event (min-max)",
    "events/s",
    "peak MB",
    "changelog bytes/event",
    "broker CPU µs/event",
    "equal",
)


def summaries(rows: Iterable[Row]) -> list[Row]:
    """Return one result for each engine, job and broker."""
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["job"], row["broker"], row["engine"]].append(row)
    return [
        _summary(group, _by_round(groups.get((job, broker, BASE), [])))
        for (job, broker, _), group in groups.items()
    ]


def _by_round(rows: Iterable[Row]) -> dict[int, float]:
    return {row["round"]: row["cpu_us_per_event"] for row in rows}


def _summary(group: Sequence[Row], base: Mapping[int, float]) -> Row:
    result: Row = {name: group[0][name] for name in ("engine", "job", "broker", "events")}
    result |= {"rounds": len(group), "equal": all(row["equal"] for row in group)}
    numbers = {name for row in group for name, value in row.items() if _is_number(value)}
    for name in sorted(numbers - {"round", "events"}):
        result[name] = round(statistics.median(row[name] for row in group if name in row), 3)
    cpu = [row["cpu_us_per_event"] for row in group]
    result |= {"cpu_us_min": round(min(cpu), 3), "cpu_us_max": round(max(cpu), 3)}
    ratios = [row["cpu_us_per_event"] / base[row["round"]] for row in group if row["round"] in base]
    if ratios:
        result["cpu_to_limit_c"] = round(statistics.median(ratios), 2)
    return result


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def table(results: Iterable[Row]) -> str:
    """Return the results as a table in Markdown, the quickest of each broker first."""
    lines = [f"| {' | '.join(_HEAD)} |", "|---|---|---|--:|--:|--:|--:|--:|--:|---|"]
    shown = (one for one in results if not one["job"].startswith(SCALING))
    order = sorted(shown, key=lambda one: (one["job"], one["broker"], one["cpu_us_per_event"]))
    return "\n".join([*lines, *map(_line, order)]) + "\n"


def _line(one: Row) -> str:
    ratio, bytes_written = one.get("cpu_to_limit_c"), one.get("changelog_bytes_per_event")
    cells = [
        *(one["job"], one["broker"], one["engine"]),
        "" if ratio is None else f"{ratio:.2f}",
        f"{one['cpu_us_per_event']:.1f} ({one['cpu_us_min']:.1f}-{one['cpu_us_max']:.1f})",
        f"{one['events_per_s']:,.0f}",
        f"{one['rss_peak_mb']:.0f}",
        "" if bytes_written is None else f"{bytes_written:.0f}",
        f"{one['broker_cpu_us_per_event']:.1f}",
        "yes" if one["equal"] else "NO",
    ]
    return f"| {' | '.join(cells)} |"


# What only some jobs have, and how it is written. Jobs of several teams begin with one name.
_MORE = {
    "full": {
        "cores_of_workers": ".2f",
        "cores_of_broker": ".2f",
        "load": ".1f",
        "customers": ",.0f",
        "recovery_s_per_million": ",.0f",
        "seconds_to_ready": ",.1f",
    },
    SCALING: {
        "events_per_s": ",.0f",
        "times_one_worker": ".2f",
        "share_used": ".0%",
        "cpu_us_per_event": ".1f",
        "broker_cpu_us_per_event": ".1f",
        "cores_of_broker": ".2f",
        "load": ".1f",
    },
    "latency": {
        "events_per_s": ",.0f",
        "looks": ",.0f",
        "p50_ms": ",.0f",
        "p99_ms": ",.0f",
        "page_ms": ",.0f",
    },
}


def details(results: Iterable[Row]) -> str:
    """Return what only some jobs have: how busy the cores were, recovery, scaling, latency."""
    listed = list(results)
    parts = []
    for job, formats in _MORE.items():
        lines = [_detail(one, formats) for one in listed if one["job"].partition(",")[0] == job]
        if lines:
            head = ["job", "broker", *(name.replace("_", " ") for name in formats)]
            parts += [f"| {' | '.join(head)} |", f"|---|---|{'--:|' * len(formats)}", *lines, ""]
    return "\n".join(parts)


def _detail(one: Row, formats: Mapping[str, str]) -> str:
    numbers = (format(one[name], form) if name in one else "" for name, form in formats.items())
    return f"| {' | '.join([one['job'], one['broker'], *numbers])} |"
