"""The policies that stories are judged by: mostly the default, now and then another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.core.policy import Policy
from tests.sim.oracle_policy import DEFAULTS

if TYPE_CHECKING:
    from typing import Any

CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {},
    {
        "escalate_intents": frozenset({"login/reset", "billing"}),
        "compatible_groups": frozenset({frozenset({"billing", "shipping"})}),
    },
)


def policy_of(seed: int) -> dict[str, Any]:
    """The oracle's policy for a seed."""
    return DEFAULTS | CHANGES[seed % len(CHANGES)]


def monitors_policy(seed: int) -> Policy:
    """The monitor's policy for a seed."""
    return replace(Policy(), **CHANGES[seed % len(CHANGES)])
