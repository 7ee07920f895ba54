"""A client of the stream, as the page is one."""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any, Self

from monitor.shell.child import LOOPBACK
from tests.page.conftest import TOKEN

if TYPE_CHECKING:
    from tests.integration.worker import Worker

STREAM = "/api/v1/stream"


class Listener:
    """Listens in a thread, and has what was told in a queue."""

    def __init__(self, worker: Worker) -> None:
        self._connection = HTTPConnection(LOOPBACK, worker.port, timeout=60)
        self._told: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._connection.request("GET", STREAM, headers={"Authorization": f"Bearer {TOKEN}"})
        self._socket = self._connection.sock
        self._answer = self._connection.getresponse()
        assert self._answer.headers["Content-Type"] == "text/event-stream"
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # The thread reads: its connection ends, and it with that.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(30)
        self._connection.close()

    def _listen(self) -> None:
        name = ""
        try:
            for line in self._answer:
                word, _, told = line.decode().rstrip("\n").partition(": ")
                if word == "event":
                    name = told
                elif word == "data":
                    self._told.put((name, json.loads(told)))
        except (OSError, HTTPException):
            pass
        self._told.put(("end", None))

    def next(self, name: str) -> Any:
        """Return the next event of a name; others are passed over."""
        while True:
            told, data = self._told.get(timeout=60)
            if told == name:
                return data
            assert told != "end", "the stream has ended"

    def next_promise(self) -> Any:
        """Return the next broken promise. That time leaps is found, too, but is not ours."""
        while (found := self.next("finding"))["sf"] != "SF-09":
            pass
        return found

    def ended(self) -> bool:
        """Wait until the stream ends."""
        while self._told.get(timeout=60)[0] != "end":
            pass
        return True
