"""The configuration of Alertmanager: a text with few places for what the SLO file says."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.rules.slo import SloFile

DIRECTORY = Path("deploy/alertmanager")
NAME = "alertmanager.yml"
_HEADER = (
    "# Written by `make rules` from monitor/rules/alertmanager.yml and deploy/slo.toml. "
    "Change those, not this.\n"
)


def routes(slo: SloFile) -> dict[str, str]:
    """The text of the configuration, by its name."""
    text = files("monitor.rules").joinpath(NAME).read_text(encoding="utf-8")
    return {NAME: _HEADER + Template(text).substitute(notifier=slo.links.notifier)}
