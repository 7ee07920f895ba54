"""Takes events over HTTP: from senders who prove who they are, into Kafka, and only then says yes.

Rule: a request is answered with 2xx when Kafka has all of its events, and not before.
Rule: before a sender has proved who he is, his request costs at most one body of limited size, and
makes room for others.

Whoever is told 503 or 429 may send the same again, and is told when. What is wrong with a request
itself is answered with 4xx.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web
from aiokafka.errors import KafkaError

from monitor.shell import gateway_api, log
from monitor.shell.deliveries import Deliveries, digest_of
from monitor.shell.gateway_answers import Exports, Plain, Refusal, is_protobuf, signal_of
from monitor.shell.gateway_api import Route
from monitor.shell.gateway_bodies import Bodies
from monitor.shell.gateway_doors import Doors
from monitor.shell.intake import UnreadableError
from monitor.shell.signatures import scheme_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from monitor.adapters.records import Event
    from monitor.shell.gateway_answers import Voice
    from monitor.shell.gateway_file import GatewayFile, SourceFile
    from monitor.shell.gateway_metrics import GatewayMetrics
    from monitor.shell.intake import Intake

_AGAIN_SECONDS = 5
_CATCH_UP_SECONDS = 5.0
_UNKNOWN = "unknown"
_ANSWER_SECONDS = 1.0
_LINGER_SECONDS = 2.0
# Proxies and balancers keep a connection for a minute.
_REST_SECONDS = 75.0
_HEADERS_MAX, _HEADER_BYTES_MAX = 64, 4096
_METRICS: dict[str, Any] = {"text/plain": {}, "application/openmetrics-text": {}}
_DOCUMENT = {"application/json": {"schema": {"type": "object"}}}


class Writer(Protocol):
    """Where events go."""

    async def write(self, events: list[Event]) -> None:
        """Return when all of them are acknowledged."""

    async def answers(self) -> bool:
        """Whether it would take events now."""


@dataclass(slots=True)
class Bucket:
    """How many requests a source may still send now; it fills up at its rate."""

    rate: float
    level: float = field(init=False)
    _at: float = 0.0

    def __post_init__(self) -> None:
        """Begin full."""
        self.level = max(1.0, self.rate)

    def wait(self, now: float) -> float:
        """Take one, and give 0; or give the seconds until there is one."""
        self.level = min(max(1.0, self.rate), self.level + (now - self._at) * self.rate)
        self._at = now
        if self.level < 1.0:
            return (1.0 - self.level) / self.rate
        self.level -= 1.0
        return 0.0


class Source:
    """One sender, as the gateway knows it."""

    def __init__(
        self,
        name: str,
        file: SourceFile,
        secrets: tuple[bytes, ...],
        intake: Intake,
        deliveries: Deliveries | None = None,
    ) -> None:
        """Know its secrets, what reads its bodies, and what it delivered."""
        self.name = name
        self.file = file
        self.intake = intake
        self.scheme = scheme_of(file.signature, file.url)
        self.secrets = secrets
        self.bucket = Bucket(file.rate)
        self.deliveries = deliveries or Deliveries()
        self.writing: dict[bytes, asyncio.Event] = {}
        """What is being written to Kafka now, and is neither taken nor refused yet."""
        self.voice: Voice = Exports() if intake.signals else Plain()

    @property
    def paths(self) -> list[str]:
        """Where it posts: an exporter adds the signal to the address that it is given."""
        path = f"/v1/{self.name}"
        return [path, *(f"{path}/v1/{signal}" for signal in self.intake.signals)]


class Gateway:
    """The service over HTTP."""

    def __init__(
        self, file: GatewayFile, sources: list[Source], writer: Writer, metrics: GatewayMetrics
    ) -> None:
        """Take what the sources send, and hand it to the writer."""
        self._file = file
        self._sources = sources
        self._writer = writer
        self._metrics = metrics
        self._known = 0
        self._bodies = Bodies(file)
        self._document: dict[str, Any] = {}
        self.doors = Doors(
            # Time for a head and for a body.
            file.connections_max,
            2 * file.body_seconds_max,
            metrics.dropped.inc,
        )
        metrics.in_flight.set_function(self._at_once)

    def application(self) -> web.Application:
        """Give what aiohttp serves."""
        site = web.Application(
            client_max_size=self._file.body_bytes_max,
            handler_args={
                # What is signed is what was sent.
                "auto_decompress": False,
                "keepalive_timeout": _REST_SECONDS,
                "lingering_time": _LINGER_SECONDS,
                "max_headers": _HEADERS_MAX,
                "max_field_size": _HEADER_BYTES_MAX,
                "max_line_size": _HEADER_BYTES_MAX,
            },
        )
        site.cleanup_ctx.append(self._catching_up)
        routes = self.routes()
        self._document = gateway_api.document(self._file, routes)
        for route in routes:
            site.router.add_route(route.method, route.path, route.handler)
        for method in ("POST", "HEAD"):
            site.router.add_route(method, "/v1/{other:.*}", self._nobody)
        return site

    def routes(self) -> list[Route]:
        """Give all that is served, with what the document says of it."""
        posts, heads = [], []
        for source in self._sources:
            for path in source.paths:
                operation = gateway_api.delivery(
                    source.file, source.intake, self._file.body_bytes_max, path
                )
                posts.append(Route("POST", path, partial(self._post, source), operation))
                heads.append(Route("HEAD", path, self._present, gateway_api.presence()))
        return posts + heads + self._pages()

    def _pages(self) -> list[Route]:
        page = gateway_api.page
        not_now = "Kafka does not answer, or a partition has no leader."
        pages = [
            ("/metrics", self._page, page("What the gateway counts.", _METRICS)),
            ("/healthz", self._health, page("The process is up.")),
            ("/readyz", self._readiness, page("Kafka takes events.", not_now=not_now)),
            ("/openapi.json", self._description, page("This document.", _DOCUMENT)),
        ]
        return [Route(method, *rest) for method in ("GET", "HEAD") for rest in pages]

    async def _post(self, source: Source, request: web.Request) -> web.Response:
        try:
            answer = await self._proved(request, source)
        except Refusal as refusal:
            answer = source.voice.refused(request, refusal)
        self._metrics.requests.labels(source.name, str(answer.status)).inc()
        return answer

    async def _nobody(self, request: web.Request) -> web.Response:
        self._metrics.requests.labels(_UNKNOWN, "404").inc()
        return Plain().refused(request, Refusal(404, "there is no such source"))

    async def _present(self, request: web.Request) -> web.Response:
        """Tell that there is such a source: some senders ask before they send."""
        del request
        return web.Response()

    def _at_once(self) -> int:
        """How many requests are read or written now."""
        return self._known + len(self._bodies)

    async def _proved(self, request: web.Request, source: Source) -> web.Response:
        if self._at_once() >= self._file.requests_max and not self._bodies.give_way():
            raise Refusal(503, "too many requests at once", again=1)
        given = _proof_of(request, source)
        body = b""
        if source.scheme.signs_body:
            body = await self._bodies.read(request, is_known=False)
        if not source.scheme.proves(given, body, source.secrets, time.time()):
            raise Refusal(401, "the proof is not right")
        self.doors.proved(request.transport)
        self._known += 1
        try:
            if not source.scheme.signs_body:
                body = await self._bodies.read(request, is_known=True)
            return await self._take(request, source, body)
        finally:
            self._known -= 1
            self.doors.answered(request.transport)

    async def _take(self, request: web.Request, source: Source, body: bytes) -> web.Response:
        wait = source.bucket.wait(time.monotonic())
        if wait:
            raise Refusal(429, "the source sends more than its rate", again=wait)
        delivery = digest_of(source.intake.said(request.headers, source.scheme.said(body)))
        if delivery in source.writing:
            await source.writing[delivery].wait()
            if delivery not in source.deliveries:
                raise Refusal(503, "Kafka does not take events", again=_AGAIN_SECONDS)
        if delivery in source.deliveries:
            self._metrics.repeats[source.name].inc()
            return source.voice.taken(request, 0, 0)
        source.writing[delivery] = is_over = asyncio.Event()
        try:
            content = source.scheme.content(self._bodies.unpacked(request, body))
            events, rejected = self._events(request, source, content)
            if events:
                await self._write(source, events)
            _remember(source, delivery)
        finally:
            del source.writing[delivery]
            is_over.set()
        return source.voice.taken(request, len(events), rejected)

    def _events(self, request: web.Request, source: Source, body: bytes) -> tuple[list[Event], int]:
        """Give the events of a body, and how many records gave what the contract refuses."""
        intake = source.intake
        refused, rejected = intake.refused, intake.rejected
        is_export = bool(intake.signals) and is_protobuf(request.headers)
        signal = signal_of(request.path) if is_export else None
        try:
            return intake.events(request.headers, body, signal), intake.rejected - rejected
        except UnreadableError as error:
            raise Refusal(400, str(error)) from None
        finally:
            self._metrics.refused[source.name].inc(intake.refused - refused)

    async def _write(self, source: Source, events: list[Event]) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._file.write_seconds_max):
                await self._writer.write(events)
        except (KafkaError, TimeoutError) as error:
            log.operator.warning("Kafka does not take events: %s", error or "no answer in time")
            self._keep(source, events)
            raise Refusal(503, "Kafka does not take events", again=_AGAIN_SECONDS) from None
        source.intake.written(events)
        self._metrics.write_seconds.observe(time.monotonic() - began)
        self._metrics.written[source.name].inc(len(events))

    def _keep(self, source: Source, events: list[Event]) -> None:
        given_up = source.intake.not_written(events)
        if given_up:
            self._metrics.given_up[source.name].inc(given_up)
            log.operator.warning(
                "sources.%s: too much waits for Kafka: the oldest events are given up", source.name
            )

    async def _catching_up(self, site: web.Application) -> AsyncIterator[None]:
        """Write what waits every few seconds while the site is served, and once at its end."""
        del site

        async def again_and_again() -> None:
            while True:
                await asyncio.sleep(_CATCH_UP_SECONDS)
                await self.catch_up()

        task = asyncio.create_task(again_and_again())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        with suppress(TimeoutError):
            async with asyncio.timeout(self._file.write_seconds_max):
                await self.catch_up()
        left = sum(len(source.intake.waiting) for source in self._sources)
        if left:
            log.operator.warning("%d records end with the gateway: Kafka did not take them", left)

    async def catch_up(self) -> None:
        """Write what Kafka did not take when it came, of each source until it fails again.

        What fails goes to the end, so that nothing which Kafka never takes stands before the rest.
        """
        for source in self._sources:
            with suppress(Refusal):
                while source.intake.waiting:
                    await self._write(source, next(iter(source.intake.waiting.values())))

    async def _page(self, request: web.Request) -> web.Response:
        body, content_type = self._metrics.page(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _description(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(self._document)

    async def _health(self, request: web.Request) -> web.Response:
        del request
        return web.Response(text="up\n")

    async def _readiness(self, request: web.Request) -> web.Response:
        del request
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                is_ready = await self._writer.answers()
        except (KafkaError, TimeoutError):
            is_ready = False
        if is_ready:
            return web.Response(text="ready\n")
        return web.Response(text="Kafka does not take events\n", status=503)


def _proof_of(request: web.Request, source: Source) -> dict[str, str]:
    """Find the headers that the scheme wants, each once, before anything is read."""
    found = {name: request.headers.getall(name, []) for name in source.scheme.headers}
    if any(len(values) != 1 for values in found.values()):
        raise Refusal(401, f"send each of {', '.join(found)} once")
    return {name: values[0] for name, values in found.items()}


def _remember(source: Source, delivery: bytes) -> None:
    try:
        source.deliveries.add(delivery)
    except OSError as error:
        log.operator.warning(
            "sources.%s: a restart will not know this delivery: %s", source.name, error
        )
