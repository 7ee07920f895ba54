"""What is wrong with a dashboard, as far as its text tells. Each complaint names the panel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Board = dict[str, Any]
UNITS = {"percentunit", "short", "s", "bytes", "cps"}
KEYS = {
    *("uid", "title", "description", "tags", "schemaVersion", "version", "editable"),
    *("graphTooltip", "timezone", "time", "refresh", "fiscalYearStartMonth", "links"),
    *("annotations", "templating", "panels"),
}
BUILT_IN = {"__rate_interval", "__range", "__interval"}
COUNTER = re.compile(r"_(total|count|sum|bucket)$")
# Functions and words of PromQL are no series.
SERIES = re.compile(r"\b(cx[:_][a-z0-9_:$]+|process_[a-z_]+|ALERTS)\b")


def complaints(board: Board) -> list[str]:
    """Everything that a reader of the file can find."""
    return [*_of_the_whole(board), *_of_the_grid(board), *_of_panels(board)]


def drawn(board: Board) -> Iterator[Board]:
    """Every panel that asks something."""
    return (panel for panel in board["panels"] if panel["type"] != "row")


def filled(expr: str, values: dict[str, str]) -> str:
    """The query with its variables filled in; an unknown one stays."""
    known = {"__rate_interval": "10s", **values}
    return re.sub(r"\$(\w+)", lambda found: known.get(found[1], found[0]), expr)


def series_of(board: Board, window: str = "7d") -> set[str]:
    """The names of all series that a dashboard asks for."""
    exprs = [query["expr"] for panel in drawn(board) for query in panel["targets"]]
    return {name for expr in exprs for name in SERIES.findall(expr.replace("$window", window))}


def _of_the_whole(board: Board) -> Iterator[str]:
    yield from (f"unknown key: {key}" for key in sorted(board.keys() - KEYS))
    variables = board["templating"]["list"]
    if not variables or variables[0]["type"] != "datasource":
        yield "the first variable is no data source"
    if board["schemaVersion"] > 42:
        yield "schemaVersion: newer than the classic model"
    if board["editable"]:
        yield "editable: what is changed in Grafana would be lost"
    for one in variables:
        if one["type"] == "query" and (one["refresh"] != 2 or one["allValue"] != ".+"):
            yield f"variable {one['name']}: not asked again, or All is no pattern"
    ids = [panel["id"] for panel in board["panels"]]
    if len(ids) != len(set(ids)):
        yield "panels share an id"


def _of_the_grid(board: Board) -> Iterator[str]:
    taken: dict[tuple[int, int], str] = {}
    for panel in board["panels"]:
        grid, title = panel["gridPos"], panel["title"]
        if grid["x"] + grid["w"] > 24:
            yield f"{title}: wider than the grid"
        cells = [
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        ]
        if any(cell in taken for cell in cells):
            yield f"{title}: lies on another panel"
        taken |= dict.fromkeys(cells, title)


def _of_panels(board: Board) -> Iterator[str]:
    known = {one["name"] for one in board["templating"]["list"]} | BUILT_IN
    for panel in drawn(board):
        title = panel["title"]
        if not title or not panel["description"]:
            yield f"{title}: title or description is missing"
        if panel["fieldConfig"]["defaults"]["unit"] not in UNITS:
            yield f"{title}: unit"
        if panel["fieldConfig"]["defaults"].get("noValue") != "no data":
            yield f"{title}: does not say that there is no data"
        if not panel["targets"]:
            yield f"{title}: asks nothing"
        sources = [panel["datasource"], *(query["datasource"] for query in panel["targets"])]
        if any(source["uid"] != "${datasource}" for source in sources):
            yield f"{title}: its data source is fixed"
        for query in panel["targets"]:
            yield from (f"{title}: {what}" for what in _of_query(query["expr"], known))


def _of_query(expr: str, known: set[str]) -> Iterator[str]:
    for name in re.findall(r"\$\{?(\w+)", expr):
        if name not in known:
            yield f"no variable {name}"
    if re.search(r"\b(rate|increase|irate)\s*\(\s*(sum|max|avg|min)\b", expr):
        yield "a rate of a sum does not know of restarts"
    for name in re.findall(r"\b(?:rate|increase|irate)\(\s*([a-z_:]+)\s*[\[{]", expr):
        if not COUNTER.search(name):
            yield f"{name} is no counter"
    if "vector(0)" in expr or re.search(r"\bor\s+0\b", expr):
        yield "turns no data into 0"
