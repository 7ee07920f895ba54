"""What an operator sees of a worker: its three pages, and how it refuses to start."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from monitor.core.catalogue import METRICS
from monitor.core.moments import seconds
from monitor.core.policy import Policy
from monitor.core.reading import total
from monitor.shell.embedded import EmbeddedBroker
from monitor.shell.settings import PREFIX
from tests.build import said
from tests.integration.traffic import Message, send
from tests.integration.worker import Worker
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from prometheus_client.core import Metric

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
LATENESS = seconds(Policy().lateness)
TOO_LONG = 40


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    """Keep a broker on which the topics have the worker's own partition count."""
    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture(scope="module")
def worker(broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """Keep a worker, and have seen it up before it was ready."""
    directory = tmp_path_factory.mktemp("worker")
    scores = directory / "scores.toml"
    scores.write_text("[suite]\nv1 = 0.7\n", encoding="utf-8")
    group = f"pages-{uuid4()}"
    worker = Worker(
        broker.bootstrap,
        group,
        directory,
        idle_after_seconds=1,
        benchmarks_file=scores,
        # A write takes half of it at most, which is longer than the broker is stopped for here.
        session_timeout_seconds=12,
    )
    try:
        worker.start(awaited="/healthz")
        assert worker.get("/readyz")[::2] == (503, "recovering partitions\n")
        worker.wait_until(lambda: worker.get("/readyz")[0] == 200)
        yield worker
    finally:
        worker.kill()


def test_it_is_up_and_ready(worker: Worker) -> None:
    assert worker.get("/healthz")[::2] == (200, "up\n")
    assert worker.get("/readyz")[::2] == (200, "ready\n")


def test_the_pages_are_served_on_loopback_only(worker: Worker) -> None:
    """Who listens on all addresses listens on this one too."""
    with pytest.raises(OSError, match=r"refused|timed out|unreachable|assign"):
        socket.create_connection(("127.0.0.2", worker.port), timeout=1)


def test_metrics_come_as_classic_text(worker: Worker) -> None:
    status, content_type, page = worker.get("/metrics")

    assert (status, content_type.partition(";")[0]) == (200, "text/plain")
    assert undocumented(text_string_to_metric_families(page)) == set()


def test_metrics_come_as_openmetrics_to_who_asks_for_it(worker: Worker) -> None:
    status, content_type, page = worker.get("/metrics", accept=OPENMETRICS)

    assert (status, content_type.partition(";")[0]) == (200, "application/openmetrics-text")
    assert page.endswith("# EOF\n")
    families = openmetrics.text_string_to_metric_families(page)  # type: ignore[no-untyped-call]
    assert undocumented(families) == set()


def test_it_tells_how_late_it_reads_and_what_benchmarks_say(worker: Worker) -> None:
    _, _, page = worker.get("/metrics")

    lags = re.findall(
        r'^cx_monitor_lag_seconds\{partition="\d",topic="[a-z.]+"\} ', page, re.MULTILINE
    )
    assert len(lags) == 3 * 4
    assert "\ncx_monitor_partitions 4.0\n" in page
    assert '\ncx_benchmark_score{ai_version="v1",suite="suite"} 0.7\n' in page


def test_silent_topics_do_not_hold_up_time(broker: EmbeddedBroker, worker: Worker) -> None:
    written = time.time()
    hour_ago = datetime.fromtimestamp(written - 3600, UTC)
    event = said("conversation.started", hour_ago, {"conversation_id": "c1"})
    value = event.model_dump_json(exclude_none=True).encode()
    asyncio.run(send(broker.bootstrap, [Message("cx.conversations", b"c1", value)]))
    worker.wait_until(lambda: total(worker.reading(), "cx_conversations_total") == 1)
    worker.wait_until_applied(written - LATENESS)

    assert max(worker.watermarks().values()) <= time.time() - LATENESS


def test_time_stands_still_while_the_broker_does_not_answer(
    broker: EmbeddedBroker, worker: Worker
) -> None:
    """What it would say may be something that happened long before."""
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        stopped = time.time()
        worker.wait_until(lambda: time.time() > stopped + 4)
        assert max(worker.watermarks().values()) <= stopped - LATENESS
        # It tells that partitions are recovered, and nothing of the broker (docs/operations.md).
        assert worker.get("/readyz")[0] == 200
    finally:
        os.kill(broker.pid, signal.SIGCONT)
    worker.wait_until_applied(stopped - LATENESS)


def test_there_is_no_other_page(worker: Worker) -> None:
    assert worker.get("/nothing")[0] == 404
    assert worker.get("/page/..%2fweb.py")[0] == 404


@pytest.mark.usefixtures("worker")  # whose topics are there by then
def test_what_the_operator_must_change_is_named(broker: EmbeddedBroker, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refusals = {
            name: refusal(tmp_path, {"KAFKA_BOOTSTRAP": broker.bootstrap} | {name: value})
            for name, value in {
                "HASH_KEY_FILE": "",
                "WEB_PORT": port,
                "WEB_HOST": "0.0.0.0",  # noqa: S104  # which is refused
                "PARTITIONS": 3,
                "KAFKA_BOOTSTRAP": "127.0.0.1:1",
            }.items()
        }

    assert f"{PREFIX}WEB_TOKEN_FILE is not set" in refusals["WEB_HOST"]
    assert f"{PREFIX}WEB_CLIENT_CA_FILE" in refusals["WEB_HOST"]
    for name in ("HASH_KEY_FILE", "WEB_PORT", "WEB_HOST", "KAFKA_BOOTSTRAP"):
        assert f"{PREFIX}{name}" in refusals[name]
    assert "topic cx.conversations has 4 partitions, but 3 are wanted" in refusals["PARTITIONS"]


def undocumented(families: Iterable[Metric]) -> set[str]:
    """Return the metrics of the catalogue that a page does not explain."""
    told = {family.name: family.documentation for family in families}
    names = {metric.name: metric.name.removesuffix("_total") for metric in METRICS.values()}
    return {name for name, family in names.items() if told.get(family) != METRICS[name].help}


def refusal(directory: Path, settings: dict[str, object]) -> str:
    """Start a worker that cannot start; return the one line in which it says why."""
    key = directory / "hash.key"
    key.write_text("a secret that is long enough")
    told = {"HASH_KEY_FILE": key, "WEB_PORT": 0, "DATA_DIR": directory} | settings
    ended = subprocess.run(
        [sys.executable, "-m", "monitor.cli", "worker"],
        env=os.environ
        | {"PYTHONPATH": str(ROOT)}
        | {f"{PREFIX}{name}": str(value) for name, value in told.items()},
        capture_output=True,
        text=True,
        timeout=TOO_LONG,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Traceback" not in ended.stderr
    errors = re.findall(r"^error: .*$", ended.stderr, re.MULTILINE)
    assert len(errors) == 1, ended.stderr
    return str(errors[0])
