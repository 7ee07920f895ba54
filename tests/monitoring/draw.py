"""Draws every dashboard in Chromium, from a real Prometheus that saw journeys played.

python -m tests.monitoring.draw
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from monitor.rules.boards import files
from monitor.shell.embedded import EmbeddedBroker
from tests.monitoring.playing import playing
from tests.paths import ROOT

PICTURES = ROOT / "docs" / "dashboards"
DRAW = ROOT / "deploy" / "grafana" / "draw" / "draw.mjs"


def main() -> None:
    """Play, draw, and keep the pictures."""
    PICTURES.mkdir(exist_ok=True)
    boards = map(str, sorted((ROOT / files.DIRECTORY).glob("*.json")))
    with tempfile.TemporaryDirectory() as name, EmbeddedBroker() as broker:
        directory = Path(name) / "boards"
        directory.mkdir()
        begun = time.time()
        with playing(broker.bootstrap, directory) as stack:
            # A scrape may fail on a busy machine; the picture is of the last that did not.
            (last,) = stack.query("last_over_time(timestamp(cx_monitor_series)[1m:1s])")
            span = (str(int(begun)), str(int(float(last["value"][1]))))
            command = ["node", str(DRAW), stack.url, *span, str(PICTURES), *boards]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
