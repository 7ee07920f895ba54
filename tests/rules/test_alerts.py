"""Every alert fires when it should, does not when it should not, and says what people need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.core.policy import Policy
from monitor.rules.files import alerts
from monitor.rules.links import EXAMPLES
from monitor.rules.slo import load_slo
from monitor.shell.partition import EXEMPLIFIED
from tests.paths import ROOT
from tests.rules import cases_monitor, cases_outcomes, cases_versions
from tests.rules.cases import FIRING, QUIET

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rules.cases import Case

ALERTS = tuple(alerts(load_slo(ROOT / "deploy" / "slo.toml"), Policy()))
NAMES = {alert.alert for alert in ALERTS}
# They are imported for what they register.
MODULES = (cases_monitor, cases_outcomes, cases_versions)


def _all(cases: dict[str, list[Case]]) -> list[object]:
    return [
        pytest.param(case, id=f"{alert}-{case.__name__}")
        for alert, stories in cases.items()
        for case in stories
    ]


@pytest.mark.parametrize("case", _all(FIRING))
def test_it_fires(promtool: str, tmp_path: Path, case: Case) -> None:
    case().hold(promtool, tmp_path)


@pytest.mark.parametrize("case", _all(QUIET))
def test_it_is_quiet(promtool: str, tmp_path: Path, case: Case) -> None:
    case().hold(promtool, tmp_path)


def test_every_alert_has_a_story_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    assert set(FIRING) == NAMES
    # The dead man's switch is never quiet.
    assert set(QUIET) == NAMES - {"MonitorWatchdog"}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.alert)
def test_an_alert_says_who_is_told_and_where_to_read_on(alert: object) -> None:
    labels = getattr(alert, "labels", {})
    assert getattr(alert, "severity", "") in {"page", "ticket", "none"}
    assert getattr(alert, "signal", "")
    assert getattr(alert, "team", "")
    assert not set(labels) & {"severity", "signal", "team"}
    annotations = getattr(alert, "annotations", {})
    assert annotations["runbook_url"].endswith(f"/{getattr(alert, 'alert', '')}.md")
    assert "ustomer" in getattr(alert, "summary", "") or getattr(alert, "signal", "") == "blind"
    if getattr(alert, "signal", "") == "outcome":
        assert annotations["evidence"].startswith("https://")
        assert "topk(3" in getattr(alert, "description", "") or labels.get("slo") is not None


def test_examples_are_of_counters_that_have_exemplars() -> None:
    told = [one for one in ALERTS if EXAMPLES in one.annotations]
    without = {one.labels.get("slo") for one in ALERTS if one.signal == "outcome"}
    without -= {one.labels.get("slo") for one in told}

    assert {one.annotations[EXAMPLES].partition("{")[0] for one in told} == set(EXEMPLIFIED)
    assert without == {"escalation_precision", "escalation_recall", "misrouted"}
    assert {one.signal for one in told} == {"outcome"}


def test_an_objective_has_no_examples_where_they_could_be_anothers(tmp_path: Path) -> None:
    path = tmp_path / "slo.toml"
    path.write_text(
        '[[objective]]\nindicator = "promise_kept"\nobjective = 0.9\nlabels = ["kind"]\n'
        'says = "Promises of a kind were not kept"\n'
    )
    objective = [one for one in alerts(load_slo(path), Policy()) if one.labels.get("slo")]

    assert objective
    assert not any(EXAMPLES in one.annotations for one in objective)
