"""Where things lie, for tests that read the repository itself."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

RECORDED = ROOT.parent / "shared" / "data"
"""The full recorded sets, of which we ship the mapped samples; most machines have none."""
