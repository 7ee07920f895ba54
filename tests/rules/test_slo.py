"""An SLO file is taken as it is meant, or refused with the place and what it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.rules.formulas import reachable
from monitor.rules.objectives import TIERS
from monitor.rules.slo import SloError, load_slo
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
[[objective]]
indicator = "promise_kept"
objective = 0.95
says = "Customers did not get what was promised"
"""


def refusal(directory: Path, text: str) -> str:
    path = directory / "slo.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SloError) as raised:
        load_slo(path)
    return str(raised.value).removeprefix(f"{path}: ")


def test_the_shipped_file_is_fine() -> None:
    assert len(load_slo(ROOT / "deploy" / "slo.toml").objective) == 9


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    path = tmp_path / "slo.toml"
    path.write_text(GOOD, encoding="utf-8")
    slo = load_slo(path)

    assert slo.job == "outcome-monitor"
    assert (slo.objective[0].severity, slo.objective[0].window) == ("ticket", "30d")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("0.95", "1.0"), "objective.1.objective: Input should be less than or equal to 0.9999"),
        (("0.95", "0.4"), "objective.1.objective: Input should be greater than or equal to 0.5"),
        (("promise_kept", "promises"), "objective.1.indicator: must be one of durability_24h, "),
        (
            ('says = "', 'labels = ["queue"]\nsays = "'),
            "objective.1: labels: promise_kept has kind, made_by, not queue",
        ),
        (
            ('says = "', 'severity = "urgent"\nsays = "'),
            "objective.1.severity: Input should be 'page' or 'ticket'",
        ),
        (
            ('says = "', 'window = "3d"\nsays = "'),
            "objective.1.window: Input should be '7d' or '30d'",
        ),
        (('says = "', 'goal = 1\nsays = "'), "objective.1.goal: there is no such key"),
        (("did not get", "{{ did not }}"), "objective.1.says: String should match pattern"),
        (("[[objective]]", "[objective"), "Expected"),
    ],
)
def test_a_mistake_is_named_with_its_place(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    assert refusal(tmp_path, GOOD.replace(*change)).startswith(said)


def test_two_objectives_for_one_indicator_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, GOOD + GOOD) == "objective: more than one objective for promise_kept"


def test_a_mix_that_is_no_whole_is_refused(tmp_path: Path) -> None:
    mix = "[reference_mix]\nbilling = 0.4\nshipping = 0.5\n"

    assert refusal(tmp_path, GOOD + mix) == "reference_mix: the shares must add up to 1, not 0.9"


def test_links_that_are_still_examples_are_named(tmp_path: Path) -> None:
    path = tmp_path / "slo.toml"
    path.write_text(
        '[links]\nrunbooks = "https://wiki.example.com.acme.net/r"\n'
        'evidence = "https://example.com/findings"\n'
    )

    assert load_slo(path).links.examples() == ["dashboards", "evidence"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SloError, match=r"none\.toml: No such file.*; fix: .*rules slo"):
        load_slo(tmp_path / "none.toml")


@pytest.mark.parametrize("objective", [0.5, 0.7, 0.85, 0.95, 0.99, 0.9999])
def test_every_threshold_can_be_reached_and_lies_above_the_budget(objective: float) -> None:
    budget = 1 - objective
    thresholds = [reachable(objective, tier.factor, tier.share) for tier in TIERS]

    assert all(budget - 1e-6 <= threshold < 1 for threshold in thresholds)
    assert thresholds == sorted(thresholds, reverse=True)


def test_for_small_budgets_the_factors_are_the_workbooks() -> None:
    assert reachable(0.99, 14.4, 0.3) == pytest.approx(0.144)
    assert reachable(0.99, 6, 0.1) == pytest.approx(0.06)


def test_a_file_that_is_not_utf_8_is_refused_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "slo.toml"
    file.write_bytes(b"job = '\x80'")

    with pytest.raises(SloError, match=r"slo\.toml: "):
        load_slo(file)
