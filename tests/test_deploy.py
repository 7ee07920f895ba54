"""What an operator installs from: it names settings, files and addresses that exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from monitor.shell.gateway_file import load_gateway
from monitor.shell.notify_settings import NotifySettings
from monitor.shell.settings import PREFIX, Settings
from tests.paths import ROOT
from tests.rules.conftest import tool

if TYPE_CHECKING:
    from pathlib import Path

DEPLOY = ROOT / "deploy"
FILES = [DEPLOY / "compose.yml", DEPLOY / "Dockerfile", *(DEPLOY / "systemd").iterdir()]
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
_SETTING = re.compile(rf"{PREFIX}([A-Z_]+)")
_MOUNT = re.compile(r"(?P<from>[^:]+):(?P<to>/[^:]+)(:ro)?")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text())
    return content


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_every_setting_that_is_named_exists(path: Path) -> None:
    known = {name.upper() for name in Settings.model_fields}
    known |= {f"NOTIFY_{name.upper()}" for name in NotifySettings.model_fields}

    assert set(_SETTING.findall(path.read_text())) <= known


def test_nothing_is_published_beyond_this_machine(compose: dict[str, Any]) -> None:
    published = [port for one in compose["services"].values() for port in one.get("ports", ())]

    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_every_file_that_is_mounted_exists(compose: dict[str, Any]) -> None:
    mounts = [each for one in compose["services"].values() for each in one.get("volumes", ())]
    told = [_MOUNT.fullmatch(mount) for mount in mounts]
    ours = [one["from"] for one in told if one and one["from"].startswith(".")]

    assert all(told)
    # The operator puts secrets there.
    assert [path for path in ours if not (DEPLOY / path).exists()] == ["./secrets"]


def test_workers_can_write_their_own_directory_only(compose: dict[str, Any]) -> None:
    workers = [one for name, one in compose["services"].items() if name.startswith("worker")]

    assert len(workers) == 2
    for one in workers:
        assert one["read_only"]
        assert one["cap_drop"] == ["ALL"]
        assert [mount.rpartition(":")[2] for mount in one["volumes"]] == [
            "/var/lib/outcome-monitor"
        ]


def test_the_gateway_and_the_notifier_write_nothing(compose: dict[str, Any]) -> None:
    for name in ("gateway", "notifier"):
        one = compose["services"][name]
        assert one["read_only"]
        assert one["cap_drop"] == ["ALL"]
        assert all(mount.endswith(":ro") for mount in one.get("volumes", ()))


def test_a_file_of_a_secret_is_given_to_whom_is_told_of_it(compose: dict[str, Any]) -> None:
    gateway = load_gateway(DEPLOY / "gateway.toml")
    named = {"gateway": [str(path) for path in gateway.sources["own"].secrets]}
    for name, one in compose["services"].items():
        told = one.get("environment", {}).items()
        files = named.get(name, []) + [to for setting, to in told if setting.endswith("_FILE")]

        assert files == [f"/run/secrets/{secret}" for secret in one.get("secrets", ())], name
        assert set(one.get("secrets", ())) <= compose["secrets"].keys()


def test_the_gateway_is_published_where_it_listens(compose: dict[str, Any]) -> None:
    gateway, one = load_gateway(DEPLOY / "gateway.toml"), compose["services"]["gateway"]

    assert one["ports"] == [f"127.0.0.1:{gateway.port}:{gateway.port}"]
    assert f":{gateway.port}/healthz" in one["healthcheck"]["test"][-1]


def test_alertmanager_finds_the_notifier(compose: dict[str, Any]) -> None:
    slo = tomllib.loads((DEPLOY / "slo.toml").read_text())
    port = NotifySettings.model_fields["web_port"].default
    notifier = compose["services"]["notifier"]

    assert slo["links"]["notifier"] == f"http://127.0.0.1:{port}/alerts"
    assert notifier["network_mode"] == "service:alertmanager"
    assert f":{port}/healthz" in notifier["healthcheck"]["test"][-1]


def test_no_image_moves_under_the_feet_of_its_users(compose: dict[str, Any]) -> None:
    images = [one["image"] for one in compose["services"].values()]

    assert not [image for image in images if ":" not in image or image.endswith(":latest")]


def test_the_broker_is_the_one_that_the_tests_run_against(compose: dict[str, Any]) -> None:
    pom = (ROOT / "tests" / "integration" / "kafka" / "pom.xml").read_text()
    (version,) = re.findall(r"<artifactId>kafka_2\.13</artifactId>\s*<version>([^<]+)", pom)

    assert compose["services"]["kafka"]["image"] == f"apache/kafka:{version}"


def test_prometheus_scrapes_every_worker(compose: dict[str, Any]) -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    port = Settings.model_fields["web_port"].default
    workers = [f"{name}:{port}" for name in compose["services"] if name.startswith("worker")]

    assert job["static_configs"][0]["targets"] == workers


def test_prometheus_takes_its_configuration() -> None:
    run = subprocess.run(
        [tool("promtool"), "check", "config", DEPLOY / "prometheus" / "prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr


def test_the_image_runs_as_nobody_in_particular_and_copies_what_there_is() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ")]
    sources = [name for names in copied for name in names if not name.startswith("--from")]

    assert "USER 10001" in lines
    assert all((ROOT / name).exists() for name in sources if not name.startswith("/"))
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in sources if not name.startswith("/")} <= set(ignored)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None and not os.environ.get("CI"):
        pytest.skip("systemd-analyze is not here")
    assert analyze is not None, "CI must check the units: Debian's package is systemd"
    program = tmp_path / "opt" / "outcome-monitor" / "bin" / "outcome-monitor"
    placed = tmp_path / "etc" / "systemd" / "system" / unit.name.replace("@", "@1")
    for path in (program, placed):
        path.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    placed.write_bytes(unit.read_bytes())

    run = subprocess.run(
        [
            analyze,
            "verify",
            "--recursive-errors=no",
            f"--root={tmp_path}",
            f"/{placed.relative_to(tmp_path)}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (run.returncode, run.stderr) == (0, "")


def test_units_run_what_there_is_and_are_shut_in_alike() -> None:
    texts = {unit.stem: unit.read_text() for unit in UNITS}
    ran = {name: re.findall(r"(?m)^ExecStart=\S+ (\S+)", text) for name, text in texts.items()}

    assert ran == {
        "outcome-monitor-gateway": ["ingest"],
        "outcome-monitor-notifier": ["notify"],
        "outcome-monitor@": ["worker"],
    }
    assert len({text.partition("needs nothing else.\n")[2] for text in texts.values()}) == 1
    for text in texts.values():
        assert "ProtectSystem=strict" in text.partition("needs nothing else.\n")[2]
        given = re.findall(r"(?m)^LoadCredential=([^:]+):/etc/outcome-monitor/\1$", text)
        assert re.findall(r"(?m)^Environment=\S+_FILE=%d/(.+)$", text) == given


def test_the_page_about_one_host_starts_every_unit_and_says_the_settings_of_ours() -> None:
    page = (ROOT / "docs" / "linux.md").read_text(encoding="utf-8")
    (started,) = re.findall(r"(?m)^systemctl enable --now (.+)$", page)
    (settings,) = re.findall(r"(?m)^# \S+/worker\.env\n((?:\w+=.*\n)+)", page)
    ours = (DEPLOY / "systemd" / "worker.env").read_text().splitlines(keepends=True)

    assert {re.sub(r"@\d$", "@", one) for one in started.split()} == {unit.stem for unit in UNITS}
    assert settings == "".join(line for line in ours if not line.startswith("#"))
