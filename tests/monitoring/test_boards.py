"""Dashboards say what they mean, ask for what there is, and get answers from a live worker."""

from __future__ import annotations

import copy
import json
import math
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from monitor.core.catalogue import METRICS
from monitor.core.reading import names_of
from monitor.rules.boards import files
from monitor.rules.slo import load_slo
from tests.monitoring.lint import complaints, drawn, filled, series_of
from tests.monitoring.playing import playing
from tests.monitoring.stack import RULES, Stack
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from monitor.shell.embedded import EmbeddedBroker

BOARDS = {
    path.stem: json.loads(path.read_text())
    for path in sorted((ROOT / files.DIRECTORY).glob("*.json"))
}
VALUES = {"job": ".+", "ai_version": ".+", "instance": ".+", "window": "7d"}
TRIES = 30
#: What is expected rests on a week that ended two hours ago, and a standard mix on thirty claims of
#: nearly every intent by each version: no test plays that much.
SILENT = (
    "Seen and expected in an hour: B is empty",
    "The same mix of work: A is empty",
)


@pytest.mark.parametrize("name", BOARDS)
def test_there_is_nothing_to_complain_of(name: str) -> None:
    assert complaints(BOARDS[name]) == []


@pytest.mark.parametrize("name", BOARDS)
@pytest.mark.parametrize("window", ["7d", "24h"])
def test_every_series_is_recorded_or_exposed(name: str, window: str) -> None:
    assert series_of(BOARDS[name], window) - known_series() == set()


def test_the_files_are_those_that_the_code_makes() -> None:
    wanted = files.files(load_slo(ROOT / "deploy" / "slo.toml"))

    assert {f"{name}.json": text(board) for name, board in BOARDS.items()} == wanted


def test_dashboards_have_names_of_their_own_and_lead_to_each_other() -> None:
    uids = [board["uid"] for board in BOARDS.values()]
    led = {link["url"].removeprefix("/d/") for board in BOARDS.values() for link in board["links"]}

    assert len(set(uids)) == len(uids) == 6
    assert led <= set(uids)


def text(board: dict[str, Any]) -> str:
    return json.dumps(board, indent=2, ensure_ascii=False) + "\n"


def known_series() -> set[str]:
    recorded = {
        rule["record"]
        for path in RULES.glob("*.yml")
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if "record" in rule
    }
    exposed = {name for metric in METRICS.values() for name in names_of(metric)}
    health = {
        *("cx_monitor_watermark_timestamp_seconds", "cx_monitor_partitions", "cx_monitor_series"),
        *("cx_monitor_lag_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total"),
    }
    return recorded | exposed | health


@pytest.fixture(scope="module")
def played(embedded: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a Prometheus that has seen recorded journeys being played."""
    with playing(embedded.bootstrap, tmp_path_factory.mktemp("boards")) as stack:
        yield stack


def empty(stack: Stack, board: dict[str, Any]) -> list[str]:
    """The queries without a finite answer, and legends that name what answers do not have."""
    found = []
    for one in drawn(board):
        for query in one["targets"]:
            expr = filled(query["expr"], VALUES)
            answers = stack.ask(
                "query_range", query=expr, start=time.time() - 120, end=time.time(), step=1
            )["result"]
            finite = any(
                math.isfinite(float(value)) for answer in answers for _, value in answer["values"]
            )
            name = f"{one['title']}: {query['refId']}"
            if not finite:
                found.append(f"{name} is empty: {expr}")
            labels = set().union(*(answer["metric"] for answer in answers)) if answers else set()
            wanted = {part.partition("}}")[0] for part in query["legendFormat"].split("{{")[1:]}
            if answers and wanted - labels:
                found.append(f"{name}: its legend names {wanted - labels}")
    return found


@pytest.mark.parametrize("name", BOARDS)
def test_every_query_is_answered(played: Stack, name: str) -> None:
    unanswered = [""]
    # On a busy machine rules are evaluated late.
    for _ in range(TRIES):
        unanswered = [one for one in empty(played, BOARDS[name]) if not one.startswith(SILENT)]
        if not unanswered:
            break
        time.sleep(1)

    assert unanswered == []


def panel(board: dict[str, Any], index: int) -> dict[str, Any]:
    return list(drawn(board))[index]


def change(index: int, **fields: Any) -> Callable[[dict[str, Any]], None]:
    """Change a query of a panel."""
    return lambda board: panel(board, index)["targets"][0].update(fields)


# fmt: off
MISTAKES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a data source by name": lambda b: panel(b, 0)["datasource"].update(uid="P1"),
    "two panels of one id": lambda b: b["panels"][2].update(id=b["panels"][1]["id"]),
    "an unknown unit": lambda b: panel(b, 0)["fieldConfig"]["defaults"].update(unit="ratio"),
    "no description": lambda b: panel(b, 0).update(description=""),
    "wider than the grid": lambda b: panel(b, 3)["gridPos"].update(w=12),
    "an unknown key": lambda b: b.update(panles=[]),
    "an unknown variable": change(4, expr='cx:durable:ratio7d{job=~"$jobb"}'),
    "a rate of a sum": change(4, expr="rate(sum(cx_events_total)[5m:])"),
    "nothing made 0": change(0, expr="sum(cx:conversations:count7d) or vector(0)"),
    "a newer model": lambda b: b.update(schemaVersion=43),
}
ASKED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a series renamed": change(4, expr="cx:durability:ratio7d"),
    "a value renamed": change(4, expr='cx:durable:ratio7d{horizon="1w"}'),
    "a legend of no label": change(5, legendFormat="{{version}}"),
    "no PromQL": change(4, expr="sum(cx:durable:ratio7d"),
}
# fmt: on


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_text_is_found(mistake: str) -> None:
    board = copy.deepcopy(BOARDS["outcome-overview"])
    MISTAKES[mistake](board)

    assert len(complaints(board)) == 1


@pytest.mark.parametrize("mistake", ASKED)
def test_a_mistake_in_a_query_is_found(played: Stack, mistake: str) -> None:
    board = copy.deepcopy(BOARDS["outcome-overview"])
    before = empty(played, board)
    ASKED[mistake](board)
    try:
        found = empty(played, board)
    except OSError as refusal:
        found = [*before, str(refusal)]

    assert len(found) == len(before) + 1
