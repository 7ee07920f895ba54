"""The live board of the demo: what the numbers say, for people who look rather than query."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from monitor.core.estimate import durability
from monitor.core.lengths import spell
from monitor.core.reading import AT_RISK, Reading, by, total

if TYPE_CHECKING:
    from rich.console import RenderableType

    from monitor.core.estimate import Interval
    from monitor.core.policy import Policy
    from schemas.published import Finding

_BOUND = "same_issue"
_PEOPLE = "people"
_HEARTBEAT = "cx.heartbeat.v1"
_ID_TAIL = 17  # the end of an id tells it apart, and fits into a terminal
_ABSENT = "–"  # noqa: RUF001  # an empty cell of a table


@dataclass(slots=True)
class Examples:
    """For each kind of silent failure and confidence, the newest finding that still stands."""

    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)

    def note(self, finding: Finding) -> None:
        """Keep a finding as the example of its kind."""
        if not finding.retracted:
            self.findings[finding.sf, finding.confidence] = finding


def board(reading: Reading, policy: Policy, examples: Examples, at: float | None) -> RenderableType:
    """Everything at one look.

    Args:
        reading: the totals, as scraped.
        policy: for the horizons.
        examples: one finding of each kind.
        at: how far event time has come, in seconds since 1970.
    """
    return Group(
        Text(_headline(reading, at), style="bold"),
        _durability(reading, policy),
        _escalations(reading),
        _silent_failures(reading, examples),
    )


def _headline(reading: Reading, at: float | None) -> str:
    when = datetime.fromtimestamp(at, UTC).strftime("%d %b %H:%M UTC") if at else "not begun"
    counts = {
        "events": total(
            reading, "cx_events_total", lambda labels: labels[1:] != (_HEARTBEAT, "applied")
        ),
        "journeys": total(reading, "cx_journeys_total"),
        "claims of resolution": total(reading, "cx_resolutions_claimed_total"),
        "dead letters": total(reading, "cx_dead_letters_total"),
    }
    said = (
        f"{count:,.0f} {what}" if reading else f"{_ABSENT} {what}" for what, count in counts.items()
    )
    return " · ".join((f"Customers' time {when}", *said))


def _durability(reading: Reading, policy: Policy) -> RenderableType:
    table = _table()
    table.add_column("resolved by", overflow="fold")
    table.add_column("on trial", justify="right")
    for horizon in policy.horizons:
        table.add_column(spell(horizon), justify="right")
    for version in sorted({labels[2] for labels in reading.get(AT_RISK, {})}):
        cells = [
            _percent(durability(reading, policy, horizon, _BOUND, version))
            for horizon in policy.horizons
        ]
        table.add_row(_who(version), f"{_on_trial(reading, version):,.0f}", *cells)
    title = "Did 'resolved' stay resolved? In %, with the 95 % interval; same issue"
    return _section(title, table)


def _on_trial(reading: Reading, version: str) -> float:
    return total(reading, AT_RISK, lambda labels: (labels[0], labels[2]) == (_BOUND, version))


def _escalations(reading: Reading) -> RenderableType:
    table = _table()
    for heading in ("kind", "requested", "how they ended", "were they needed?"):
        table.add_column(heading, justify="right" if heading == "requested" else "left")
    for kind, requested in by(reading, "cx_handoffs_total", 0).items():
        ended = _shares(reading, "cx_handoff_terminal_total", kind)
        needed = _shares(reading, "cx_handoff_verdict_total", kind)
        table.add_row(kind.replace("_", " to "), f"{requested:,.0f}", ended, needed)
    return _section("Escalations", table)


def _shares(reading: Reading, name: str, kind: str) -> str:
    counts: dict[str, float] = {}
    for labels, value in sorted(reading.get(name, {}).items()):
        if labels[0] == kind:
            counts[labels[1]] = counts.get(labels[1], 0) + value
    whole = sum(counts.values())
    if not whole:
        return _ABSENT
    return ", ".join(f"{what.replace('_', ' ')} {count:,.0f}" for what, count in counts.items())


def _silent_failures(reading: Reading, examples: Examples) -> RenderableType:
    table = _table()
    table.add_column("kind", no_wrap=True)
    for heading in ("how sure", "found", "per 100", "for example"):
        table.add_column(heading, justify="right")
    retracted = by(reading, "cx_silent_failures_retractions_total", 0, 1)
    conversations = total(reading, "cx_conversations_total")
    for key, found in by(reading, "cx_silent_failures_total", 0, 1).items():
        sf, confidence = key.split("/")
        standing = found - retracted.get(key, 0)
        example = examples.findings.get((sf, confidence))
        table.add_row(
            f"{sf} {example.name if example else ''}",
            confidence,
            f"{standing:,.0f}",
            f"{100 * standing / conversations:.1f}" if conversations else _ABSENT,
            (example.conversation_id or _ABSENT)[-_ID_TAIL:] if example else _ABSENT,
        )
    return _section("Silent failures, and how many per 100 conversations", table)


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)


def _section(title: str, table: Table) -> RenderableType:
    # Nothing known yet is not the same as a zero.
    if not table.row_count:
        table.add_row(*[_ABSENT] * len(table.columns))
    return Group(Text(f"\n{title}", style="italic"), table)


def _who(version: str) -> str:
    return _PEOPLE if version == "none" else version


def _percent(interval: Interval | None) -> str:
    if interval is None:
        return _ABSENT
    value, low, high = (100 * part for part in (interval.value, interval.lower, interval.upper))
    digits = 1 if high - low < 1 else 0
    return f"{value:.1f}\n{low:.{digits}f}-{high:.{digits}f}"
