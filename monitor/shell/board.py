"""The live board of the demo: what the numbers say, for people who look rather than query."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from monitor.core import overview
from monitor.core.lengths import spell

if TYPE_CHECKING:
    from rich.console import RenderableType

    from monitor.core.policy import Policy
    from monitor.core.reading import Reading
    from schemas.api import Estimate
    from schemas.published import Finding

_PEOPLE = "people"
_COUNTED = {
    "events": "events",
    "journeys": "journeys",
    "claimed": "claims of resolution",
    "dead_letters": "dead letters",
}
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
        _silent_failures(reading),
        _examples(reading, examples),
    )


def _headline(reading: Reading, at: float | None) -> str:
    when = datetime.fromtimestamp(at, UTC).strftime("%d %b %H:%M UTC") if at else "not begun"
    counted = overview.counts(reading)
    said = (
        f"{counted[name]:,} {what}" if counted else f"{_ABSENT} {what}"
        for name, what in _COUNTED.items()
    )
    return " · ".join((f"Customers' time {when}", *said))


def _durability(reading: Reading, policy: Policy) -> RenderableType:
    table = _table()
    table.add_column("resolved by", overflow="fold")
    table.add_column("on trial", justify="right")
    for horizon in policy.horizons:
        table.add_column(spell(horizon), justify="right")
    untested = []
    for version in overview.versions(reading, policy):
        if version.claimed or version.on_trial:
            who = _who(version.ai_version)
            cells = [_percent(held.durable) for held in version.curve if held.is_horizon]
            table.add_row(who, f"{version.on_trial:,}", *cells)
            untested += [] if version.failed else [who]
    title = "Did 'resolved' stay resolved? In %, with the 95 % interval; same issue"
    section = _section(title, table)
    return Group(section, Text(_untested(untested))) if untested else section


def _untested(names: list[str]) -> str:
    return (
        f"No customer came back about a claim of {', '.join(names)}: "
        "untested rather than perfect, unless a return would be recorded."
    )


def _escalations(reading: Reading) -> RenderableType:
    table = _table()
    for heading in ("kind", "requested", "how they ended", "were they needed?"):
        table.add_column(heading, justify="right" if heading == "requested" else "left")
    for one in overview.escalations(reading):
        kind = one.kind.replace("_", " to ")
        table.add_row(kind, f"{one.requested:,}", _shares(one.ended), _shares(one.needed))
    return _section("Escalations", table)


def _shares(counted: dict[str, int]) -> str:
    if not counted:
        return _ABSENT
    return ", ".join(
        f"{what.replace('_', ' ')} {count:,}" for what, count in sorted(counted.items())
    )


def _silent_failures(reading: Reading) -> RenderableType:
    table = _table()
    table.add_column("kind", no_wrap=True)
    for heading in ("how sure", "found", "per 100"):
        table.add_column(heading, justify="right")
    for one in overview.silent_failures(reading):
        table.add_row(
            f"{one.sf} {one.name}",
            one.confidence,
            f"{one.standing:,}",
            _ABSENT if one.per_100 is None else f"{one.per_100:.1f}",
        )
    return _section("Silent failures, and how many per 100 conversations", table)


def _examples(reading: Reading, examples: Examples) -> RenderableType:
    """An example of each kind, whole and on a line of its own, to be copied."""
    table = _table()
    for heading in ("kind", "how sure", "for example"):
        table.add_column(heading, overflow="fold")
    for one in overview.silent_failures(reading):
        example = examples.findings.get((one.sf, one.confidence))
        if example and example.conversation_id:
            table.add_row(one.sf, one.confidence, example.conversation_id)
    return _section("One of each, for outcome-monitor explain", table)


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)


def _section(title: str, table: Table) -> RenderableType:
    # Nothing known yet is not the same as a zero.
    if not table.row_count:
        table.add_row(*[_ABSENT] * len(table.columns))
    return Group(Text(f"\n{title}", style="italic"), table)


def _who(version: str) -> str:
    return _PEOPLE if version == "none" else version


def _percent(share: Estimate | None) -> str:
    if share is None:
        return _ABSENT
    value, low, high = (100 * part for part in (share.value, share.lower95, share.upper95))
    digits = 1 if high - low < 1 else 0
    return f"{value:.1f}\n{low:.{digits}f}-{high:.{digits}f}"
