"""How the gateway answers: in JSON, or to an exporter of OpenTelemetry in the way it expects.

An exporter is told in the encoding in which it sent: of what was taken by a response that may name
what was not, and of what went wrong by a ``Status``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from monitor.adapters.otlp_protobuf import PROTOBUF, response, status

if TYPE_CHECKING:
    from collections.abc import Mapping

_REJECTED = {"traces": "rejectedSpans", "logs": "rejectedLogRecords"}
_WHY = "the contract refuses what the mapping makes of them"


class Refusal(Exception):  # noqa: N818  # it is an answer, not an error of ours
    """The request is not taken."""

    def __init__(self, status: int, why: str, again: float | None = None) -> None:
        """Say why, and after how many seconds it may come again."""
        super().__init__(why)
        self.status = status
        self.headers = {} if again is None else {"Retry-After": str(math.ceil(again))}


class Voice(Protocol):
    """A way to answer."""

    def taken(self, request: web.Request, written: int, rejected: int) -> web.Response:
        """Say how many events were written, and how many records gave what cannot be."""

    def refused(self, request: web.Request, refusal: Refusal) -> web.Response:
        """Say why a request is not taken."""


class Plain:
    """JSON, for senders who look at the status only."""

    def taken(self, request: web.Request, written: int, rejected: int) -> web.Response:
        """Say how many events were written."""
        del request, rejected
        return web.json_response({"events": written})

    def refused(self, request: web.Request, refusal: Refusal) -> web.Response:
        """Say why a request is not taken."""
        del request
        return web.json_response(
            {"error": str(refusal)}, status=refusal.status, headers=refusal.headers
        )


class Exports:
    """Exporters of OpenTelemetry."""

    def taken(self, request: web.Request, written: int, rejected: int) -> web.Response:
        """Say that an export was taken, but for so many of its records."""
        del written
        why = _WHY if rejected else ""
        signal = signal_of(request.path)
        if is_protobuf(request.headers):
            said = response(signal or "traces", rejected, why)
            return web.Response(body=said, content_type=PROTOBUF)
        name = _REJECTED[signal or "traces"]
        partial = {"partialSuccess": {name: str(rejected), "errorMessage": why}}
        return web.json_response(partial if rejected else {})

    def refused(self, request: web.Request, refusal: Refusal) -> web.Response:
        """Say why an export is not taken."""
        if not is_protobuf(request.headers):
            return web.json_response(
                {"message": str(refusal)}, status=refusal.status, headers=refusal.headers
            )
        return web.Response(
            body=status(str(refusal)),
            status=refusal.status,
            headers=refusal.headers,
            content_type=PROTOBUF,
        )


def is_protobuf(headers: Mapping[str, str]) -> bool:
    """Whether the body is told to be Protobuf."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower() == PROTOBUF


def signal_of(path: str) -> str | None:
    """Tell what an exporter sends to this path: it ends with the name of the signal."""
    last = path.rpartition("/")[2]
    return last if last in _REJECTED else None
