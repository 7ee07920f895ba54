"""What a dashboard is made of, and how it is written: Grafana's classic model.

Rule: a panel without data says so; nothing is turned into 0. Windows are those that the rules
record, for at the traffic of customer service a rate over minutes is noise.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA_VERSION = 42
WIDTH = 24
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_ROW_HEIGHT = 1
_BOUNDED = ("ratio", "lower", "upper")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """One question to Prometheus, and what its answers are called."""

    expr: str
    legend: str = ""
    exemplars: bool = False
    #: Whether it is a bound of the number before it.
    bound: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: ``stat``, ``timeseries`` or ``table``."""

    title: str
    description: str
    unit: str
    queries: Sequence[Query]
    kind: str = "timeseries"
    width: int = 12
    height: int = 8
    link: tuple[str, str] = ("", "")
    #: Where a table's columns come from: labels in their order, and the name of the number.
    columns: tuple[str, ...] = ()
    #: Bounds of the axis, and from where a number is good, in a stat.
    top: float | None = None
    bottom: float = 0
    good_from: float | None = None
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A row with its title, and the panels below it."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the head of a dashboard: values of a label, or of a list."""

    name: str
    label: str
    query: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    description: str
    sections: Sequence[Section]
    variables: Sequence[Variable]
    span: str = "now-7d"
    links: Sequence[tuple[str, str]] = field(default=())

    def plain(self) -> Json:
        """The dashboard as Grafana reads it."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["outcome-monitor"],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "timezone": "browser",
            "time": {"from": self.span, "to": "now"},
            "refresh": "1m",
            "fiscalYearStartMonth": 0,
            "links": [_link(title, uid) for title, uid in self.links],
            "annotations": {"list": [_alerts()]},
            "templating": {"list": [_datasource(), *map(_variable, self.variables)]},
            "panels": _placed(self.sections),
        }

    def text(self) -> str:
        """The file."""
        return json.dumps(self.plain(), indent=2, ensure_ascii=False) + "\n"


def interval(name: str, where: str, legend: str, window: str = "$window") -> list[Query]:
    """A share and the two bounds of its 95 % interval."""
    value, lower, upper = (f"cx:{name}:{one}{window}{{{where}}}" for one in _BOUNDED)
    return bounded(value, lower, upper, legend)


def bounded(value: str, lower: str, upper: str, legend: str) -> list[Query]:
    """A number and its two bounds, which are called as it is, and drawn as thin grey dashes."""
    return [Query(value, legend), *(Query(expr, legend, bound=True) for expr in (lower, upper))]


def _placed(sections: Sequence[Section]) -> list[Json]:
    panels: list[Json] = []
    y = 0
    for section in sections:
        row: Json = {"type": "row", "title": section.title, "collapsed": False, "panels": []}
        panels.append(row | {"gridPos": {"x": 0, "y": y, "w": WIDTH, "h": _ROW_HEIGHT}})
        y += _ROW_HEIGHT
        x = height = 0
        for panel in section.panels:
            if x + panel.width > WIDTH:
                x, y, height = 0, y + height, 0
            grid = {"x": x, "y": y, "w": panel.width, "h": panel.height}
            panels.append(_panel(panel) | {"gridPos": grid})
            x, height = x + panel.width, max(height, panel.height)
        y += height
    return [{"id": number} | panel for number, panel in enumerate(panels, start=1)]


def _panel(panel: Panel) -> Json:
    defaults: Json = {"unit": panel.unit, "noValue": "no data", "custom": {}}
    title, url = panel.link
    if url:
        defaults["links"] = [{"title": title, "url": url}]
    if panel.top is not None:
        defaults |= {"min": panel.bottom, "max": panel.top}
    plain: Json = {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "targets": [_target(panel, query, n) for n, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": defaults, "overrides": []},
    }
    _SHAPES[panel.kind](panel, plain, defaults)
    return plain


def _target(panel: Panel, query: Query, number: int) -> Json:
    once = panel.kind != "timeseries"
    return {
        "refId": _name_of(number),
        "datasource": _SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend,
        "instant": once,
        "range": not once,
        "exemplar": query.exemplars,
        **({"format": "table"} if panel.kind == "table" else {}),
    }


def _name_of(number: int) -> str:
    return chr(ord("A") + number)


def _timeseries(panel: Panel, plain: Json, defaults: Json) -> None:
    bounds = [_name_of(number) for number, query in enumerate(panel.queries) if query.bound]
    defaults["custom"] = {
        "drawStyle": "line",
        "lineWidth": 2,
        "fillOpacity": 20 if panel.stacked else 0,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
    }
    thin = [
        # A palette would give them colours of others.
        {"id": "color", "value": {"mode": "fixed", "fixedColor": "#8e8e8e"}},
        {"id": "custom.lineWidth", "value": 1},
        {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [4, 6]}},
        {"id": "custom.hideFrom", "value": {"legend": True, "tooltip": False, "viz": False}},
    ]
    plain["fieldConfig"]["overrides"] = [
        {"matcher": {"id": "byFrameRefID", "options": name}, "properties": thin} for name in bounds
    ]
    plain["options"] = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def _stat(panel: Panel, plain: Json, defaults: Json) -> None:
    steps: list[Json] = [{"color": "text", "value": None}]
    if panel.good_from is not None:
        steps = [{"color": "orange", "value": None}, {"color": "green", "value": panel.good_from}]
    defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    defaults["color"] = {"mode": "thresholds"}
    plain["options"] = {
        "colorMode": "value",
        "graphMode": "none",
        "textMode": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }


def _table(panel: Panel, plain: Json, defaults: Json) -> None:
    del defaults
    *labels, number = panel.columns
    order = {name: index for index, name in enumerate((*labels, "Value"))}
    plain["transformations"] = [
        {
            "id": "organize",
            "options": {
                "excludeByName": {"Time": True, "__name__": True},
                "includeByName": dict.fromkeys(order, True),
                "indexByName": order,
                "renameByName": {"Value": number},
            },
        }
    ]
    plain["options"] = {"showHeader": True, "sortBy": [{"displayName": number, "desc": True}]}


_SHAPES = {"timeseries": _timeseries, "stat": _stat, "table": _table}


def _datasource() -> Json:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
        "refresh": 1,
    }


def _variable(variable: Variable) -> Json:
    plain: Json = {"name": variable.name, "label": variable.label}
    if variable.values:
        first = {"text": variable.values[0], "value": variable.values[0]}
        return plain | {"type": "custom", "query": ",".join(variable.values), "current": first}
    return plain | {
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": variable.query, "refId": variable.name},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": "All", "value": "$__all"},
        "sort": 1,
    }


def _alerts() -> Json:
    return {
        "name": "Alerts",
        "datasource": _SOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": 'ALERTS{alertstate="firing", severity="page", job=~"$job"}',
        "titleFormat": "{{alertname}}",
        "textFormat": "{{ai_version}} {{sf}} {{slo}}",
        "step": "60s",
    }


def _link(title: str, uid: str) -> Json:
    address = f"/d/{uid}"
    return {"title": title, "type": "link", "url": address, "keepTime": True, "includeVars": True}
