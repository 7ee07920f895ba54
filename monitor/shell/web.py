"""The worker's three pages: /metrics, /healthz and /readyz. On loopback unless told otherwise."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from aiohttp import web
from mode import Service

from monitor.shell import log

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.shell.metrics import Exposition


def listen(host: str, port: int) -> socket.socket:
    """Claim the address, so that it is known to be ours before anything else starts.

    Port 0 picks a free one.

    Raises:
        OSError: it is taken, or no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


class Web(Service):
    """Serves the pages while the worker runs."""

    def __init__(
        self, exposition: Exposition, is_ready: Callable[[], bool], listener: socket.socket
    ) -> None:
        """Serve on ``listener``, whose address is logged."""
        super().__init__()
        self._exposition = exposition
        self._is_ready = is_ready
        self._listener = listener
        self._runner: web.AppRunner | None = None

    async def on_start(self) -> None:
        """Begin to answer."""
        site = web.Application()
        site.router.add_get("/metrics", self._metrics)
        site.router.add_get("/healthz", self._health)
        site.router.add_get("/readyz", self._readiness)
        self._runner = web.AppRunner(site, access_log=None)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()
        host, port = self._runner.addresses[0][:2]
        log.operator.info("metrics at http://%s:%s/metrics", host, port)

    async def on_stop(self) -> None:
        """Answer no longer."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        body, content_type = self._exposition.render(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _health(self, request: web.Request) -> web.Response:
        del request
        return web.Response(text="up\n")

    async def _readiness(self, request: web.Request) -> web.Response:
        del request
        if self._is_ready():
            return web.Response(text="ready\n")
        return web.Response(text="recovering partitions\n", status=503)
