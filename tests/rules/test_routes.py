"""Every alert reaches the right people, by the shipped configuration of Alertmanager."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from monitor.core.policy import Policy
from monitor.rules.files import alerts, differences
from monitor.rules.routes import NAME, routes
from monitor.rules.slo import load_slo
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.rules.model import Alert

DIRECTORY = ROOT / "deploy" / "alertmanager"
CONFIG = DIRECTORY / "alertmanager.yml"
ALERTS = tuple(alerts(load_slo(ROOT / "deploy" / "slo.toml"), Policy()))
RECEIVER = {
    # By severity, signal and team.
    ("page", "blind", "platform"): "platform-page",
    ("page", "outcome", "ai-support"): "notifier,ai-support-page",
    ("page", "outcome", "ai-release"): "notifier,ai-release-page",
    ("ticket", "outcome", "ai-support"): "tickets",
    ("ticket", "outcome", "ai-release"): "tickets",
    ("ticket", "blind_worker", "platform"): "tickets",
    ("ticket", "dead_letter", "platform"): "tickets",
    ("ticket", "cardinality", "platform"): "tickets",
    ("none", "watchdog", "platform"): "dead-mans-switch",
}
MESSAGE = {
    "status": "firing",
    "receiver": "ai-support-page",
    "groupLabels": {"alertname": "OutcomeSilentFailure", "job": "outcome-monitor", "sf": "SF-09"},
    "commonLabels": {"alertname": "OutcomeSilentFailure", "sf": "SF-09"},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "OutcomeSilentFailure", "sf": "SF-09"},
            "annotations": {
                "summary": f"{number} customers were promised what was not kept",
                "description": "v1: 3.",
                "runbook_url": "https://runbooks/OutcomeSilentFailure.md",
                "evidence": "https://evidence?sf=SF-09",
            },
            "startsAt": "2026-11-26T10:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
        }
        for number in range(7)
    ],
}


def route(amtool: str, *labels: str, receiver: str) -> subprocess.CompletedProcess[str]:
    command = [amtool, "config", "routes", "test", f"--config.file={CONFIG}"]
    return subprocess.run(
        [*command, f"--verify.receivers={receiver}", *labels],
        capture_output=True,
        text=True,
        check=False,
    )


def test_alertmanager_takes_the_configuration(amtool: str) -> None:
    checked = subprocess.run(
        [amtool, "check-config", str(CONFIG)], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "1 templates" in checked.stdout


@pytest.mark.parametrize("kind", RECEIVER, ids="-".join)
def test_each_class_of_alerts_has_its_receiver(amtool: str, kind: tuple[str, str, str]) -> None:
    severity, signal, team = kind
    labels = (f"severity={severity}", f"signal={signal}", f"team={team}", "job=outcome-monitor")
    routed = route(amtool, *labels, receiver=RECEIVER[kind])

    assert routed.returncode == 0, routed.stdout + routed.stderr


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.alert)
def test_every_alert_is_of_a_class_that_has_a_receiver(alert: Alert) -> None:
    assert (alert.severity, alert.signal, alert.team) in RECEIVER


@pytest.mark.parametrize("team", ["night-shift", "ai-support"])
def test_an_alert_of_an_unknown_kind_is_not_lost(amtool: str, team: str) -> None:
    routed = route(amtool, "severity=odd", f"team={team}", receiver="everything-else")

    assert routed.returncode == 0, routed.stdout + routed.stderr


def test_a_page_of_a_team_without_a_receiver_is_not_lost(amtool: str) -> None:
    routed = route(
        amtool,
        *("severity=page", "signal=outcome", "team=night-shift"),
        receiver="notifier,everything-else",
    )

    assert routed.returncode == 0, routed.stdout + routed.stderr


def test_no_secret_is_written_down() -> None:
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    text = json.dumps(config)

    for kind in ("slack_api_url", "smtp_auth_password", "routing_key", "api_key", "credentials"):
        assert f'"{kind}":' not in text
        assert f'"{kind}_file":' in text


def test_every_receiver_is_reached_by_a_route() -> None:
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    named = {receiver["name"] for receiver in config["receivers"]}

    assert named == {*",".join(RECEIVER.values()).split(","), "everything-else"}


def test_no_page_goes_to_the_notifier_alone(amtool: str) -> None:
    for team in ("ai-support", "ai-release", "night-shift"):
        labels = ("severity=page", "signal=outcome", f"team={team}", "job=outcome-monitor")

        assert route(amtool, *labels, receiver="notifier").returncode != 0


def test_the_configuration_that_is_checked_in_is_up_to_date() -> None:
    wanted = routes(load_slo(ROOT / "deploy" / "slo.toml"))

    assert differences(wanted, DIRECTORY, NAME) == []


def test_the_notifier_is_where_the_slo_file_says(tmp_path: Path) -> None:
    path = tmp_path / "slo.toml"
    path.write_text('[links]\nnotifier = "http://notify:9465/alerts"\n')
    config = yaml.safe_load(routes(load_slo(path))[NAME])
    (hook,) = [one for one in config["receivers"] if one["name"] == "notifier"]

    assert hook["webhook_configs"][0]["url"] == "http://notify:9465/alerts"


def test_a_message_shows_five_alerts_and_says_how_many_there_are(
    amtool: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = tmp_path_factory.mktemp("message") / "data.json"
    data.write_text(json.dumps(MESSAGE), encoding="utf-8")
    rendered = subprocess.run(
        [
            *(amtool, "template", "render"),
            f"--template.glob={DIRECTORY}/templates/*.tmpl",
            '--template.text={{ template "outcome.title" . }}{{ template "outcome.text" . }}',
            f"--template.data={data}",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert rendered.startswith("7 firing: OutcomeSilentFailure SF-09 (outcome-monitor)\n")
    assert rendered.count("customers were promised") == 5
    assert "evidence: https://evidence?sf=SF-09" in rendered
    assert "runbook: https://runbooks/OutcomeSilentFailure.md" in rendered
    assert "since 2026-11-26 10:00 UTC" in rendered
    assert "(7 in all, 5 shown)" in rendered
