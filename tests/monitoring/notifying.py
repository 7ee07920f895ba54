"""``outcome-monitor notify`` as a test runs it, and the chat that it tells."""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from prometheus_client.parser import text_string_to_metric_families

from monitor.shell.child import LOOPBACK, ChildProcess, free_port
from monitor.shell.settings import NOTIFY_PREFIX
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Chat:
    """Takes messages, unless it answers with another status; ``texts`` are those it was sent."""

    status: int = 200
    texts: list[str] = field(default_factory=list)

    def take(self, path: str, body: bytes) -> int:
        del path
        self.texts.append(json.loads(body)["text"])
        return self.status


class Notifier:
    """The notifier on loopback."""

    def __init__(self, directory: Path, webhook: str, prometheus: str, **settings: object) -> None:
        """Write down where messages go; nothing runs before it is entered."""
        directory.mkdir(exist_ok=True)
        self.port = int(str(settings.get("web_port", free_port())))
        self.log = directory / "notifier.log"
        secret = directory / "chat-url"
        secret.write_text(f"{webhook}\n")
        chosen = {
            "webhook_url_file": secret,
            "prometheus_url": prometheus,
            "web_port": self.port,
        } | settings
        self._process = ChildProcess(
            "the notifier",
            [sys.executable, "-m", "monitor.cli", "notify"],
            is_ready=lambda: self.ask("/healthz")[0] == 200,
            log=self.log,
            environment=os.environ
            | {"PYTHONPATH": str(ROOT)}
            | {f"{NOTIFY_PREFIX}{name.upper()}": str(value) for name, value in chosen.items()},
        )

    @property
    def url(self) -> str:
        """Where Alertmanager posts to."""
        return f"http://{LOOPBACK}:{self.port}/alerts"

    def __enter__(self) -> Self:
        self._process.start(within_seconds=30)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.kill()

    def terminate(self) -> None:
        """Send SIGTERM, and wait for nothing."""
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGTERM)

    def stop(self) -> int | None:
        """Send SIGTERM; return the status with which it ended."""
        return self._process.stop(grace_seconds=30)

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, str]:
        """Return status and text of a page, or of what a post is answered; 0 if by nobody."""
        request = urllib.request.Request(f"http://{LOOPBACK}:{self.port}{path}", body)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # ours
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def counts(self) -> dict[str, float]:
        """Return its counters that are not 0, by what they count."""
        return {
            sample.name.removeprefix("cx_notify_").removesuffix("_total"): sample.value
            for family in text_string_to_metric_families(self.ask("/metrics")[1])
            for sample in family.samples
            if sample.name.endswith("_total") and sample.value
        }
