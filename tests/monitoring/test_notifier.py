"""The notifier between a real Alertmanager and a chat, with a real Prometheus to ask."""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from monitor.shell.child import LOOPBACK, free_port
from tests.monitoring.notifying import Chat, Notifier
from tests.monitoring.servers import Hook, Server
from tests.monitoring.stack import Stack, alertmanager, post, wait_until, write_routes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
NEW, OLD, OTHER, GUESS, LOOSE, SAME = (digit * 32 for digit in "123456")
NOW = time.time()
BROKEN = 'cx_silent_failures_total{job="outcome-monitor", sf="SF-09", confidence="confirmed"}[15m]'


def page(path: str, body: bytes) -> str:
    """Counters of a worker, as far as they have exemplars."""
    del path, body
    silent, failed = "cx_silent_failures", "cx_resolution_failures"
    lines = [
        (silent, 'sf="SF-09",confidence="confirmed",ai_version="v1"', OLD, 600),
        (silent, 'sf="SF-09",confidence="confirmed",ai_version="v2"', NEW, 60),
        (silent, 'sf="SF-09",confidence="confirmed",ai_version="v3"', "ann@example.com", 30),
        (silent, 'sf="SF-09",confidence="confirmed",ai_version="v4"', NEW, 90),
        (silent, 'sf="SF-09",confidence="probable",ai_version="v1"', GUESS, 10),
        (silent, 'sf="SF-04",confidence="confirmed",ai_version="v1"', OTHER, 10),
        (failed, 'bound="any_issue",age="1h",ai_version="v1"', LOOSE, 10),
        (failed, 'bound="same_issue",age="1h",ai_version="v1"', SAME, 20),
    ]
    text = ""
    for family in (silent, failed):
        text += f"# TYPE {family} counter\n" + "".join(
            f'{name}_total{{{labels}}} 1 # {{journey="{journey}"}} 1 {NOW - ago:.3f}\n'
            for name, labels, journey, ago in lines
            if name == family
        )
    return text + "# EOF\n"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a Prometheus that has seen the exemplars of the page."""
    with ExitStack() as running:
        worker = running.enter_context(Server(page, OPENMETRICS))
        directory = tmp_path_factory.mktemp("stack")
        stack = running.enter_context(Stack(directory, [worker.port], every="5s"))
        around = {"start": NOW - 3600, "end": NOW + 60}
        wait_until(
            lambda: stack.ask("query_exemplars", query="cx_resolution_failures_total", **around)
        )
        yield stack


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def address(chat: Chat) -> Iterator[str]:
    """Give the address of the chat."""
    with Server(chat.take) as told:
        yield f"http://{LOOPBACK}:{told.port}/hooks/a-secret"


@pytest.fixture
def notifier(address: str, stack: Stack, tmp_path: Path) -> Iterator[Notifier]:
    with Notifier(tmp_path / "notifier", address, stack.url) as running:
        yield running


def told(exemplars: str = BROKEN, **labels: str) -> bytes:
    """A notification as Alertmanager posts it."""
    alert = {
        "status": "firing",
        "labels": {"alertname": "OutcomeSilentFailure", "severity": "page"} | labels,
        "annotations": {"summary": "Customers were failed", "exemplars": exemplars},
        "startsAt": datetime.fromtimestamp(NOW, UTC).isoformat(),
    }
    return json.dumps({"groupLabels": {}, "alerts": [alert]}).encode()


def named(text: str) -> list[str]:
    """The journeys that a message names, in its order."""
    return [
        line.split(" explain ")[1].split()[0] for line in text.splitlines() if "explain" in line
    ]


def test_the_newest_certain_journeys_are_named_by_a_command(
    notifier: Notifier, chat: Chat, stack: Stack
) -> None:
    assert notifier.ask("/alerts", told()) == (200, "sent\n")
    (text,) = chat.texts
    (worker,) = {series["metric"]["instance"] for series in stack.query("cx_silent_failures_total")}

    assert named(text) == [NEW, OLD]
    assert (
        f"SF-09 v2, counted {datetime.fromtimestamp(NOW - 60, UTC):%Y-%m-%d %H:%M:%S} UTC" in text
    )
    assert f"outcome-monitor explain {NEW} --worker http://{worker}\n" in text
    assert "example.com" not in text
    assert notifier.counts() == {"received": 1, "sent": 1}


@pytest.mark.parametrize(
    ("exemplars", "expected"),
    [
        (BROKEN.replace("15m", "5m"), [NEW]),
        ('cx_silent_failures_total{sf="SF-09"}[15m]', [NEW, OLD]),
        ('cx_resolution_failures_total{ai_version="v1"}[15m]', [SAME]),
        ("cx_silent_failures_total or cx_resolution_failures_total[1h]", [OTHER, SAME, NEW]),
    ],
)
def test_what_is_not_certain_or_too_old_is_no_example(
    notifier: Notifier, chat: Chat, exemplars: str, expected: list[str]
) -> None:
    notifier.ask("/alerts", told(exemplars))

    assert named(chat.texts[0]) == expected


@pytest.mark.parametrize(
    ("exemplars", "why"),
    [
        (BROKEN.replace("SF-09", "SF-10"), "Prometheus has no certain ones"),
        (BROKEN.replace("confirmed", "probable"), "Prometheus has no certain ones"),
        (BROKEN.replace("[15m]", ""), "the annotation exemplars is no selector with a range"),
        ("}[15m]", "Prometheus answers 400"),
    ],
)
def test_without_examples_a_page_goes_out_and_says_so(
    notifier: Notifier, chat: Chat, exemplars: str, why: str
) -> None:
    assert notifier.ask("/alerts", told(exemplars))[0] == 200

    assert f"without example journeys: {why}\n" in chat.texts[0]
    assert notifier.counts() == {"received": 1, "sent": 1, "without_evidence": 1}


def test_without_prometheus_a_page_goes_out_and_says_so(
    address: str, chat: Chat, tmp_path: Path
) -> None:
    nobody = f"http://{LOOPBACK}:{free_port()}"
    with Notifier(tmp_path / "notifier", address, nobody) as notifier:
        assert notifier.ask("/alerts", told())[0] == 200

        assert "without example journeys: Prometheus does not answer\n" in chat.texts[0]
        assert notifier.counts() == {"received": 1, "sent": 1, "without_evidence": 1}


def test_readers_are_sent_to_the_worker_they_can_reach(
    address: str, chat: Chat, stack: Stack, tmp_path: Path
) -> None:
    settings = {"worker_url": "https://workers.example.com", "journeys": 1}
    with Notifier(tmp_path / "notifier", address, stack.url, **settings) as notifier:
        notifier.ask("/alerts", told())

    assert named(chat.texts[0]) == [NEW]
    assert f"explain {NEW} --worker https://workers.example.com\n" in chat.texts[0]


@pytest.mark.parametrize("status", [204, 301, 400, 404, 500, 503])
def test_only_what_the_webhook_took_counts_as_sent(
    notifier: Notifier, chat: Chat, status: int
) -> None:
    chat.status = status
    answered = notifier.ask("/alerts", told())

    if status == 204:
        assert answered == (200, "sent\n")
        assert notifier.counts() == {"received": 1, "sent": 1}
    else:
        assert answered == (503, f"the webhook answers {status}\n")
        assert notifier.counts() == {"received": 1, "failed": 1}


def test_a_webhook_that_is_away_or_slow_is_told_without_its_address(
    stack: Stack, tmp_path: Path
) -> None:
    away = f"http://{LOOPBACK}:{free_port()}/hooks/a-secret"
    with Notifier(tmp_path / "away", away, stack.url) as notifier:
        assert notifier.ask("/alerts", told())[0] == 503
        assert "a-secret" not in notifier.log.read_text()
    freed = threading.Event()
    with ExitStack() as running:
        slow = running.enter_context(Server(lambda *_: 200 if freed.wait(30) else 500))
        address = f"http://{LOOPBACK}:{slow.port}/hooks/a-secret"
        settings = {"webhook_timeout_seconds": 0.2}
        notifier = running.enter_context(
            Notifier(tmp_path / "slow", address, stack.url, **settings)
        )
        assert notifier.ask("/alerts", told()) == (
            503,
            "the webhook does not answer (TimeoutError)\n",
        )
        freed.set()
        assert "a-secret" not in notifier.log.read_text()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"alerts": []}', 400),
        (b'{"alerts": [{"status": "odd"}]}', 400),
        (b"x" * 2_000_000, 413),
    ],
)
def test_what_is_no_notification_is_refused_for_good(
    notifier: Notifier, chat: Chat, body: bytes, status: int
) -> None:
    assert notifier.ask("/alerts", body)[0] == status

    assert chat.texts == []
    assert notifier.counts() == {"received": 1, "refused": 1}


def test_who_is_told_to_stop_twice_sends_what_is_under_way_and_ends_well(
    stack: Stack, tmp_path: Path
) -> None:
    came, freed = threading.Event(), threading.Event()

    def slow(path: str, body: bytes) -> int:
        del path, body
        came.set()
        return 200 if freed.wait(30) else 500

    answers: list[tuple[int, str]] = []
    with Server(slow) as chat:
        address = f"http://{LOOPBACK}:{chat.port}"
        with Notifier(tmp_path / "notifier", address, stack.url) as notifier:
            asking = threading.Thread(
                target=lambda: answers.append(notifier.ask("/alerts", told()))
            )
            asking.start()
            assert came.wait(30)
            notifier.terminate()
            wait_until(lambda: "stopping: sending what is under way" in notifier.log.read_text())
            notifier.terminate()
            freed.set()
            assert notifier.stop() == 0
            asking.join()

    assert answers == [(200, "sent\n")]


def test_alertmanager_tries_again_until_the_webhook_takes_the_message(
    notifier: Notifier, chat: Chat, tmp_path: Path
) -> None:
    chat.status = 500
    labels = {"alertname": "OutcomeSilentFailure", "severity": "page", "signal": "outcome"}
    port, hook = free_port(), Hook()
    with Server(hook.take) as plain:
        routes = tmp_path / "alertmanager.yml"
        write_routes(routes, f"http://{LOOPBACK}:{plain.port}", notifier=notifier.url)
        running = alertmanager(tmp_path, port)
        running.start(within_seconds=30)
        try:
            post(port, labels)
            wait_until(lambda: len(chat.texts) > 1)
            chat.status = 200
            wait_until(lambda: "sent" in notifier.counts())
            # The plain way has not waited for any of this.
            assert hook.alerts("everything-else", **labels)
        finally:
            running.kill()

    assert notifier.counts()["failed"] >= 2
    assert {text.splitlines()[0] for text in chat.texts} == {"1 firing: OutcomeSilentFailure"}
