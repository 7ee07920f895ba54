"""Estimates with their uncertainty: durability from occurrence and exposure, and shares.

Durability S(T) is the chance that a claim of resolution still stands at age T. Young claims are
censored, not durable; so for each age bucket the hazard is failures divided by exposure, the
cumulative hazard L(T) is the sum of width times hazard, and S(T) = exp(-L(T)): the piecewise
exponential (Nelson-Aalen) form. Interval: log-log, with Var(L) = sum of width^2 * d / E^2
(domain's law, 5.2; Klein and Moeschberger, Survival Analysis, 4.3), and wider where mostly the
young part of a bucket was seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.core.moments import seconds
from monitor.core.reading import EXPOSURE, Reading, total

if TYPE_CHECKING:
    from monitor.core.moments import Moment
    from monitor.core.policy import Policy

Z95 = 1.959963984540054
UNSEEN = 0.15
"""The hazard falls within a bucket. Where a share m of its claims was not seen to its end, the
hazard seen lies off that of the whole by about this times m (measured, docs/decisions.md)."""
_NO_FAILURE_95 = 3.688879454113936
"""Upper end of the exact 95 % Poisson interval when nothing was seen: -ln(0.025)."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A number between 0 and 1, and the range it lies in with 95 % confidence."""

    value: float
    lower: float
    upper: float


def wilson(hits: float, n: float) -> Interval | None:
    """A share with Wilson's score interval; none when nothing was tried."""
    if n <= 0:
        return None
    share = hits / n
    middle = share + Z95**2 / (2 * n)
    spread = Z95 * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2))
    scale = 1 + Z95**2 / n
    return Interval(share, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def durability(
    reading: Reading, policy: Policy, horizon: Moment, bound: str, ai_version: str | None = None
) -> Interval | None:
    """S(horizon) under a bound; none while any bucket up to the horizon lacks exposure.

    Without that guard a version that is three hours old would print a durability of 7 days.
    """
    hazard = variance = widest = due = 0.0
    for index, age in enumerate(policy.ages):
        width = seconds(min(policy.age_edges[index + 1], horizon) - policy.age_edges[index])
        if width <= 0:
            break
        exposed, failures = _cell(reading, bound, age, ai_version)
        if exposed <= 0:
            return None
        worth = exposed / width
        missing = max(0.0, 1 - worth / due) if due else 0.0
        due = worth * math.exp(-failures / worth)
        hazard += failures / worth
        variance += (failures + (UNSEEN * missing * failures) ** 2) / worth**2
        widest = max(widest, 1 / worth)
    if hazard == 0:
        return Interval(1.0, math.exp(-_NO_FAILURE_95 * widest), 1.0)
    factor = math.exp(Z95 * math.sqrt(variance) / hazard)
    return Interval(math.exp(-hazard), math.exp(-hazard * factor), math.exp(-hazard / factor))


def _cell(reading: Reading, bound: str, age: str, version: str | None) -> tuple[float, float]:
    exposed = total(
        reading,
        EXPOSURE,
        lambda labels: labels[:2] == (bound, age) and version in (None, labels[2]),
    )
    failed, retracted = (
        total(
            reading,
            f"cx_resolution_failures_{name}",
            lambda labels: labels[:2] == (bound, age) and version in (None, labels[2]),
        )
        for name in ("total", "retractions_total")
    )
    return exposed, failed - retracted
