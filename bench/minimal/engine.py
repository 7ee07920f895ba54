"""The engines of the minimal job: what each is called, and how it is started."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PEERS = str(ROOT / "build" / "bench-venv" / "bin" / "python")
STREAMS = ROOT / "build" / "kafka-streams"

#: Far above what the slowest takes for its backlog.
SECONDS_MAX = 120


class EngineError(Exception):
    """An engine ended without a result; the end of what it said is quoted."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One entrant. A slow one gets a small backlog: there is no point in waiting for the rest."""

    name: str
    #: What is started, up to the arguments that say what there is to drain.
    program: tuple[str, ...]
    more: tuple[str, ...] = ()
    changelog: str | None = None
    slow: bool = False

    def run(self, bootstrap: str, total: int, state_dir: Path) -> dict[str, Any]:
        """Let it drain the backlog, and return what it measured of itself.

        Raises:
            EngineError: it did not finish.
        """
        command = [
            *self.program,
            *("--bootstrap", bootstrap, "--total", str(total), "--state-dir", str(state_dir)),
            *self.more,
        ]
        try:
            run = subprocess.run(
                command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=SECONDS_MAX
            )
            told: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
        except (subprocess.SubprocessError, IndexError, ValueError) as error:
            said = getattr(error, "stderr", None) or ""
            raise EngineError(f"{self.name}: {error}\n{str(said)[-2000:]}") from error
        return told


def _module(name: str, python: str = PEERS) -> tuple[str, ...]:
    return (python, "-m", f"bench.minimal.engines.{name}")


def _ours(name: str, decoder: str) -> Engine:
    return Engine(
        name,
        _module("ours", sys.executable),
        more=("--decoder", decoder),
        changelog=f"bench-ours-{decoder}-customers-changelog",
    )


ENGINES = {
    engine.name: engine
    for engine in (
        Engine("limit-c", _module("limit_c")),
        _ours("outcome-monitor", "msgspec"),
        _ours("outcome-monitor-pydantic", "pydantic"),
        Engine("handwritten", _module("handwritten"), changelog="bench-handwritten-changelog"),
        Engine(
            "kafka-streams",
            ("java", "-Xmx1g", "-cp", f"{STREAMS}/classes:{STREAMS}/lib/*", "bench.Main"),
            changelog="bench-kafka-streams-customers-changelog",
        ),
        Engine(
            "quix",
            _module("quix"),
            changelog="changelog__bench-quix--conversations--followups--handoffs--default",
        ),
        Engine("bytewax", _module("bytewax_flow")),
        Engine(
            "faust",
            _module("naive_faust"),
            changelog="bench-faust-customers-changelog",
            slow=True,
        ),
    )
}
