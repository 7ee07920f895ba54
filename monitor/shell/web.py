"""The worker's pages: /metrics, /healthz, /readyz, /explain, and the live page with its API.

On loopback unless told otherwise.
"""

from __future__ import annotations

import asyncio
import socket
import time
import zlib
from typing import TYPE_CHECKING

from aiohttp import web
from mode import Service

from monitor.shell import log
from monitor.shell.asking import CUSTOMER_HEADER, PATH
from monitor.shell.inquiry import question_of
from monitor.shell.settings import SettingsError
from monitor.shell.web_files import Files

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from monitor.shell.inquiry import Inquiry
    from monitor.shell.metrics import Exposition
    from monitor.shell.web_api import Api
    from monitor.shell.web_guard import Guard

_AT_ONCE_SECONDS = 0.002
_GZIP = 31
"""The greatest window, with gzip's own head and tail around it."""


def listen(host: str, port: int) -> socket.socket:
    """Claim the address, so that it is known to be ours before anything else starts.

    Port 0 picks a free one.

    Raises:
        OSError: it is taken, or no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def listen_as_set(host: str, port: int, prefix: str) -> socket.socket:
    """Claim the address that is set by the two variables with this prefix.

    Raises:
        SettingsError: it cannot be had.
    """
    try:
        return listen(host, port)
    except OSError as error:
        raise SettingsError(
            f"{prefix}WEB_HOST, {prefix}WEB_PORT: {error.strerror}; "
            "fix: choose another address of this machine, or another port; 0 picks a free one"
        ) from None


class Web(Service):
    """Serves the pages while the worker runs."""

    def __init__(  # noqa: PLR0913  # it serves as many
        self,
        exposition: Exposition,
        is_ready: Callable[[], bool],
        inquiry: Inquiry,
        listener: socket.socket,
        guard: Guard,
        api: Api,
        tls: ssl.SSLContext | None,
    ) -> None:
        """Serve on ``listener``, whose address is logged, what ``guard`` lets through."""
        super().__init__()
        self._exposition = exposition
        self._is_ready = is_ready
        self._inquiry = inquiry
        self._listener = listener
        self._guard = guard
        self._api = api
        self._tls = tls
        self._runner: web.AppRunner | None = None

    async def on_start(self) -> None:
        """Begin to answer."""
        site = web.Application()
        site.router.add_get("/metrics", self._metrics)
        site.router.add_get("/healthz", self._health)
        site.router.add_get("/readyz", self._readiness)
        site.router.add_get(PATH, self._explain)
        self._api.add_to(site)
        Files().add_to(site)
        self._guard.see_to(site)
        self._runner = web.AppRunner(site, access_log=None)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener, ssl_context=self._tls).start()
        host, port = self._runner.addresses[0][:2]
        scheme = "https" if self._tls else "http"
        log.operator.info("metrics at %s://%s:%s/metrics, live page at /", scheme, host, port)

    async def on_stop(self) -> None:
        """Answer no longer."""
        await self._api.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        accept = request.headers.get("Accept", "")
        packed = "gzip" in request.headers.get("Accept-Encoding", "")
        packer = zlib.compressobj(1, wbits=_GZIP)
        body = bytearray()
        since = time.perf_counter()
        for text in self._exposition.pieces(accept):
            piece = text.encode()
            body += packer.compress(piece) if packed else piece
            # Records wait for a few pieces only, and the page for a few batches of records.
            if time.perf_counter() - since > _AT_ONCE_SECONDS:
                await asyncio.sleep(0)
                since = time.perf_counter()
        headers = {"Content-Type": self._exposition.negotiate(accept), "Vary": "Accept-Encoding"}
        if packed:
            body += packer.flush()
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=bytes(body), headers=headers)

    async def _health(self, request: web.Request) -> web.Response:
        del request
        return web.Response(text="up\n")

    async def _readiness(self, request: web.Request) -> web.Response:
        del request
        if self._is_ready():
            return web.Response(text="ready\n")
        return web.Response(text="recovering partitions\n", status=503)

    async def _explain(self, request: web.Request) -> web.Response:
        question = question_of(
            request.query.get("case", ""),
            request.query.getall("partition", []),
            request.headers.get(CUSTOMER_HEADER),
        )
        if question is None:
            return web.json_response({"error": "ask /explain?case=ID"}, status=400)
        if question.partitions:
            status, answer = await self._inquiry.answer_for(question.case, question.partitions)
        else:
            status, answer = await self._inquiry.answer(question.case, question.customer)
        return web.json_response(answer, status=status)


def address_of(listener: socket.socket, scheme: str = "http") -> str:
    """The address under which others on the network may reach a listener."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104  # this is what it is compared with
        host = socket.gethostname()
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
