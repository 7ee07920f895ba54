"""The configuration of Alertmanager: a text with few places for what the SLO file says."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from monitor.rules.model import HEADER

if TYPE_CHECKING:
    from monitor.rules.slo import SloFile

DIRECTORY = Path("deploy/alertmanager")
NAME = "alertmanager.yml"


def routes(slo: SloFile) -> dict[str, str]:
    """The text of the configuration, by its name."""
    text = files("monitor.rules").joinpath(NAME).read_text(encoding="utf-8")
    return {NAME: HEADER + Template(text).substitute(notifier=slo.links.notifier)}
