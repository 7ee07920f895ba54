"""A small part of ``make stats``, with its seeds: the statistics of the rules hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from monitor.core.estimate import durability, wilson
from monitor.core.policy import Policy
from monitor.rules import formulas as f
from monitor.rules.silent import SPIKE_Z
from tests.stats import paging, survival, versions
from tests.stats.arithmetic import compute
from tests.stats.versions import Arm

if TYPE_CHECKING:
    from monitor.core.reading import Reading

SEED = 20261126
POLICY = Policy()


@pytest.mark.parametrize("regime", survival.REGIMES, ids=lambda regime: regime.name)
def test_durability_is_right_in_every_regime(regime: survival.Regime) -> None:
    tried = survival.try_out(regime, 200, SEED)

    assert tried
    for one in tried:
        # Three standard errors of a mean of 200 are chance.
        assert abs(one.bias) <= 0.005 + 3 * one.spread / 200**0.5
        assert 0.9 <= one.covered <= 1


@pytest.mark.parametrize("others", [1, 4])
@pytest.mark.parametrize("age", survival.AGES)
def test_a_nowcast_is_right_of_versions_that_differ_as_it_takes_them_to(
    age: str, others: int
) -> None:
    for one in survival.try_out_nowcast(age, others, 200, SEED, alike=False):
        assert abs(one.bias) <= 0.005 + 3 * one.spread / 200**0.5
        assert 0.9 <= one.covered <= 1


def test_a_version_shows_no_horizon_before_it_has_lived_it() -> None:
    young = survival.Regime("36h old", lambda ago: np.full_like(ago, 30), 30, 1.5 * 86_400, 86_400)

    assert {one.horizon for one in survival.try_out(young, 50, SEED)} == {"24h"}


@pytest.mark.parametrize("case", paging.CASES, ids=lambda case: f"{case.hourly}-{case.objective}")
def test_pages_are_rarely_false_and_not_late(case: paging.Traffic) -> None:
    assert paging.false_pages(case, 2, 60, SEED) <= 0.3
    assert paging.hours_to_page(case, 5, SEED) < 8


def test_a_steady_rate_of_silent_failures_is_no_spike() -> None:
    assert paging.false_spikes(2, 2, 40, SEED) == 0


@pytest.mark.parametrize(("seen", "is_spike"), [(6, False), (7, True)])
def test_where_none_is_expected_seven_silent_failures_are_a_spike(
    seen: int, *, is_spike: bool
) -> None:
    assert (compute(f.SPIKE, seen=seen, expected=0) > SPIKE_Z) == is_spike


def test_equal_versions_are_not_called_different_however_often_one_looks() -> None:
    equal = Arm((30, 20), (0.1, 0.3), versions.COMPARISON.design_effect)

    assert versions.cried_wolf(equal, equal, 200, 300, SEED) <= 0.05


def test_a_version_with_the_hard_work_is_not_called_worse() -> None:
    easy, hard = Arm((95, 5), (0.05, 0.4)), Arm((5, 95), (0.05, 0.4))
    said = versions.compared(hard, easy, 200, 300, SEED, week=28)

    assert versions.ever(said.worse) <= 0.05
    assert versions.ever(said.worse_lately) <= 0.05


def test_a_version_that_is_ten_points_worse_is_told_soon() -> None:
    worse, better = Arm((50,), (0.3,)), Arm((50,), (0.2,))

    assert versions.outcomes_to_tell(worse, better, 60, 100, SEED) < 1000


def test_the_formulas_agree_with_the_estimators_of_the_report() -> None:
    known = wilson(7, 40)
    assert known is not None
    assert compute(f.WILSON_LOWER, p=7 / 40, n=40) == pytest.approx(known.lower, abs=1e-6)
    assert compute(f.WILSON_UPPER, p=7 / 40, n=40) == pytest.approx(known.upper, abs=1e-6)

    exposed = 100 * survival.WIDTHS
    failed = np.arange(1.0, len(exposed) + 1)
    told = survival.estimate(failed[None, :], exposed[None, :])
    reading: Reading = {
        "cx_resolution_exposure_seconds_total": {
            ("same_issue", age, "v", "x"): seconds
            for age, seconds in zip(POLICY.ages, exposed, strict=True)
        },
        "cx_resolution_failures_total": {
            ("same_issue", age, "v", "x"): n for age, n in zip(POLICY.ages, failed, strict=True)
        },
    }
    for k, horizon in enumerate(POLICY.horizons):
        of_report = durability(reading, POLICY, horizon, "same_issue")
        assert of_report is not None
        assert told.ratio[0, k] == pytest.approx(of_report.value)
        assert told.lower[0, k] == pytest.approx(of_report.lower, abs=1e-6)
        assert told.upper[0, k] == pytest.approx(of_report.upper, abs=1e-6)
