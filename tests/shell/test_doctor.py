"""What the doctor reads from workers' pages. Of the rest: tests/monitoring/test_doctor.py."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from monitor.shell.doctor import examine_workers
from monitor.shell.doctor_alerts import examine_alertmanager, examine_prometheus
from monitor.shell.settings import PREFIX, Settings
from monitor.shell.web_group import OWNERS
from tests.monitoring.servers import Server

if TYPE_CHECKING:
    from collections.abc import Mapping

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
]


@pytest.mark.parametrize(("_name", "pages", "what"), FAULTS, ids=[one[0] for one in FAULTS])
def test_what_a_page_says_of_a_sick_worker_is_told(_name: str, pages: list[str], what: str) -> None:
    assert any(what in one.what and one.fix for one in examined(*pages))


def found_by_one(owners: str | int) -> list[Ailment]:
    """Examine a group by the first of its workers, who gives such an answer about owners."""

    def one(path: str, _body: bytes) -> str | int:
        return owners if path == OWNERS else page(0)

    with Server(one) as server:
        now = datetime.fromtimestamp(time.time(), UTC)
        return asyncio.run(examine_workers([f"http://127.0.0.1:{server.port}/"], SETTINGS, now))


def test_those_who_are_not_named_are_found_by_one_who_is() -> None:
    with Server(partial(_text, page(1))) as other:
        told = f'{{"0": "http://127.0.0.1:1", "1": "http://127.0.0.1:{other.port}/"}}'
        assert found_by_one(told) == []

    (silent,) = found_by_one(told)
    assert f"nobody answers at http://127.0.0.1:{other.port}/readyz" in silent.what
    assert "where workers reach each other" in silent.fix


@pytest.mark.parametrize("told", [401, "{}", "not found", '{"1": 1}'])
def test_who_does_not_tell_of_the_others_must_be_helped(told: str | int) -> None:
    (missing,) = found_by_one(told)

    assert "none of these workers has partitions 1" in missing.what
    assert "WEB_TOKEN_FILE" in missing.fix


def test_a_clock_that_is_ten_minutes_off_is_told() -> None:
    (ahead,) = examined(page(0, 1), ahead=timedelta(minutes=10))
    (behind,) = examined(page(0, 1), ahead=timedelta(minutes=-10))

    assert "s ahead of ours" in ahead.what
    assert "s behind of ours" in behind.what


def test_producers_that_were_once_ahead_are_a_note_for_ever() -> None:
    skewed = 'cx_clock_skewed_total{topic="cx.handoffs",partition="%s"} 2\n'
    (once,) = examined(page(0, 1) + skewed % 0 + skewed % 1)

    assert "has ever counted 4 events on cx.handoffs that were dated after" in once.what
    assert once.is_note


def test_workers_of_different_releases_are_a_note_for_an_upgrade_may_be_on() -> None:
    release = 'cx_monitor_build_info{version="0.%s.0"} 1\n'

    assert examined(page(0) + release % 1, page(1) + release % 1) == []
    (mixed,) = examined(page(0) + release % 2, page(1) + release % 1)
    assert mixed.what.endswith("run different releases: 0.1.0, 0.2.0")
    assert mixed.is_note


WANTED = {"one": "a", "two": "b"}


def prometheus_has(*groups: tuple[str, str, str], wanted: Mapping[str, str] = WANTED) -> str:
    """What is wrong with rules, where some groups are wanted and these are loaded."""

    def rules(_path: str, _body: bytes) -> str:
        seals = [
            {"name": name, "rules": [{"name": "cx:rules:info", "health": "ok", "labels": labels}]}
            for name, digest, release in groups
            for labels in [{"digest": digest, "release": release} if release else {}]
        ]
        told = {"activeTargets": [], "activeAlertmanagers": [1], "result": [], "groups": seals}
        return json.dumps({"data": told})

    with Server(rules) as server:
        url = f"http://127.0.0.1:{server.port}"
        found = asyncio.run(examine_prometheus(url, "ours", wanted))
    return "".join(one.what for one in found if "rules" in one.what)


def test_groups_of_rules_that_are_others_are_named_with_who_wrote_them() -> None:
    one, two = ("one", "a", "0.1.0"), ("two", "b", "0.1.0")

    assert prometheus_has(one, two, ("three", "c", "9")) == ""
    eight = dict.fromkeys("12345678", "b")
    many = prometheus_has(*((name, "a", "0.1.0") for name in eight), wanted=eight)
    assert "ours in 1, 2, 3, 4, 5 and 3 more: " in many
    assert prometheus_has(one, two, two) == ""
    assert "has not loaded 1 of our 2 groups" in prometheus_has(one)
    old = prometheus_has(one, ("two", "c", "0.0.9"))
    assert "other rules than ours in two: " in old
    assert old.endswith("(by 0.0.9)")
    assert prometheus_has(("one", "a", ""), two).endswith("(by one that did not say)")
    # A file that was left behind beside the new one.
    assert "ours in two: " in prometheus_has(one, ("two", "c", "0.0.9"), two)


ATTEMPTS = "alertmanager_notification_requests"
LATELY = {"data": {"result": [{"metric": {"integration": "webhook"}, "value": [1, "2"]}]}}


def delivered(all_: int, failed: int, lately: object = None) -> list[bool]:
    """Examine an Alertmanager that failed so often; give whether that is merely noted."""
    counted = {"total": all_, "failed_total": failed}
    lines = [f'{ATTEMPTS}_{k}{{integration="webhook"}} {v}\n' for k, v in counted.items()]

    def answer(path: str, _body: bytes) -> str:
        return (
            json.dumps(lately)
            if "query" in path
            else "".join(lines)
            if path == "/metrics"
            else "[1]"
        )

    with Server(answer) as server:
        url = f"http://127.0.0.1:{server.port}"
        found = asyncio.run(examine_alertmanager(url, url if lately else None))
    assert all("attempts to deliver notifications by webhook" in one.what for one in found)
    return [one.is_note for one in found]


def test_notifications_that_failed_once_are_a_note_and_those_that_fail_now_are_wrong() -> None:
    nothing: dict[str, object] = {"data": {"result": []}}

    assert delivered(9, 0) == delivered(0, 0) == []
    assert delivered(9, 2) == delivered(9, 2, nothing) == [True]
    assert delivered(9, 9) == delivered(9, 9, nothing) == delivered(9, 2, LATELY) == [False]


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
