"""What a comparison came to, for people, for programs, and for Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
from rich.console import Group
from rich.table import Table

from monitor.core.moments import datetime_of, seconds
from monitor.shell.drift import ARRIVALS, DRIFT, RESULTS

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from monitor.core.moments import Moment
    from monitor.shell.drift import Comparison

_TOLD_BY = {
    "export": "only the export tells it",
    "topics": "only the topics tell it",
    "both": "they tell otherwise",
}


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A comparison that is done, and what was done about it."""

    mapping: str
    begin: Moment
    """When the day began."""
    at: Moment
    """When it was compared."""
    comparison: Comparison
    too_late: int
    """How many of the missing events would no longer be counted."""
    produced: dict[str, int] | None
    """How many of each type were sent; None where nothing was to be sent."""

    @property
    def day(self) -> str:
        """The day as people write it."""
        return datetime_of(self.begin).date().isoformat()

    @property
    def missing(self) -> int:
        """How many events the topics lack."""
        return sum(of_type.results["missing"] for of_type in self.comparison.types.values())


def told(done: Reconciled) -> dict[str, Any]:
    """Give all of it as JSON has it."""
    types = sorted(done.comparison.types.items())
    return {
        "mapping": done.mapping,
        "day": done.day,
        "drift": done.comparison.has_drift,
        "records_read": done.comparison.read,
        "types": [
            {"type": type_}
            | {result: of_type.results[result] for result in RESULTS}
            | {arrival: of_type.arrivals[arrival] for arrival in ARRIVALS}
            for type_, of_type in types
        ],
        "differences": [
            {**difference._asdict(), "events": events}
            for difference, events in sorted(done.comparison.differences.items())
        ],
        "examples": [
            {"type": type_, "result": result, "conversations": of_type.examples[result]}
            for type_, of_type in types
            for result in DRIFT
            if of_type.examples.get(result)
        ],
        "missing_too_late": done.too_late,
        "produced": None if done.produced is None else sum(done.produced.values()),
    }


def page(done: Reconciled) -> Group:
    """Lay it out for people."""
    given = told(done)
    parts: list[RenderableType] = [_types(given["types"])] if given["types"] else []
    for example in given["examples"]:
        conversations = ", ".join(example["conversations"])
        parts.append(f"{example['result']} {example['type']}, for example in {conversations}")
    for one in given["differences"]:
        how = _TOLD_BY[one["told_by"]]
        parts.append(f"differing {one['type']}: {one['field']}, {how}: {one['events']:,}")
    return Group(*parts, "", _sum(done))


def metrics_of(done: Reconciled) -> CollectorRegistry:
    """Give the numbers of a day as gauges, for a batch has no page of its own."""
    registry = CollectorRegistry()

    def gauge(name: str, help_: str, *labels: str) -> Gauge:
        return Gauge(name, help_, ["mapping", *labels], registry=registry)

    results = gauge(
        "cx_reconcile_events",
        "Events of the day, by what the export and the topics have of them.",
        "type",
        "result",
    )
    arrivals = gauge(
        "cx_reconcile_arrivals",
        "Events of the day in the topics, by how they came.",
        "type",
        "arrival",
    )
    produced = gauge("cx_reconcile_produced_events", "Missing events that were sent late.", "type")
    day = gauge("cx_reconcile_day_timestamp_seconds", "When the day began that was compared.")
    run = gauge("cx_reconcile_run_timestamp_seconds", "When it was compared.")
    for type_, of_type in sorted(done.comparison.types.items()):
        for result in RESULTS:
            results.labels(done.mapping, type_, result).set(of_type.results[result])
        for arrival in ARRIVALS:
            arrivals.labels(done.mapping, type_, arrival).set(of_type.arrivals[arrival])
        produced.labels(done.mapping, type_).set((done.produced or {}).get(type_, 0))
    day.labels(done.mapping).set(seconds(done.begin))
    run.labels(done.mapping).set(seconds(done.at))
    return registry


def write_metrics(path: Path, done: Reconciled) -> None:
    """Write them for the textfile collector: all at once, so that it never reads half a file."""
    write_to_textfile(str(path), metrics_of(done))


def _types(types: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    columns = (*RESULTS, "out of order", "late", "repeated")
    table.add_column("event")
    for column in columns:
        table.add_column(column, justify="right")
    for one in types:
        numbers = (f"{one[column.replace(' ', '_')]:,}" for column in columns)
        table.add_row(one["type"], *numbers)
    return table


def _sum(done: Reconciled) -> str:
    if not done.comparison.types:
        return f"{done.day}: no events, in the export or in the topics"
    if not done.comparison.has_drift:
        return f"{done.day}: no drift"
    late = f", {done.too_late:,} of them too late to be counted" if done.too_late else ""
    if done.produced is not None:
        return f"{done.day}: {sum(done.produced.values()):,} missing events sent{late}"
    if not done.missing:
        return f"{done.day}: drift, and nothing is missing"
    return (
        f"{done.day}: drift, {done.missing:,} events missing{late}; fix: send them with --produce"
    )
