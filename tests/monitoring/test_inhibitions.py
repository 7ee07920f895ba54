"""Which alert keeps which to itself, by the shipped configuration and the real Alertmanager."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.shell.child import LOOPBACK, free_port
from tests.monitoring.servers import Hook, Server
from tests.monitoring.stack import JOB, alertmanager, post, suppressed, wait_until, write_routes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Alertmanager takes alerts one by one: when the probe is suppressed, all before were considered.
LAST = {"alertname": "Last"}
PROBE = {"alertname": "Probe"}
PROBING = {
    "source_matchers": ['alertname="Last"'],
    "target_matchers": ['alertname="Probe"'],
}


def page(name: str, signal: str = "outcome", **labels: str) -> dict[str, str]:
    return {"alertname": name, "severity": "page", "signal": signal, "job": JOB, **labels}


def ticket(name: str, signal: str = "outcome", **labels: str) -> dict[str, str]:
    return page(name, signal, **labels) | {"severity": "ticket"}


BLIND = page("MonitorLagging", "blind", topic="cx.conversations")
ABSENT = page("MonitorAbsent", "blind")
BURNING = page("OutcomeBurnFast", slo="durability_24h", ai_version="v1")
BROKEN = page("OutcomeSilentFailure", sf="SF-09")


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Give the port of a running Alertmanager."""
    number = free_port()
    with Server(Hook().take) as told:
        write_routes(tmp_path / "alertmanager.yml", f"http://{LOOPBACK}:{told.port}", PROBING)
        running = alertmanager(tmp_path, number)
        running.start(within_seconds=30)
        try:
            yield number
        finally:
            running.kill()


def quieted(port: int, *alerts: dict[str, str]) -> list[dict[str, str]]:
    """Return those of the alerts of which nobody is told while all of them fire."""
    post(port, *alerts, PROBE)
    post(port, LAST)
    wait_until(lambda: PROBE in suppressed(port))
    held_back = suppressed(port)
    return [one for one in alerts if one in held_back]


def test_while_the_monitor_is_blind_nobody_is_told_of_outcomes(port: int) -> None:
    elsewhere = BURNING | {"job": "staging"}

    assert quieted(port, BLIND, BURNING, BROKEN, elsewhere) == [BURNING, BROKEN]


def test_a_ticket_of_a_blind_part_hides_no_page(port: int) -> None:
    assert quieted(port, ticket("MonitorDeadLetters", "dead_letter"), BURNING) == []


def test_who_was_woken_gets_no_ticket_about_the_same(port: int) -> None:
    same = ticket("OutcomeBudgetOverspent", slo="durability_24h", ai_version="v1")
    other = same | {"ai_version": "v2"}

    assert quieted(port, BURNING, same, other) == [same]


def test_a_fast_burn_hides_the_slow_one_of_the_same_objective(port: int) -> None:
    slow = BURNING | {"alertname": "OutcomeBurnSlow"}
    other = slow | {"slo": "promise_kept"}

    assert quieted(port, BURNING, slow, other) == [slow]


def test_failures_that_are_certain_hide_that_there_are_many_of_the_kind(port: int) -> None:
    spike = page("OutcomeSilentFailureSpike", sf="SF-09", confidence="confirmed")
    other = spike | {"sf": "SF-14"}

    assert quieted(port, BROKEN, spike, other) == [spike]


def test_when_all_workers_are_away_each_single_one_is_no_news(port: int) -> None:
    down = ticket("MonitorWorkerDown", "blind_worker", instance="w1")

    assert quieted(port, ABSENT, down) == [down]


def test_a_worker_that_is_away_is_news_while_others_lag(port: int) -> None:
    down = ticket("MonitorWorkerDown", "blind_worker", instance="w1")

    assert quieted(port, BLIND, down) == []
