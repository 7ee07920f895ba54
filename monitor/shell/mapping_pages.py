"""The account of a mapping's trial as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import RenderableType

REFUSALS_MAX = 10
_HOW_TO_READ_TIMES = (
    "  fix: say in the mapping how the log writes its times, such as "
    'time = { of = "timestamp", format = "%Y-%m-%d %H:%M:%S", zone = "Europe/Berlin" }'
)
_UNSEEN = "records that have it: the rules would give it"


def trial_page(summary: str, told: dict[str, Any]) -> Group:
    """Lay out what `Trial.told` tells."""
    parts: list[RenderableType] = [summary]
    if told["rules"]:
        parts += ["", _rules(told["rules"])]
    if told["ignored"]:
        parts += ["", _ignored(told["ignored"])]
    if told["unmet"]:
        parts += ["", f"No record of the sample came to these rules: {', '.join(told['unmet'])}"]
    if told["refused"]:
        parts += ["", *_refused(told["refused"])]
    return Group(*parts, "", _coverage(told["coverage"]))


def told_in_lines(summary: str, told: dict[str, Any]) -> str:
    """Give the sum of a run, and what of it was refused."""
    return "\n".join([summary, *_refused(told["refused"])])


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, justify="right" if column == "records" else "left")
    return table


def _rules(rules: list[dict[str, Any]]) -> Table:
    table = _table("records", "rule", "became")
    for rule in rules:
        events = ", ".join(f"{number:,} {type_}" for type_, number in rule["events"].items())
        table.add_row(f"{rule['records']:,}", rule["rule"], events)
    return table


def _ignored(ignored: dict[str, int]) -> Table:
    table = _table("records", "ignored because")
    for reason, number in ignored.items():
        table.add_row(f"{number:,}", reason)
    return table


def _refused(refused: list[dict[str, Any]]) -> list[str]:
    lines = [
        f"Refused by the contract: {each['events']:,} of {each['type']} from rule "
        f"{each['rule']!r}, first for record {each['first_record']}: {each['why']}"
        for each in refused[:REFUSALS_MAX]
    ]
    left = len(refused) - REFUSALS_MAX
    if left > 0:
        lines.append(f"and {left} more; `map check --json` tells all of them")
    if any(each["why"].endswith(": not_rfc3339") for each in refused):
        lines.append(_HOW_TO_READ_TIMES)
    return lines


def _coverage(coverage: list[dict[str, Any]]) -> Table:
    table = _table("this mapping can feed", "", "seen in sample", "missing", "would be unlocked by")
    for family in coverage:
        lacks = [(need["what"], " or ".join(need["unlocked_by"])) for need in family["missing"]]
        lacks += [(need["what"], _UNSEEN) for need in family["unseen"]]
        head = (family["family"], family["answer"], family["seen_in_sample"])
        for number, lack in enumerate(lacks or [("", "")]):
            table.add_row(*(("", "", "") if number else head), *lack)
    return table
