"""Estimates against numbers worked out by hand, or by another formula."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from monitor.core.estimate import durability, wilson
from monitor.core.moments import DAY, HOUR, MINUTE
from monitor.core.policy import Policy
from monitor.core.reading import EXPOSURE, Reading

FAILURES = "cx_resolution_failures_total"
POLICY = replace(Policy(), age_edges=(0, HOUR, 6 * HOUR, DAY), horizons=(DAY,), durable_horizon=DAY)


def seen(*cells: tuple[str, float, float], version: str = "v1") -> Reading:
    """What was observed at each age: hours of exposure, and failures."""
    return {
        EXPOSURE: {("explicit", age, version, "x"): hours * 3600 for age, hours, _ in cells},
        FAILURES: {("explicit", age, version, "x"): failed for age, _, failed in cells},
    }


@pytest.mark.parametrize(
    ("hits", "n", "lower", "upper"),
    [
        (6, 30, 0.0951, 0.3731),
        (10, 50, 0.1124, 0.3304),
        (0, 50, 0.0, 0.0713),
        (50, 50, 0.9287, 1.0),
        (1, 1, 0.2065, 1.0),
    ],
)
def test_a_share_has_wilson_s_interval(hits: int, n: int, lower: float, upper: float) -> None:
    interval = wilson(hits, n)

    assert interval is not None
    assert interval.value == hits / n
    assert (round(interval.lower, 4), round(interval.upper, 4)) == (lower, upper)


def test_the_bounds_of_wilson_s_interval_solve_its_equation() -> None:
    interval = wilson(6, 30)
    assert interval is not None

    for bound in (interval.lower, interval.upper):
        z = (0.2 - bound) / math.sqrt(bound * (1 - bound) / 30)
        assert abs(z) == pytest.approx(1.959963984540054)


def test_nothing_tried_is_no_share() -> None:
    assert wilson(0, 0) is None


def test_durability_is_the_exponential_of_the_summed_hazards() -> None:
    reading = seen(("1h", 100, 2), ("6h", 400, 4), ("24h", 900, 3))
    interval = durability(reading, POLICY, DAY, "explicit")

    hazard = 1 * 2 / 100 + 5 * 4 / 400 + 18 * 3 / 900
    # Of 100 and 80 claims 2 and 4 failed: so many were due in the next bucket, but not all seen.
    missing = 1 - 80 / (100 * math.exp(-2 / 100)), 1 - 50 / (80 * math.exp(-4 / 80))
    variance = (
        1 * 2 / 100**2
        + 25 * (4 + (0.15 * missing[0] * 4) ** 2) / 400**2
        + 324 * (3 + (0.15 * missing[1] * 3) ** 2) / 900**2
    )
    factor = math.exp(1.959963984540054 * math.sqrt(variance) / hazard)
    assert interval is not None
    assert interval.value == pytest.approx(math.exp(-hazard))
    assert interval.lower == pytest.approx(math.exp(-hazard * factor))
    assert interval.upper == pytest.approx(math.exp(-hazard / factor))
    assert interval.lower < interval.value < interval.upper


def test_failures_that_were_taken_back_are_none() -> None:
    reading = seen(("1h", 100, 2), ("6h", 400, 4), ("24h", 900, 3))
    reading["cx_resolution_failures_retractions_total"] = {("explicit", "6h", "v1", "x"): 4}
    want = seen(("1h", 100, 2), ("6h", 400, 0), ("24h", 900, 3))

    assert durability(reading, POLICY, DAY, "explicit") == durability(want, POLICY, DAY, "explicit")


def test_a_constant_hazard_gives_the_textbook_curve() -> None:
    # One failure in 48 hours at every age: S(24h) = exp(-24/48).
    reading = seen(("1h", 480, 10), ("6h", 480, 10), ("24h", 480, 10))
    interval = durability(reading, POLICY, DAY, "explicit")

    assert interval is not None
    assert interval.value == pytest.approx(math.exp(-0.5))


def test_a_horizon_within_a_bucket_takes_its_share_of_it() -> None:
    reading = seen(("1h", 100, 2), ("6h", 400, 4))
    interval = durability(reading, POLICY, 3 * HOUR, "explicit")

    assert interval is not None
    assert interval.value == pytest.approx(math.exp(-(2 / 100 + 2 * 4 / 400)))


def test_a_version_that_is_three_hours_old_has_no_durability_of_a_day() -> None:
    reading = seen(("1h", 100, 2), ("6h", 40, 1))

    assert durability(reading, POLICY, DAY, "explicit") is None
    assert durability(reading, POLICY, HOUR, "explicit") is not None
    assert durability(seen(("1h", 1, 0), ("6h", 1, 0), ("24h", 0, 0)), POLICY, DAY, "explicit") is (
        None
    )


def test_without_a_failure_the_interval_still_says_how_little_was_seen() -> None:
    interval = durability(
        seen(("1h", 100, 0), ("6h", 400, 0), ("24h", 900, 0)), POLICY, DAY, "explicit"
    )

    # The exact Poisson bound, put where it costs the most.
    assert interval is not None
    assert (interval.value, interval.upper) == (1.0, 1.0)
    assert interval.lower == pytest.approx(0.025 ** (18 / 900))


def test_bounds_and_versions_are_kept_apart_and_groups_summed() -> None:
    reading = seen(("1h", 100, 10))
    other = seen(("1h", 300, 2), version="v2")
    for name in (EXPOSURE, FAILURES):
        reading[name] |= other[name]
    reading[EXPOSURE]["explicit", "1h", "v1", "y"] = 100 * 3600.0
    reading[EXPOSURE]["any_issue", "1h", "v1", "x"] = 1.0

    def at(version: str | None) -> float:
        interval = durability(reading, POLICY, HOUR, "explicit", version)
        assert interval is not None
        return -math.log(interval.value)

    assert at("v1") == pytest.approx(10 / 200)
    assert at("v2") == pytest.approx(2 / 300)
    assert at(None) == pytest.approx(12 / 500)


def test_odd_horizons_have_names_of_their_own() -> None:
    policy = POLICY.with_horizons((90 * MINUTE,))

    assert len(set(policy.ages)) == len(policy.ages) == 4
