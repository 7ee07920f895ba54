"""`outcome-monitor doctor` beside a real broker, worker, Prometheus and Alertmanager."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.shell.settings import PREFIX
from tests.build import started
from tests.integration.traffic import send
from tests.integration.worker import HASH_KEY, PARTITIONS, Worker
from tests.monitoring.servers import Hook, Server
from tests.monitoring.stack import Stack, page, wait_until
from tests.page.stories import message
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.shell.embedded import EmbeddedBroker

# Where nobody waits for the second, Prometheus need not work each second.
EVERY = "5s"
DEAD = "http://127.0.0.1:1"
GROUP = "examined"


@dataclass
class Installation:
    """What runs, and what a doctor is told of it."""

    worker: Worker
    stack: Stack
    files: Path
    settings: dict[str, str] = field(default_factory=dict)

    def says(self, *, alertmanager: str = "", **settings: object) -> tuple[int, dict[str, str]]:
        """Return the status, and all that is wrong by what it is about; ``slo`` is an option."""
        slo = settings.pop("slo", ROOT / "deploy" / "slo.toml")
        told = self.settings | {f"{PREFIX}{name.upper()}": str(to) for name, to in settings.items()}
        run = subprocess.run(
            [
                *(sys.executable, "-m", "monitor.cli", "doctor", "--json", "--slo", str(slo)),
                *("--worker", f"http://127.0.0.1:{self.worker.port}"),
                *("--prometheus", self.stack.url),
                *("--alertmanager", alertmanager or self.stack.alertmanager),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.files,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | told,
        )
        assert not run.stderr
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        assert all(line["fix"] for line in lines)
        told_of: dict[str, str] = defaultdict(str)
        for line in lines:
            told_of[line["about"]] += f"{line['what']}\n"
        return run.returncode, told_of


@pytest.fixture(scope="module")
def installation(
    embedded: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    files, hook = tmp_path_factory.mktemp("doctor"), Hook()
    (files / "hash.key").write_bytes(HASH_KEY)
    with ExitStack() as running:
        told = running.enter_context(Server(hook.take))
        worker = running.enter_context(Worker(embedded.bootstrap, GROUP, files / "worker"))
        address = f"http://127.0.0.1:{told.port}"
        stack = running.enter_context(
            Stack(files / "stack", [worker.port], hook=address, every=EVERY)
        )
        wait_until(lambda: hook.alerts("dead-mans-switch"))
        settings = {
            f"{PREFIX}KAFKA_BOOTSTRAP": embedded.bootstrap,
            f"{PREFIX}GROUP": GROUP,
            f"{PREFIX}PARTITIONS": str(PARTITIONS),
            f"{PREFIX}HASH_KEY_FILE": str(files / "hash.key"),
        }
        yield Installation(worker, stack, files, settings)


def test_a_healthy_installation_is_fine(installation: Installation) -> None:
    assert installation.says() == (0, {})


def test_each_planted_fault_is_found(installation: Installation) -> None:
    files = installation.files
    policy, strict = files / "policy.toml", files / "strict.toml"
    policy.write_text('horizons = ["24h", "5d", "7d"]\nage_edges = ["0s", "24h", "5d", "7d"]\n')
    strict.write_text('late_max = "soon"\n')
    slo = (ROOT / "deploy" / "slo.toml").read_text()
    other_job = files / "slo.toml"
    other_job.write_text(slo.replace('job = "outcome-monitor"', 'job = "somebody-else"'))
    stricter = files / "stricter.toml"
    stricter.write_text(slo.replace("objective = 0.85", "objective = 0.9", 1))

    def found(about: str, **planted: object) -> str:
        status, told = installation.says(**planted)  # type: ignore[arg-type]  # words or files
        assert status == 1
        return told[about]

    assert "no such file" in found("settings", hash_key_file=files / "lost.key").lower()
    assert "late_max" in found("settings", policy_file=strict)
    assert f"{PREFIX}PARTITIONS" in found("settings", partitions="many")
    assert "no Kafka broker answers" in found("topics", kafka_bootstrap="127.0.0.1:1")
    assert "does not exist" in found("topics", group="somebody-else")
    assert "partitions and 8 are wanted" in found("topics", partitions=8)
    assert "is set up for 4 partitions" in found("workers", partitions=8)
    assert "has other rules than ours" in found("prometheus", policy_file=policy)
    assert (
        "has other rules than ours in cx-slo-alerts, cx-slo-budgets, cx-slo-objectives: "
        in found("prometheus", slo=stricter)
    )
    assert "has no job somebody-else" in found("prometheus", slo=other_job)
    assert "nobody answers" in found("alertmanager", alertmanager=DEAD)


def test_alerts_that_nobody_gets_are_found(installation: Installation) -> None:
    worker, files = installation.worker, installation.files
    with Stack(files / "deaf", [worker.port], hook=DEAD, every=EVERY) as deaf:
        failed = "alertmanager_notifications_failed_total"
        wait_until(lambda: _counts(f"{deaf.alertmanager}/metrics", failed))
        _, told = Installation(worker, deaf, files, installation.settings).says()
    assert "notifications by webhook" in told["alertmanager"]

    with Stack(files / "alone", [worker.port], every=EVERY) as alone:
        one = Installation(worker, alone, files, installation.settings)
        _, told = one.says(alertmanager=installation.stack.alertmanager)
    assert "knows no Alertmanager" in told["prometheus"]


def test_what_does_not_run_is_named(installation: Installation, tmp_path: Path) -> None:
    lost = Worker("127.0.0.1:1", GROUP, tmp_path / "lost")
    with Stack(tmp_path / "stack", [lost.port], every=EVERY) as stack:
        wait_until(lambda: stack.query("up == 0"))
        one = Installation(lost, stack, tmp_path, installation.settings)
        _, told = one.says(alertmanager=installation.stack.alertmanager)

    assert "nobody answers" in told["workers"]
    assert "cannot scrape" in told["prometheus"]


def test_a_producer_that_is_ahead_is_found_while_it_is(installation: Installation) -> None:
    """Runs last, for the worker has it on its page from then on."""
    tomorrow = datetime.fromtimestamp(time.time(), UTC) + timedelta(days=1)
    bootstrap = installation.settings[f"{PREFIX}KAFKA_BOOTSTRAP"]
    asyncio.run(send(bootstrap, [message(started("ann", tomorrow))]))
    wait_until(lambda: installation.stack.query("increase(cx_clock_skewed_total[1h]) > 0"))
    status, told = installation.says()

    assert "were dated after they arrived, in the last hour" in told["prometheus"]
    assert "has ever counted 1 events on cx.conversations" in told["workers"]
    assert status == 1


def _counts(url: str, name: str) -> bool:
    lines = page(url).splitlines()
    return any(line.startswith(name) and float(line.rpartition(" ")[2]) > 0 for line in lines)
