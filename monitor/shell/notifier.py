"""The notifier: takes what Alertmanager tells, adds journeys, and passes it on to a webhook.

It answers 2xx only when the webhook did, so what did not get through is Alertmanager's to try
again; nothing is kept here. Prometheus is asked, not needed: without it a message goes out and says
that it is without journeys.
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from pydantic import ValidationError

from monitor.shell import log
from monitor.shell.alert_message import Notification, text_of
from monitor.shell.exemplars import Exemplars
from monitor.shell.settings import NOTIFY_PREFIX
from monitor.shell.web import address_of, listen_as_set

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from socket import socket

    from monitor.shell.notify_settings import NotifySettings

_TAKEN = range(200, 300)


class Counts:
    """What the notifier tells of itself."""

    def __init__(self) -> None:
        """Begin at nought."""
        self._registry = CollectorRegistry()
        self.received = self._counter("received", "Notifications that Alertmanager posted.")
        self.sent = self._counter("sent", "Messages that the webhook took.")
        self.failed = self._counter("failed", "Messages that it did not take; they come again.")
        self.refused = self._counter("refused", "Notifications that could not be read.")
        self.without_evidence = self._counter(
            "without_evidence", "Messages with an alert that examples were looked for in vain."
        )

    def _counter(self, name: str, about: str) -> Counter:
        return Counter(f"cx_notify_{name}", about, registry=self._registry)

    def page(self) -> bytes:
        """All of them as text."""
        return generate_latest(self._registry)


class Notifier:
    """The pages of the notifier, and the way of a message."""

    def __init__(self, settings: NotifySettings) -> None:
        """Know where messages go; nobody is asked yet.

        Raises:
            SettingsError: it is not known where messages go.
        """
        self._settings = settings
        self._webhook = settings.webhook()
        self._counts = Counts()
        self._session: aiohttp.ClientSession | None = None

    def site(self) -> web.Application:
        """The pages."""
        site = web.Application(client_max_size=self._settings.body_bytes_max)
        site.cleanup_ctx.append(self._calling)
        site.router.add_post("/alerts", self._alerts)
        site.router.add_get("/healthz", self._health)
        site.router.add_get("/metrics", self._metrics)
        return site

    async def _calling(self, site: web.Application) -> AsyncIterator[None]:
        del site
        async with aiohttp.ClientSession() as self._session:
            yield

    async def _alerts(self, request: web.Request) -> web.Response:
        self._counts.received.inc()
        try:
            told = Notification.model_validate_json(await request.read())
        except (ValidationError, web.HTTPRequestEntityTooLarge) as error:
            self._counts.refused.inc()
            if isinstance(error, web.HTTPRequestEntityTooLarge):
                too_large = f"{NOTIFY_PREFIX}BODY_BYTES_MAX"
                log.operator.error("refused: a notification is larger than %s", too_large)
                raise
            log.operator.error("refused: what was posted is no notification of Alertmanager's")
            return web.Response(text="post what Alertmanager posts to a webhook\n", status=400)
        failure = await self._pass_on(told)
        if failure:
            self._counts.failed.inc()
            log.operator.warning("not sent, Alertmanager will try again: %s", failure)
            return web.Response(text=f"{failure}\n", status=503)
        self._counts.sent.inc()
        return web.Response(text="sent\n")

    async def _pass_on(self, told: Notification) -> str:
        """Send a message. Says what went wrong, or nothing."""
        assert self._session is not None
        exemplars = Exemplars(self._settings, self._session)
        evidence = tuple(await asyncio.gather(*map(exemplars.of, told.shown)))
        lacking = {one.lack for one in evidence if one.lack}
        if lacking:
            self._counts.without_evidence.inc()
            log.operator.warning("without example journeys: %s", "; ".join(sorted(lacking)))
        try:
            async with self._session.post(
                self._webhook,
                json={"text": text_of(told, evidence)},
                timeout=aiohttp.ClientTimeout(total=self._settings.webhook_timeout_seconds),
                allow_redirects=False,
            ) as response:
                taken = response.status in _TAKEN
                return "" if taken else f"the webhook answers {response.status}"
        except (aiohttp.ClientError, TimeoutError) as error:
            # The error's own words may quote the address.
            return f"the webhook does not answer ({type(error).__name__})"

    async def _health(self, request: web.Request) -> web.Response:
        del request
        return web.Response(text="up\n")

    async def _metrics(self, request: web.Request) -> web.Response:
        del request
        return web.Response(body=self._counts.page(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def run_notifier(settings: NotifySettings) -> None:
    """Serve until told to stop; what is under way is finished then.

    Raises:
        SettingsError: it is not known where messages go, or the address cannot be had.
    """
    notifier = Notifier(settings)
    listener = listen_as_set(settings.web_host, settings.web_port, NOTIFY_PREFIX)
    log.set_up(settings.log_level)
    asyncio.run(_serve(notifier, listener, settings))


async def _serve(notifier: Notifier, listener: socket, settings: NotifySettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told_to_stop(*_: object) -> None:
        # Once is enough, and who says it again must not cut off what is being finished.
        for told in (signal.SIGTERM, signal.SIGINT):
            signal.signal(told, signal.SIG_IGN)
        loop.call_soon_threadsafe(stop.set)

    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, told_to_stop)
    longest = settings.prometheus_timeout_seconds + settings.webhook_timeout_seconds
    runner = web.AppRunner(notifier.site(), access_log=None, shutdown_timeout=longest + 1)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        log.operator.info("alerts are taken at %s/alerts", address_of(listener))
        await stop.wait()
        log.operator.info("stopping: sending what is under way")
    finally:
        await runner.cleanup()
