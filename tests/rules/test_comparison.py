"""The tests of versions against arithmetic by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from tests.rules.cases_versions import matured
from tests.rules.story import Story

if TYPE_CHECKING:
    from pathlib import Path

STRATA = {
    # intent: (v1 durable, v1 failed, v2 durable, v2 failed)
    "billing": (950, 50, 180, 20),
    "shipping": (160, 40, 290, 110),
}
V2 = '{ai_version="v2",horizon="24h"}'


def story() -> Story:
    told = Story()
    for intent, (durable, failed, durable2, failed2) in STRATA.items():
        matured(told, "v1", intent, durable, failed)
        matured(told, "v2", intent, durable2, failed2)
    return told


def mantel_haenszel() -> tuple[float, float, float]:
    """Difference of risks, its variance if there were none, and its standard error as it is."""
    weights = difference = null = seen = 0.0
    for durable0, x0, durable1, x1 in STRATA.values():
        n0, n1 = durable0 + x0, durable1 + x1
        weight = n0 * n1 / (n0 + n1)
        pooled = (x0 + x1) / (n0 + n1)
        weights += weight
        difference += weight * (x1 / n1 - x0 / n0)
        null += weight**2 * pooled * (1 - pooled) * (1 / n0 + 1 / n1)
        seen += weight**2 * sum(
            (x + 0.5) * (n - x + 0.5) / (n + 1) ** 3 for x, n in ((x0, n0), (x1, n1))
        )
    return difference / weights, null / weights**2, math.sqrt(seen) / weights


def test_the_difference_within_intents_and_its_error(promtool: str, tmp_path: Path) -> None:
    difference, _, error = mantel_haenszel()

    told = story().expect(30, f"cx:strata_difference:ratio7d{V2}", difference)
    told.expect(30, f"cx:strata_difference:error7d{V2}", math.sqrt(1.33) * error)
    told.expect(30, f"cx:strata_compared:count7d{V2}", 600)
    told.expect(30, 'cx:strata_difference:ratio7d{ai_version="v1"}', -difference)
    told.hold(promtool, tmp_path)


def test_the_likelihood_ratio_and_its_interval(promtool: str, tmp_path: Path) -> None:
    d, null, _ = mantel_haenszel()
    v, tau = 1.33 * null, 0.03**2
    ratio = math.sqrt(v / (v + tau)) * math.exp(tau * d**2 / (2 * v * (v + tau)))
    half = math.sqrt(v * (v + tau) / tau * (2 * math.log(40) + math.log((v + tau) / v)))

    told = story().expect(30, f"cx:version_difference:ratio{V2}", d)
    told.expect(30, f"cx:version_difference:variance{V2}", v)
    told.expect(30, f"cx:version_likelihood:ratio{V2}", ratio)
    told.expect(30, f"cx:version_difference:half_width{V2}", half, 1e-6)
    told.hold(promtool, tmp_path)


@pytest.mark.parametrize("other", ["none", "v1"])
def test_a_version_alone_is_compared_with_nobody(promtool: str, tmp_path: Path, other: str) -> None:
    told = Story()
    matured(told, "v1", "billing", 900, 100)
    if other == "none":
        matured(told, "none", "billing", 500, 500)

    told.absent(30, "cx:version_likelihood:ratio").absent(30, "cx:strata_difference:ratio7d")
    told.hold(promtool, tmp_path)


def test_what_others_did_before_a_version_came_is_not_counted(
    promtool: str, tmp_path: Path
) -> None:
    told = Story()
    labels = {"bound": "same_issue", "horizon": "24h", "intent_group": "billing"}
    name = "cx_resolutions_matured_total"
    told.tell(name, "0x9 9900x90 10790x99", **labels, ai_version="v1", result="durable")
    told.tell(name, "0x9 100x90 210x99", **labels, ai_version="v1", result="failed")
    told.tell(name, "_x60 0x40 890x99", **labels, ai_version="v2", result="durable")
    told.tell(name, "_x60 0x40 110x99", **labels, ai_version="v2", result="failed")

    told.expect(125, f"cx:version_rest_matured:total{V2}", 1000)
    told.expect(125, f"cx:version_rest_failed:total{V2}", 110)
    told.expect(125, f"cx:version_difference:ratio{V2}", 0).hold(promtool, tmp_path)
