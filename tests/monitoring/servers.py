"""What stands around the worker: who is paged, and another worker that tells how late it is."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from monitor.shell.child import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable


CLASSIC = "text/plain; version=0.0.4"


class Server:
    """Answers every request with what ``answer`` makes of its path and body.

    A number is a status without a text.
    """

    def __init__(self, answer: Callable[[str, bytes], str | int], kind: str = CLASSIC) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                given = answer(self.path, self.rfile.read(length))
                self.send_response(given if isinstance(given, int) else 200)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(b"" if isinstance(given, int) else given.encode())

            do_POST = do_GET  # noqa: N815  # the library calls it by this name

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class Hook:
    """Whoever is told: every notification, with the receiver it was for."""

    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def take(self, path: str, body: bytes) -> str:
        self.told.append((path.strip("/"), json.loads(body)))
        return ""

    def alerts(self, receiver: str, **labels: str) -> list[dict[str, Any]]:
        """Return the firing alerts with these labels of all notifications for a receiver."""
        return [
            alert
            for to, message in self.told
            if to == receiver
            for alert in message["alerts"]
            if alert["status"] == "firing" and labels.items() <= alert["labels"].items()
        ]


@dataclass
class Laggard:
    """Another worker of the group, as far as its page tells."""

    seconds: int = 0

    def page(self, path: str, body: bytes) -> str:
        del path, body
        name, labels = "cx_monitor_lag_seconds", 'topic="cx.conversations",partition="0"'
        return f"# TYPE {name} gauge\n{name}{{{labels}}} {self.seconds}\n"
