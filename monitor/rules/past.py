"""The rules over a past that was loaded into Prometheus, for what dashboards show.

`promtool tsdb create-blocks-from rules` evaluates rules over history, but none of them sees what
another one has just recorded. So the rules are laid out in stages, each resting on earlier ones
only: a stage is evaluated, loaded, and then the next. Left out is what no dashboard rests on.

Rule: a step of an hour must do, for a shorter one makes gigabytes of a month. Everything that a
dashboard shows is counted over an hour or more. Promtool gives each stage a moment of its own
within the step, so totals are looked for as far back as a step, and a stage may be one late.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, TypeGuard

from monitor.rules.boards.outcomes import WINDOW
from monitor.rules.model import Group, Record, rule_file
from monitor.rules.totals import BRIDGE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.rules.model import Alert

_RECORDED = re.compile(r"\bcx:\w+:\w+")


def files(groups: Iterable[Group], boards: Iterable[str], step: str) -> dict[str, str]:
    """The rule file of each stage, by its name, for what the texts of dashboards ask for."""
    records = [_seen_each(step, one) for group in groups for one in group.rules if _records(one)]
    rests_on: dict[str, set[str]] = {}
    for rule in records:
        rests_on.setdefault(rule.record, set()).update(_RECORDED.findall(rule.expr))
    for name, others in rests_on.items():
        # What it remembers of itself is not there yet, and a replay has it from its first event.
        others.intersection_update(rests_on.keys() - {name})

    @cache
    def stage(name: str) -> int:
        return 1 + max(map(stage, rests_on[name]), default=0)

    stages: dict[int, list[Record]] = {}
    wanted = _with_all_below(_asked_for(boards) & rests_on.keys(), rests_on)
    for rule in records:
        if rule.record in wanted:
            stages.setdefault(stage(rule.record), []).append(rule)
    # Without an interval of its own a group goes at the step that promtool is told.
    return {
        f"stage-{number:02}.rules.yml": rule_file([Group(f"cx-past-{number:02}", rules)])
        for number, rules in sorted(stages.items())
    }


def _records(rule: Record | Alert) -> TypeGuard[Record]:
    return isinstance(rule, Record)


def _seen_each(step: str, rule: Record) -> Record:
    return Record(rule.record, rule.expr.replace(f"[{BRIDGE}]", f"[{step}]"), rule.labels)


def _asked_for(boards: Iterable[str]) -> set[str]:
    texts = [text.replace("$window", window) for text in boards for window in WINDOW.values]
    return {name for text in texts for name in _RECORDED.findall(text)}


def _with_all_below(names: set[str], rests_on: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    while names:
        found |= names
        names = {below for name in names for below in rests_on[name]} - found
    return found
