"""From a broken promise on Kafka to the page that somebody gets: all real, on one timeline."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitor.shell.child import LOOPBACK, free_port
from schemas.decode import TOPIC_OF
from schemas.published import FINDINGS, Finding
from tests.integration.traffic import heartbeats, read_all, send, structured
from tests.integration.worker import Worker
from tests.monitoring.notifying import Chat, Notifier
from tests.monitoring.servers import Hook, Laggard, Server
from tests.monitoring.stack import Stack, wait_until
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.shell.embedded import EmbeddedBroker

KINDS = ("callback", "refund", "visit")
EACH = 16
BROKEN = {"alertname": "OutcomeSilentFailure", "sf": "SF-09"}
PHANTOM = {"alertname": "OutcomeSilentFailure", "sf": "SF-04"}
BURNING = {"alertname": "OutcomeBurnFast", "slo": "promise_kept"}
TICKET = {"alertname": "OutcomeBudgetOverspent", "slo": "promise_kept"}
NOW = datetime.fromtimestamp(time.time(), UTC)


@dataclass
class Line:
    """The parts of one run, and what is done with them."""

    bootstrap: str
    worker: Worker
    stack: Stack
    hook: Hook
    laggard: Laggard
    chat: Chat
    notifier: Notifier
    told_until: timedelta = timedelta(hours=5)

    def push(self, *events: dict[str, Any], until: timedelta) -> None:
        """Send events, and let time pass to a moment before now: producers beat every minute."""
        messages = [structured(TOPIC_OF[event["type"]], event) for event in events]
        while self.told_until > until:
            self.told_until -= timedelta(minutes=1)
            ago = int(self.told_until.total_seconds())
            messages += heartbeats(ago, NOW - self.told_until)
        asyncio.run(send(self.bootstrap, messages))

    def want(self, receiver: str, **labels: str) -> float:
        """Wait until a receiver is told of an alert; return for how long."""
        since = time.monotonic()
        wait_until(lambda: self.hook.alerts(receiver, **labels))
        return time.monotonic() - since

    def want_text(self, words: str) -> str:
        """Wait until the notifier has sent a message with these words; return it."""
        wait_until(lambda: any(words in text for text in self.chat.texts))
        return next(text for text in self.chat.texts if words in text)

    def want_suppressed(self, **labels: str) -> None:
        """Wait until Alertmanager keeps such an alert to itself."""
        wait_until(lambda: any(labels.items() <= one.items() for one in self.stack.suppressed()))

    def firing(self) -> list[dict[str, str]]:
        return [one["metric"] for one in self.stack.query('ALERTS{alertstate="firing"}')]


@pytest.fixture
def line(embedded: EmbeddedBroker, topic_prefix: str, tmp_path: Path) -> Iterator[Line]:
    hook, laggard, chat = Hook(), Laggard(), Chat()
    with ExitStack() as running:
        told = running.enter_context(Server(hook.take))
        behind = running.enter_context(Server(laggard.page))
        worker = Worker(embedded.bootstrap, topic_prefix, tmp_path / "worker")
        running.enter_context(worker)
        read = running.enter_context(Server(chat.take))
        address, port = f"http://{LOOPBACK}:{told.port}", free_port()
        targets = [worker.port, behind.port]
        stack = Stack(
            *(tmp_path / "stack", targets),
            hook=address,
            notifier=f"http://{LOOPBACK}:{port}/alerts",
        )
        notifier = running.enter_context(
            Notifier(
                *(tmp_path / "notifier", f"http://{LOOPBACK}:{read.port}", stack.url),
                web_port=port,
            )
        )
        running.enter_context(stack)
        yield Line(embedded.bootstrap, worker, stack, hook, laggard, chat, notifier)


def test_a_broken_promise_becomes_one_page_that_can_be_proved(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    # All is well: only the dead man's switch is heard.
    line.want("dead-mans-switch")
    wait_until(lambda: [one["alertname"] for one in line.firing()] == ["MonitorWatchdog"])
    wait_until(lambda: line.stack.query("cx:commitments:known"))

    # Promises of three kinds are made, and their time passes.
    made = [event for kind in KINDS for event in promises(kind)]
    line.push(*made, until=timedelta(hours=3, minutes=57))
    foreseen = 'cx:commitments:first{outcome="broken"}', 'cx:silent_failures:first{sf="SF-09"}'
    wait_until(lambda: all(map(line.stack.query, foreseen)))

    # Nobody keeps them within the grace.
    line.push(until=timedelta(hours=2))
    since = time.monotonic()
    took = line.want("ai-support-page", **BROKEN)
    page = line.want_text("OutcomeSilentFailure")
    named = time.monotonic() - since
    line.want("ai-support-page", **BURNING)
    line.want_suppressed(**TICKET)

    # One page each, whatever the kind; no ticket besides; and the journeys are on record.
    assert len(line.hook.alerts("ai-support-page", **BROKEN)) == 1
    assert len(line.hook.alerts("ai-support-page", **BURNING)) == 1
    assert line.hook.alerts("tickets", **TICKET) == []
    assert journeys_of(line.stack, "SF-09") <= published(line.bootstrap, "SF-09")

    # The page names journeys, and whoever gets it can ask why.
    assert page.count("[page]") == 1
    commands = [words for words in page.splitlines() if "outcome-monitor explain" in words]
    journeys = {words.split(" explain ")[1].split()[0] for words in commands}
    assert journeys
    assert journeys <= published(line.bootstrap, "SF-09")
    for words in commands:
        assert "SF-09 confirmed" in answer_to(words.partition("outcome-monitor ")[2])

    # The notifier dies; the plain way needs it for nothing.
    line.notifier.kill()

    # While the monitor is behind, nobody is told of what it cannot know.
    line.laggard.seconds = 999
    line.want("platform-page", alertname="MonitorLagging")
    line.push(*phantoms(), until=timedelta(minutes=2))
    line.want_suppressed(**PHANTOM)
    assert line.hook.alerts("ai-support-page", **PHANTOM) == []

    # It sees again, and what still holds goes out.
    line.laggard.seconds = 0
    line.want("ai-support-page", **PHANTOM)
    with capsys.disabled():
        told = f"paged {took:.1f} s after the promises were broken, with journeys {named:.1f} s"
        print(f"\n{told}")  # noqa: T201


def answer_to(command: str) -> str:
    """Return what the program says to a command that was copied from a page."""
    ended = subprocess.run(
        [sys.executable, "-m", "monitor.cli", *command.split()],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=True,
    )
    return ended.stdout


def promises(kind: str) -> Iterator[dict[str, Any]]:
    """Promises made four hours ago, that were due an hour later, with much at stake."""
    for number in range(EACH):
        who = f"{kind}-{number}"
        made = {"commitment_id": who, "kind": kind, "made_by": "ai", "value_band": "high"}
        due = (NOW - timedelta(hours=4)).isoformat()
        yield event("conversation.started", who, timedelta(hours=5, minutes=1), channel="chat")
        yield event("commitment.made", who, timedelta(hours=5), **made, due_at=due)


def phantoms() -> Iterator[dict[str, Any]]:
    """Customers who are told that a person takes over, which nobody asked for."""
    for number in range(3):
        who = f"phantom-{number}"
        said = {"actor": "ai", "kind": "handoff_notice", "message_id": f"m-{who}"}
        ago = timedelta(minutes=90)
        yield event("conversation.started", who, ago, channel="chat")
        yield event("message.created", who, ago - timedelta(seconds=9), **said)


def event(name: str, who: str, ago: timedelta, **data: Any) -> dict[str, Any]:
    known = {"customer_ref": who, "conversation_id": f"c-{who}", "identity_assurance": "verified"}
    return {
        "specversion": "1.0",
        "id": f"{name} {who}",
        "source": "desk",
        "partitionkey": who,
        "type": f"cx.{name}.v1",
        "time": (NOW - ago).isoformat(),
        "data": known | data,
    }


def journeys_of(stack: Stack, sf: str) -> set[str]:
    """Return the journeys that Prometheus keeps as examples of a silent failure."""
    expr = f'cx_silent_failures_total{{sf="{sf}"}}'
    found: set[str] = set()

    def asked() -> set[str]:
        around = {"start": time.time() - 600, "end": time.time() + 60}
        for series in stack.ask("query_exemplars", query=expr, **around):
            found.update(one["labels"]["journey"] for one in series["exemplars"])
        return found

    wait_until(asked)
    return found


def published(bootstrap: str, sf: str) -> set[str]:
    """Return the journeys of the findings that were published."""
    records = asyncio.run(read_all(bootstrap, FINDINGS))
    findings = [Finding.model_validate_json(record.value or b"") for record in records]
    return {finding.journey for finding in findings if finding.sf == sf}
