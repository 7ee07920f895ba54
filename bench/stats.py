"""What the statistics of the rules hold, by simulation with seeds. Run it by ``make stats``.

It computes the formulas that Prometheus computes (monitor/rules/formulas.py), over claims and
outcomes that come at random. Beside each number stands what was asked of it; one that is not met
is marked, and ends the run with 1. ``make stats ARGS=200`` tries less and is sooner done.
"""

from __future__ import annotations

import sys
from itertools import product
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tests.stats import paging, survival, versions
from tests.stats.versions import Arm

if TYPE_CHECKING:
    from collections.abc import Sequence

SEED = 20261126
BIAS_MAX = 0.005
COVERED = (0.93, 0.97)
FALSE_PAGES_MAX = 0.3
FALSE_ALARMS_MAX = 0.05


class Report:
    """Tables, and whether everything was met."""

    def __init__(self) -> None:
        """Begin with nothing missed."""
        self.missed = 0
        self._console = Console(width=110)

    def mark(self, text: str, *, met: bool) -> str:
        """A number, marked if it misses what was asked."""
        self.missed += not met
        return text if met else f"{text} MISSED"

    def show(self, title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
        """One table."""
        table = Table(title=title, title_justify="left")
        for number, column in enumerate(columns):
            table.add_column(column, justify="left" if number == 0 else "right")
        for row in rows:
            table.add_row(*row)
        self._console.print(table)


def durability(report: Report, trials: int) -> None:
    """Bias and coverage of S(T) in each regime."""
    rows = []
    for regime in survival.REGIMES:
        for one in survival.try_out(regime, trials, SEED):
            met = COVERED[0] <= one.covered <= COVERED[1]
            rows.append(
                (
                    one.regime,
                    one.horizon,
                    f"{one.shown:.0%}",
                    report.mark(f"{one.bias:+.4f}", met=abs(one.bias) <= BIAS_MAX),
                    f"{one.spread:.4f}",
                    report.mark(f"{one.covered:.1%}", met=met),
                )
            )
    report.show(
        f"Durability, {trials} trials; asked: bias at most {BIAS_MAX}, coverage 93-97 %",
        ("regime, window", "horizon", "shown", "bias", "spread", "covered"),
        rows,
    )


def nowcasts(report: Report, trials: int) -> None:
    """The same of the nowcast, beside one other version and beside four.

    Of what was not seen of a version an interval can only be right on the average over versions:
    it covers more of those that are like the others, and less of those that are least like them.
    """
    rows = []
    for age, others in product(survival.AGES, (1, 4)):
        differ, alike = (
            survival.try_out_nowcast(age, others, trials, SEED, alike=alike)
            for alike in (False, True)
        )
        for one, other in zip(differ, alike, strict=True):
            met = COVERED[0] <= one.covered <= COVERED[1]
            rows.append(
                (
                    one.regime,
                    one.horizon,
                    report.mark(f"{one.bias:+.4f}", met=abs(one.bias) <= BIAS_MAX),
                    f"{one.spread:.4f}",
                    report.mark(f"{one.covered:.1%}", met=met),
                    report.mark(f"{other.bias:+.4f}", met=abs(other.bias) <= BIAS_MAX),
                    report.mark(f"{other.covered:.1%}", met=other.covered >= COVERED[0]),
                )
            )
    report.show(
        f"Nowcast over 24 h at 30/h, {trials} trials; asked: bias at most {BIAS_MAX}, coverage "
        "93-97 % of versions as they come, at least 93 % of those that are all alike",
        ("regime", "horizon", "bias", "spread", "covered", "bias, alike", "covered"),
        rows,
    )


def pages(report: Report, days: int) -> None:
    """False pages and the time to a true one."""
    rows = []
    for case in paging.CASES:
        false = paging.false_pages(case, 10, days, SEED)
        rows.append(
            (
                f"{case.hourly:g}/h, {case.usual:.0%} of {1 - case.objective:.0%} allowed",
                report.mark(f"{false:.2f}", met=false <= FALSE_PAGES_MAX),
                f"{case.incident:.0%}",
                f"{paging.hours_to_page(case, 40, SEED):.1f} h",
            )
        )
    for hourly in (0.2, 2, 20):
        false = paging.false_spikes(hourly, 10, days, SEED)
        met = false <= FALSE_PAGES_MAX
        rows.append((f"spikes at {hourly:g}/h", report.mark(f"{false:.2f}", met=met), "", ""))
    report.show(
        f"Pages, 10 series of {days} days each; asked: at most {FALSE_PAGES_MAX} false ones",
        ("outcomes, bad ones", "false per 30 d", "incident", "median to page"),
        rows,
    )


def comparisons(report: Report, trials: int) -> None:
    """Versions that are equal, that look worse and are not, and that are worse."""
    looks = 200
    equal = Arm((30, 20), (0.1, 0.3))
    alike = Arm((30, 20), (0.1, 0.3), versions.COMPARISON.design_effect)
    easy = Arm((95, 5), (0.05, 0.4))
    hard = Arm((5, 95), (0.05, 0.4))
    worse = Arm((50,), (0.24,))
    better = Arm((50,), (0.20,))
    rows = []
    for name, one, rest in (
        ("equal", equal, equal),
        ("equal, customers alike", alike, alike),
        ("equal within intents, mix reversed", hard, easy),
    ):
        wolf = versions.cried_wolf(one, rest, looks, trials, SEED)
        # Four looks a day: 28 a week, 50 days.
        lately = versions.ever(
            versions.compared(one, rest, looks, trials, SEED, week=28).worse_lately
        )
        rows.append(
            (
                name,
                report.mark(f"{wolf:.1%}", met=wolf <= FALSE_ALARMS_MAX),
                report.mark(f"{lately:.1%}", met=lately <= FALSE_ALARMS_MAX),
                "",
            )
        )
    told = versions.outcomes_to_tell(worse, better, looks, trials, SEED)
    rows.append(("durable 76 % against 80 %", "", "", f"{told:.0f}"))
    report.show(
        f"Versions, {trials} trials of {looks} looks; asked: at most 5 % false alarms",
        ("versions", "sequential", "last week", "outcomes to tell"),
        rows,
    )


def main() -> int:
    """Print the tables; 1 where something is missed."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    report = Report()
    durability(report, trials)
    nowcasts(report, trials)
    pages(report, max(30, min(180, trials // 5)))
    comparisons(report, trials)
    return min(report.missed, 1)


if __name__ == "__main__":
    sys.exit(main())
