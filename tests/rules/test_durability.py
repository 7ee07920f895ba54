"""Durability as Prometheus computes it is what arithmetic by other hands says it is."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest

from monitor.core.estimate import durability, wilson
from monitor.core.lengths import spell
from monitor.core.policy import Policy
from tests.rules.story import Story

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.core.reading import Reading

POLICY = Policy()
EXPOSURE = "cx_resolution_exposure_seconds_total"
FAILURES = "cx_resolution_failures_total"
BOUNDS = ("explicit", "same_issue", "any_issue")
HORIZONS = {spell(horizon): horizon for horizon in POLICY.horizons}
WEEK = POLICY.ages[: POLICY.ages.index("7d") + 1]
CLOSE = 1e-6
"""The constants of the rules have six digits."""


def width(index: int) -> float:
    return (POLICY.age_edges[index + 1] - POLICY.age_edges[index]) / 1e6


def story() -> Story:
    told = Story()
    for horizon, length in HORIZONS.items():
        for index, age in enumerate(POLICY.ages):
            if POLICY.age_edges[index + 1] <= length:
                told.tell(
                    "cx_age_bucket_seconds",
                    f"{width(index)!r}x100",
                    age=age,
                    horizon=horizon,
                    partition="",
                )
    return told


def tell(told: Story, cell: tuple[str, str, str], seconds: float, failures: int) -> None:
    """One cell, in two intents."""
    labels = dict(zip(("bound", "age", "ai_version"), cell, strict=True))
    told.jump(EXPOSURE, seconds / 4, **labels, intent_group="billing")
    told.jump(EXPOSURE, seconds * 3 / 4, **labels, intent_group="shipping")
    told.jump(FAILURES, failures, **labels, intent_group="billing")


@pytest.mark.parametrize("window", ["24h", "7d"])
def test_every_number_agrees_with_the_estimator_of_the_report(
    promtool: str, tmp_path: Path, window: str
) -> None:
    dice = random.Random(5)  # noqa: S311  # the same numbers in every run
    told = story()
    reading: Reading = {EXPOSURE: {}, FAILURES: {}}
    for version in ("v1", "v2", "none"):
        for bound in BOUNDS:
            for index, age in enumerate(POLICY.ages):
                seconds = width(index) * dice.uniform(900, 1000)
                failures = dice.randrange(1, 90)
                tell(told, (bound, age, version), seconds, failures)
                reading[EXPOSURE][bound, age, version, "billing"] = seconds
                reading[FAILURES][bound, age, version, "billing"] = failures
    for version in ("v1", "v2", "none"):
        for bound in BOUNDS:
            for horizon, length in HORIZONS.items():
                known = durability(reading, POLICY, length, bound, version)
                assert known is not None
                where = (
                    f'{{ai_version="{version}",bound="{bound}",horizon="{horizon}",'
                    'estimator="period"}'
                )
                told.expect(30, f"cx:durable:ratio{window}{where}", known.value)
                told.expect(30, f"cx:durable:lower{window}{where}", known.lower, CLOSE)
                told.expect(30, f"cx:durable:upper{window}{where}", known.upper, CLOSE)

    told.hold(promtool, tmp_path)


def test_a_horizon_is_blank_until_every_bucket_up_to_it_has_seen_ten_claims(
    promtool: str, tmp_path: Path
) -> None:
    told = story()
    # 24h is full; of 24-48h too little has been seen by a hair; nothing of the rest.
    for index, age in enumerate(POLICY.ages[:3]):
        tell(told, ("same_issue", age, "v1"), 100 * width(index), 3)
    tell(told, ("same_issue", "48h", "v1"), 9.99 * width(3), 0)
    period = "{estimator='period', horizon='%s'}"

    told.expect(30, f"cx:durable:ratio24h{period % '24h'}", math.exp(-0.09))
    for horizon in ("72h", "7d", "30d"):
        for kind in ("ratio", "lower", "upper"):
            told.absent(30, f"cx:durable:{kind}24h{period % horizon}")
    told.hold(promtool, tmp_path)


@pytest.mark.parametrize(("seen", "is_shown"), [(0.69, False), (0.71, True)])
def test_a_horizon_is_blank_while_mostly_the_young_half_of_a_bucket_was_seen(
    promtool: str, tmp_path: Path, *, seen: float, is_shown: bool
) -> None:
    told = story()
    # Of 1,000 claims in the bucket before, 90 failed; so many go on to the last one.
    due = 1000 * math.exp(-0.09)
    for index, age in enumerate(POLICY.ages[:3]):
        claims = seen * due if age == "24h" else 1000
        tell(told, ("same_issue", age, "v1"), claims * width(index), 90 if age == "6h" else 0)
    ratio = "cx:durable:ratio24h{estimator='period', horizon='24h'}"
    if is_shown:
        told.expect(30, ratio, math.exp(-0.09))
    else:
        told.absent(30, ratio)

    told.hold(promtool, tmp_path)


def test_where_nothing_failed_the_lower_bound_is_that_of_an_exact_poisson(
    promtool: str, tmp_path: Path
) -> None:
    told = story()
    for index, age in enumerate(POLICY.ages[:3]):
        tell(told, ("same_issue", age, "v1"), (40, 60, 50)[index] * width(index), 0)
    where = "{estimator='period', horizon='24h'}"

    told.expect(30, f"cx:durable:ratio24h{where}", 1)
    told.expect(30, f"cx:durable:upper24h{where}", 1)
    told.expect(30, f"cx:durable:lower24h{where}", 0.025 ** (1 / 40), CLOSE)
    told.hold(promtool, tmp_path)


def test_a_young_version_borrows_from_the_others_what_it_has_not_seen(
    promtool: str, tmp_path: Path
) -> None:
    told = story()
    others = {"v1": (1000.0, 50), "v3": (400.0, 10)}
    for index, age in enumerate(WEEK):
        for version, (claims, failures) in others.items():
            tell(told, ("same_issue", age, version), claims * width(index), failures)
    tell(told, ("same_issue", "1h", "v2"), 200 * width(0), 20)
    # Mostly the young half of it: that the version fails more would be said too soon.
    tell(told, ("same_issue", "6h", "v2"), 100 * width(1), 30)
    # People have a hazard of their own; it is not borrowed.
    tell(told, ("same_issue", "1h", "none"), 1000 * width(0), 900)

    # The spread of versions is that of 16 failures, that of buckets of 40 (+-25 %, +-16 %); of the
    # mean of the two others it is larger, as v1 has five sixths of the failures.
    unlike = 1 + (50**2 + 10**2) / 60**2
    trust = 1 / (1 + 60 * unlike / 40)
    usual = 60 / 1400
    # By its first bucket v2 fails more than the others; half of what that says is chance.
    heard = 1400 * trust / (1400 * trust + 200)
    weight = 16 / unlike + heard * 20
    factor = weight / (16 / unlike + heard * 200 * usual)
    lent, expected = 60 * trust, 60 * trust / (usual * factor)
    cells = [(20, 200.0), (30, 100.0), *((0, 0.0) for _ in WEEK[2:])]
    hazard = sum((failed + lent) / (claims + expected) for failed, claims in cells)
    own = sum((failed + lent) / (claims + expected) ** 2 for failed, claims in cells)
    common = sum(
        (failed + lent) / (claims + expected) * expected / (claims + expected)
        for failed, claims in cells
    )
    spread = 1.959964 * math.sqrt(own + common**2 / weight) / hazard
    nowcast = '{ai_version="v2",estimator="nowcast",horizon="7d"}'
    told.expect(30, 'cx:version_factor:ratio24h{ai_version="v2"}', factor)
    told.expect(30, f"cx:durable:ratio24h{nowcast}", math.exp(-hazard))
    told.expect(30, f"cx:durable:lower24h{nowcast}", math.exp(-hazard * math.exp(spread)), CLOSE)
    told.expect(30, f"cx:durable:upper24h{nowcast}", math.exp(-hazard * math.exp(-spread)), CLOSE)
    told.absent(30, 'cx:durable:ratio24h{ai_version="v2",estimator="period",horizon="7d"}')
    told.absent(30, 'cx:durable:ratio24h{ai_version="none",estimator="nowcast"}')
    told.absent(30, 'cx:durable:ratio24h{estimator="nowcast",horizon="30d"}')
    told.hold(promtool, tmp_path)


def test_a_version_borrows_nothing_from_itself(promtool: str, tmp_path: Path) -> None:
    told = story()
    for index, age in enumerate(WEEK):
        tell(told, ("same_issue", age, "v1"), 1000 * width(index), 50)
    told.expect(
        30, 'cx:durable:ratio24h{estimator="period",horizon="7d"}', math.exp(-0.05 * len(WEEK))
    )
    told.absent(30, 'cx:durable:ratio24h{estimator="nowcast"}')
    told.hold(promtool, tmp_path)


def test_an_old_version_borrows_nothing_from_one_that_is_younger(
    promtool: str, tmp_path: Path
) -> None:
    told = story()
    for index, age in enumerate(WEEK):
        tell(told, ("same_issue", age, "v1"), 1000 * width(index), 50)
    tell(told, ("same_issue", "1h", "v2"), 200 * width(0), 20)
    nowcast = 'estimator="nowcast",horizon="7d"'
    told.absent(30, f'cx:durable:ratio24h{{ai_version="v1",{nowcast}}}')
    told.expect(30, f'count(cx:durable:ratio24h{{ai_version="v2",{nowcast}}})', 1)
    told.hold(promtool, tmp_path)


def test_matured_claims_give_a_plain_share_with_wilsons_interval(
    promtool: str, tmp_path: Path
) -> None:
    told = Story()
    labels = {"bound": "same_issue", "horizon": "7d", "ai_version": "v1", "intent_group": "x"}
    told.jump("cx_resolutions_matured_total", 41, **labels, result="durable")
    told.jump("cx_resolutions_matured_total", 9, **labels, result="failed")
    share = wilson(41, 50)
    assert share is not None
    where = '{estimator="matured",horizon="7d",bound="same_issue",ai_version="v1"}'

    told.expect(30, f"cx:durable:ratio7d{where}", share.value)
    told.expect(30, f"cx:durable:lower7d{where}", share.lower, CLOSE)
    told.expect(30, f"cx:durable:upper7d{where}", share.upper, CLOSE)
    told.hold(promtool, tmp_path)


def test_without_any_claim_nothing_is_told(promtool: str, tmp_path: Path) -> None:
    told = story()
    for kind in ("ratio", "lower", "upper"):
        told.absent(30, f"cx:durable:{kind}7d")
    told.hold(promtool, tmp_path)
