"""The files in which the dashboards are kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from monitor.rules.boards.effort import effort, pipeline
from monitor.rules.boards.failures import escalation, silent_failures
from monitor.rules.boards.outcomes import overview, versions

if TYPE_CHECKING:
    from monitor.rules.boards.model import Board
    from monitor.rules.slo import SloFile

DIRECTORY = Path("deploy/grafana/dashboards")
SUFFIX = ".json"


def boards(slo: SloFile) -> list[Board]:
    """All dashboards."""
    found = silent_failures(slo.links.evidence)
    return [overview(), versions(), found, escalation(), effort(), pipeline()]


def files(slo: SloFile) -> dict[str, str]:
    """The text of each file, by its name."""
    return {f"{board.uid}{SUFFIX}": board.text() for board in boards(slo)}
