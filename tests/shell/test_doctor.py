"""What the doctor reads from workers' pages. Of the rest: tests/monitoring/test_doctor.py."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from monitor.shell.doctor import examine_workers
from monitor.shell.doctor_alerts import examine_alertmanager
from monitor.shell.settings import PREFIX, Settings
from tests.monitoring.servers import Server

if TYPE_CHECKING:
    from monitor.shell.doctor import Ailment
    from tests.shell.conftest import Run

SETTINGS = Settings(partitions=2)


def test_each_wrong_setting_is_told_with_its_fix(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # What it does to the logs of its own process would last until other tests.
    monkeypatch.setattr(logging.getLogger("aiokafka"), "setLevel", lambda _: None)
    monkeypatch.setenv(f"{PREFIX}PARTITIONS", "many")
    monkeypatch.setenv(f"{PREFIX}PARTITION", "12")
    status, out, _ = run("doctor")

    assert (status, out.count("fix: ")) == (1, 2)


def page(*partitions: int, **samples: float) -> str:
    """Make the page of a worker with these partitions, and such samples of its health."""
    told = {"cx_monitor_partitions": 2.0} | samples
    lines = [f'cx_monitor_watermark_timestamp_seconds{{partition="{n}"}} 1' for n in partitions]
    return "".join(f"{line}\n" for line in (*lines, *(f"{k} {v}" for k, v in told.items())))


def _text(text: str, _path: str, _body: bytes) -> str:
    return text


def examined(*pages: str, ahead: timedelta = timedelta()) -> list[Ailment]:
    with ExitStack() as running:
        servers = [running.enter_context(Server(partial(_text, text))) for text in pages]
        urls = [f"http://127.0.0.1:{server.port}" for server in servers]
        now = datetime.fromtimestamp(time.time(), UTC)
        return asyncio.run(examine_workers(urls, SETTINGS, now - ahead))


def test_workers_that_have_all_partitions_between_them_are_fine() -> None:
    assert examined(page(0), page(1)) == []
    assert examined(page(0, 1)) == []


FAULTS = [
    ("a partition that nobody has", [page(0)], "none of these workers has partitions 1"),
    ("one that two have", [page(0, 1), page(1)], "several workers show partitions 1"),
    (
        "another count",
        [page(0, 1, cx_monitor_partitions=3)],
        "is set up for 3 partitions, we for 2",
    ),
    (
        "a long lag",
        [page(0, 1) + 'cx_monitor_lag_seconds{topic="cx.handoffs",partition="1"} 301\n'],
        "is 301 s behind on cx.handoffs",
    ),
    (
        "a blind signal",
        [page(0, 1) + 'cx_monitor_blind{signal="ledger",partition="1"} 1\n'],
        "is blind: ledger",
    ),
    (
        "producers ahead of their time",
        [page(0, 1) + 'cx_clock_skewed_total{topic="cx.handoffs",partition="1"} 4\n'],
        "4 events on cx.handoffs were dated after they arrived",
    ),
]


@pytest.mark.parametrize(("_name", "pages", "what"), FAULTS, ids=[one[0] for one in FAULTS])
def test_what_a_page_says_of_a_sick_worker_is_told(_name: str, pages: list[str], what: str) -> None:
    assert any(what in one.what and one.fix for one in examined(*pages))


def test_a_clock_that_is_ten_minutes_off_is_told() -> None:
    (ahead,) = examined(page(0, 1), ahead=timedelta(minutes=10))
    (behind,) = examined(page(0, 1), ahead=timedelta(minutes=-10))

    assert "s ahead of ours" in ahead.what
    assert "s behind of ours" in behind.what


def test_who_is_no_worker_is_named() -> None:
    (stranger,) = examined("<!doctype html><p>Not here.")

    assert "answers, but not as a worker does" in stranger.what


def test_who_is_no_alertmanager_is_named() -> None:
    with Server(partial(_text, "<!doctype html>")) as server:
        (stranger,) = asyncio.run(examine_alertmanager(f"http://127.0.0.1:{server.port}"))

    assert "answers, but not as Alertmanager does" in stranger.what


def test_a_small_lag_and_a_small_skew_are_nothing() -> None:
    lag = 'cx_monitor_lag_seconds{topic="cx.handoffs",partition="1"} 299\n'

    assert examined(page(0, 1) + lag, ahead=timedelta(seconds=55)) == []
