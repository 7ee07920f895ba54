"""A real Prometheus, and with it a real Alertmanager, on loopback and in a directory of their own.

Rules and routes are those that we ship. Only the waits are shorter: a test looks each second.
"""

from __future__ import annotations

import json
import os
import re
import time
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any, Self

import yaml

from monitor.shell.child import LOOPBACK, ChildProcess, free_port
from tests.paths import ROOT
from tests.rules.conftest import tool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RULES = ROOT / "deploy" / "prometheus" / "rules"
ALERTMANAGER = ROOT / "deploy" / "alertmanager"
JOB = "outcome-monitor"
_INTERVALS = ("scrape_interval", "scrape_timeout", "evaluation_interval")


class Stack:
    """Scrapes the given ports; sends alerts to Alertmanager if there is a ``hook`` for it."""

    def __init__(  # noqa: PLR0913  # it has this many parts
        self,
        directory: Path,
        targets: list[int],
        hook: str = "",
        every: str = "1s",
        notifier: str = "",
        lookback: str = "5m",
    ) -> None:
        """Write the configuration; nothing runs before it is entered.

        ``lookback`` is how old a sample may be to be that of a moment.
        """
        directory.mkdir(exist_ok=True)
        self._directory = directory
        self._every = every
        self._lookback = lookback
        self.port, self._alertmanager_port = free_port(), free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.alertmanager = f"http://{LOOPBACK}:{self._alertmanager_port}"
        self._rules()
        self._configure(targets, alerting=bool(hook))
        self._parts = [self._prometheus()]
        if hook:
            write_routes(directory / "alertmanager.yml", hook, notifier=notifier)
            self._parts.insert(0, alertmanager(directory, self._alertmanager_port))

    def __enter__(self) -> Self:
        for part in self._parts:
            part.start(within_seconds=30)
        return self

    def __exit__(self, *_: object) -> None:
        for part in self._parts:
            part.kill()

    def ask(self, path: str, **parameters: object) -> Any:
        """Return what Prometheus answers."""
        return fetch(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")["data"]

    def query(self, expr: str) -> list[Any]:
        """Return the series of an expression now."""
        return list(self.ask("query", query=expr)["result"])

    def suppressed(self) -> list[dict[str, str]]:
        """Return the labels of all alerts of which Alertmanager tells nobody."""
        return suppressed(self._alertmanager_port)

    def _rules(self) -> None:
        directory = self._directory / "rules"
        directory.mkdir(exist_ok=True)
        for path in RULES.glob("*.yml"):
            text = re.sub(r"^  interval: .*\n", "", path.read_text(), flags=re.MULTILINE)
            text = re.sub(r"^    for: .*\n", "", text, flags=re.MULTILINE)
            text = re.sub(r"keep_firing_for: .*", "keep_firing_for: 2s", text)
            (directory / path.name).write_text(text)

    def _configure(self, targets: list[int], *, alerting: bool) -> None:
        addresses = [f"{LOOPBACK}:{port}" for port in targets]
        config: dict[str, Any] = {
            "global": dict.fromkeys(_INTERVALS, self._every),
            "rule_files": [str(self._directory / "rules" / "*.yml")],
            "scrape_configs": [{"job_name": JOB, "static_configs": [{"targets": addresses}]}],
        }
        if alerting:
            manager = {"targets": [f"{LOOPBACK}:{self._alertmanager_port}"]}
            config["alerting"] = {"alertmanagers": [{"static_configs": [manager]}]}
        (self._directory / "prometheus.yml").write_text(yaml.safe_dump(config))

    def _prometheus(self) -> ChildProcess:
        command = [
            tool("prometheus"),
            f"--config.file={self._directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._directory / 'tsdb'}",
            "--storage.tsdb.retention.time=10y",
            f"--query.lookback-delta={self._lookback}",
            f"--web.listen-address={LOOPBACK}:{self.port}",
            "--web.cors.origin=.*",
            "--enable-feature=exemplar-storage",
            # What fires before Alertmanager is found would be sent again after a minute only.
            "--rules.alert.resend-delay=1s",
            "--log.level=warn",
        ]
        return ChildProcess(
            "Prometheus",
            command,
            is_ready=lambda: answers(f"{self.url}/-/ready"),
            log=self._directory / "prometheus.log",
            environment=os.environ,
        )


def alertmanager(directory: Path, port: int) -> ChildProcess:
    """Alertmanager by the configuration in a directory."""
    address = f"{LOOPBACK}:{port}"
    command = [
        tool("prometheus-alertmanager"),
        f"--config.file={directory / 'alertmanager.yml'}",
        f"--storage.path={directory / 'alertmanager'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    return ChildProcess(
        "Alertmanager",
        command,
        is_ready=lambda: answers(f"http://{address}/-/ready"),
        log=directory / "alertmanager.log",
        environment=os.environ,
    )


def suppressed(port: int) -> list[dict[str, str]]:
    """Return the labels of all alerts of which an Alertmanager tells nobody."""
    asked = "active=false&silenced=false&unprocessed=false&inhibited=true"
    alerts = fetch(f"http://{LOOPBACK}:{port}/api/v2/alerts?{asked}")
    return [alert["labels"] for alert in alerts]


def post(port: int, *alerts: dict[str, str]) -> None:
    """Tell an Alertmanager of alerts by their labels, one after the other."""
    body = json.dumps([{"labels": labels} for labels in alerts]).encode()
    headers = {"Content-Type": "application/json"}
    address = f"http://{LOOPBACK}:{port}/api/v2/alerts"
    urllib.request.urlopen(
        urllib.request.Request(address, body, headers),
        timeout=30,
    ).close()


def write_routes(path: Path, hook: str, *inhibitions: dict[str, Any], notifier: str = "") -> None:
    """Our own routes, with short waits, and every receiver a page of one webhook.

    ``inhibitions`` are further ones, behind our own; a ``notifier`` is told at its own address.
    """
    config = yaml.safe_load((ALERTMANAGER / "alertmanager.yml").read_text())
    config["global"] = {"resolve_timeout": "5m"}
    config["templates"] = [str(ALERTMANAGER / "templates" / "*.tmpl")]
    config["receivers"] = [
        {"name": one["name"], "webhook_configs": [{"url": f"{hook}/{one['name']}"}]}
        for one in config["receivers"]
    ]
    for one in config["receivers"]:
        if notifier and one["name"] == "notifier":
            one["webhook_configs"][0]["url"] = notifier
    config["inhibit_rules"] += inhibitions
    _hurry(config["route"])
    path.write_text(yaml.safe_dump(config))


def _hurry(route: dict[str, Any]) -> None:
    for key in ("group_wait", "group_interval"):
        if key in route:
            route[key] = "1s"
    for below in route.get("routes", ()):
        _hurry(below)


def fetch(url: str) -> Any:
    """Return the JSON behind an address of this machine."""
    return json.loads(page(url))


def page(url: str) -> str:
    """Return the text behind an address of this machine."""
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  # ours
        text: str = answer.read().decode()
        return text


def wait_until(holds: Callable[[], object], *, within_seconds: float = 60) -> None:
    """Ask again and again; the deadline is far, for a busy machine is no failure."""
    deadline = time.monotonic() + within_seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.2)


def answers(url: str) -> bool:
    """Whether somebody answers there with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  # ours
            return bool(answer.status == 200)
    except OSError:
        return False
