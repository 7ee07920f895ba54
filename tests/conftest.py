"""What every test may use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.paths import RECORDED, ROOT

if TYPE_CHECKING:
    from pathlib import Path

# The chart is tried where `make helm` has built what tries it; that takes longer than all the rest.
collect_ignore = [] if (ROOT / ".cache" / "helm" / "ready").exists() else ["helm"]

# Where tests wait for other programs, what takes longest first.
WAITING = ("chaos", "release", "integration", "monitoring", "page")

# A busy machine must not decide whether a property holds, so no example has a time limit.
# In CI the examples are the same in every run: a red run can be repeated.
settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True)
settings.register_profile(
    "fuzz", settings.get_profile("local"), max_examples=int(os.environ.get("EXAMPLES") or 100)
)
settings.load_profile(
    "fuzz" if os.environ.get("EXAMPLES") else "ci" if os.environ.get("CI") else "local"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make golden` accept what the code says now."""
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="write the golden files anew instead of comparing with them",
    )
    parser.addoption(
        "--rewrite-pictures",
        action="store_true",
        help="write the pictures of the live page for docs/page",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits, so that in the end several processes do not wait for one."""
    order = {ROOT / "tests" / name: place for place, name in enumerate(WAITING)}

    def place(item: pytest.Item) -> int:
        return min((order[one] for one in item.path.parents if one in order), default=len(order))

    items.sort(key=place)


@pytest.fixture(scope="session")
def recorded_data() -> Path:
    """Give the folder of the full recorded sets, or leave the test out; never in CI."""
    if RECORDED.is_dir():
        return RECORDED
    if os.environ.get("CI"):
        pytest.fail("the recorded sets must lie in ../shared/data when CI runs")
    pytest.skip("the recorded sets are not here: they would lie in ../shared/data")


@pytest.fixture
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    """Whether to write the golden files instead of comparing with them."""
    return bool(request.config.getoption("--rewrite-golden"))
