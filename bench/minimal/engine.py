"""The engines of the minimal job: what each is called, and how it is started."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "build" / "bench-venv" / "bin" / "python"
OURS = Path(sys.executable)

#: Far above what the slowest takes for its backlog.
SECONDS_MAX = 240


class EngineError(Exception):
    """An engine ended without a result; the end of what it said is quoted."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One entrant. A slow one gets a small backlog: there is no point in waiting for the rest."""

    name: str
    module: str
    python: Path = PEERS
    more: tuple[str, ...] = ()
    changelog: str | None = None
    slow: bool = False

    def run(self, bootstrap: str, total: int, state_dir: Path) -> dict[str, Any]:
        """Let it drain the backlog, and return what it measured of itself.

        Raises:
            EngineError: it did not finish.
        """
        command = [
            *self.command(),
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

    def command(self) -> list[str]:
        """Return the program and what makes it this engine."""
        return [str(self.python), "-m", f"bench.minimal.engines.{self.module}"]


ENGINES = {
    engine.name: engine
    for engine in (
        Engine("limit-c", "limit_c"),
        Engine(
            "outcome-monitor",
            "ours",
            python=OURS,
            more=("--decoder", "msgspec"),
            changelog="bench-ours-msgspec-customers-changelog",
        ),
        Engine(
            "outcome-monitor-pydantic",
            "ours",
            python=OURS,
            more=("--decoder", "pydantic"),
            changelog="bench-ours-pydantic-customers-changelog",
        ),
        Engine("handwritten", "handwritten", changelog="bench-handwritten-changelog"),
        Engine(
            "quix",
            "quix",
            changelog="changelog__bench-quix--conversations--followups--handoffs--default",
        ),
    )
}
