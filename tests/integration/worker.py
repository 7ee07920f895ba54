"""``outcome-monitor worker`` as a test runs it: started, killed, started again, and scraped."""

from __future__ import annotations

import os
import ssl
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Self

from monitor.shell.child import LOOPBACK, ChildProcess, free_port
from monitor.shell.scrape import reading_from, watermarks_from
from monitor.shell.settings import PREFIX
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from monitor.core.reading import Reading

PARTITIONS = 4
HASH_KEY = b"a key that only this test holds"


class Worker:
    """A worker on loopback. Workers of one group share the partitions and the changelog."""

    def __init__(self, bootstrap: str, group: str, directory: Path, **settings: object) -> None:
        """Write the key and choose a port; nothing runs before ``start``.

        Two of the settings may be ``source``, where the worker's code lies, and ``tls``, with
        which its pages are asked.
        """
        source, tls = settings.pop("source", ROOT), settings.pop("tls", None)
        assert tls is None or isinstance(tls, ssl.SSLContext)
        directory.mkdir(exist_ok=True)
        key = directory / "hash.key"
        key.write_bytes(HASH_KEY)
        self.port = free_port()
        self.url = f"{'https' if tls else 'http'}://{LOOPBACK}:{self.port}"
        self.tls = tls
        self.log = directory / "worker.log"
        self._awaited = "/readyz"
        chosen = {
            "kafka_bootstrap": bootstrap,
            "group": group,
            "partitions": PARTITIONS,
            "hash_key_file": key,
            "web_port": self.port,
            "data_dir": directory / "data",
            "session_timeout_seconds": 6,
            "flush_interval_seconds": 0.3,
            "idle_after_seconds": 0,
        } | settings
        self.environment = (
            os.environ
            | {"PYTHONPATH": str(source)}
            | {f"{PREFIX}{name.upper()}": str(value) for name, value in chosen.items()}
        )
        self._process = ChildProcess(
            "the worker",
            [sys.executable, "-m", "monitor.cli", "worker"],
            is_ready=lambda: not self._awaited or self.get(self._awaited)[0] == 200,
            log=self.log,
            environment=self.environment,
        )

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def start(self, awaited: str = "/readyz") -> None:
        """Start it and wait until it has recovered its partitions, or has the page awaited.

        With no page to wait for, it has only been started.
        """
        self._awaited = awaited
        self._process.start(within_seconds=60)

    def stop(self) -> int | None:
        """Send SIGTERM; return the status with which it ended."""
        return self._process.stop(grace_seconds=30)

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def check(self) -> None:
        """Find out whether it has ended by itself, which is an error."""
        self._process.check()

    def get(self, path: str, accept: str = "", patience: float = 10) -> tuple[int, str, str]:
        """Return status, content type and text of a page; status 0 where nobody answers."""
        url = f"{self.url}{path}"
        request = urllib.request.Request(url, headers={"Accept": accept})  # noqa: S310 - ours
        try:
            with urllib.request.urlopen(  # noqa: S310 - ours
                request, timeout=patience, context=self.tls
            ) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Content-Type"], error.read().decode()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return 0, "", ""

    def reading(self) -> Reading:
        return reading_from(self.get("/metrics")[2])

    def watermarks(self) -> dict[int, float]:
        return watermarks_from(self.get("/metrics")[2])

    def wait_until(self, holds: Callable[[], bool], *, within_seconds: float = 90) -> None:
        """Ask again and again; a busy machine is no failure, so the deadline is far."""
        deadline = time.monotonic() + within_seconds
        while not holds():
            self._process.check()
            assert time.monotonic() < deadline, self._process.obituary("did not get there")
            time.sleep(0.2)  # a page of thousands of series is work for the worker, too

    def wait_until_applied(self, watermark: float) -> None:
        """Wait until every partition's event time has come to a moment."""
        self.wait_until(lambda: all_reached(self.watermarks(), watermark))


def all_reached(watermarks: dict[int, float], watermark: float) -> bool:
    return len(watermarks) == PARTITIONS and min(watermarks.values()) >= watermark
