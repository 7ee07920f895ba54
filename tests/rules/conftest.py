"""The real promtool and amtool."""

from __future__ import annotations

import os
import shutil

import pytest


def tool(name: str) -> str:
    """Find a program of Prometheus, or leave the test out; never in CI."""
    path = shutil.which(name)
    if path is None and os.environ.get("CI"):
        pytest.fail(f"{name} must be there when CI runs; `make tools` installs it")
    if path is None:
        pytest.skip(f"{name} is not here; `make tools` installs it")
    return path


@pytest.fixture(scope="session")
def promtool() -> str:
    """Give the path of promtool."""
    return tool("promtool")


@pytest.fixture(scope="session")
def amtool() -> str:
    """Give the path of amtool."""
    return tool("amtool")
