"""Takes events over HTTP: from senders who prove who they are, into Kafka, and only then says yes.

Rule: a request is answered with 2xx when Kafka has all of its events, and not before.
Rule: before a sender has proved who he is, his request costs at most one body of limited size.

Whoever is told 503 or 429 may send the same again, and is told when. What is wrong with a request
itself is answered with 4xx.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from aiohttp import web
from aiokafka.errors import KafkaError

from monitor.shell import log
from monitor.shell.intake import FullError, UnreadableError
from monitor.shell.signatures import scheme_of

if TYPE_CHECKING:
    from monitor.adapters.records import Event
    from monitor.shell.gateway_file import GatewayFile, SourceFile
    from monitor.shell.gateway_metrics import GatewayMetrics
    from monitor.shell.intake import Intake

_AGAIN_SECONDS = 5
_UNKNOWN = "unknown"


class Writer(Protocol):
    """Where events go."""

    async def write(self, events: list[Event]) -> None:
        """Return when all of them are acknowledged."""


class _Refusal(Exception):  # noqa: N818  # it is an answer, not an error of ours
    """The request is not taken."""

    def __init__(self, status: int, why: str, again: float | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.headers = {} if again is None else {"Retry-After": str(math.ceil(again))}


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
        self, name: str, file: SourceFile, secrets: tuple[bytes, ...], intake: Intake
    ) -> None:
        """Know its secrets and what reads its bodies."""
        self.name = name
        self.intake = intake
        self.scheme = scheme_of(file.signature, file.url)
        self.secrets = secrets
        self.bucket = Bucket(file.rate)


class Gateway:
    """The service over HTTP."""

    def __init__(
        self, file: GatewayFile, sources: list[Source], writer: Writer, metrics: GatewayMetrics
    ) -> None:
        """Take what the sources send, and hand it to the writer."""
        self._file = file
        self._sources = {source.name: source for source in sources}
        self._writer = writer
        self._metrics = metrics
        self._in_flight = 0
        self._is_ready = True

    def application(self) -> web.Application:
        """Give what aiohttp serves."""
        site = web.Application(
            client_max_size=self._file.body_bytes_max,
            # What is signed is what was sent.
            handler_args={"auto_decompress": False},
        )
        site.router.add_post("/v1/{source}", self._post)
        site.router.add_head("/v1/{source}", self._head)
        site.router.add_get("/metrics", self._page)
        site.router.add_get("/healthz", self._health)
        site.router.add_get("/readyz", self._readiness)
        return site

    async def _post(self, request: web.Request) -> web.Response:
        source = self._sources.get(request.match_info["source"])
        try:
            answer = await self._counted(request, source)
        except _Refusal as refusal:
            answer = web.json_response(
                {"error": str(refusal)}, status=refusal.status, headers=refusal.headers
            )
        name = _UNKNOWN if source is None else source.name
        self._metrics.requests.labels(name, str(answer.status)).inc()
        return answer

    async def _head(self, request: web.Request) -> web.Response:
        """Tell whether there is such a source: some senders ask before they send."""
        return web.Response(status=200 if request.match_info["source"] in self._sources else 404)

    async def _counted(self, request: web.Request, source: Source | None) -> web.Response:
        if source is None:
            raise _Refusal(404, "there is no such source")
        if self._in_flight >= self._file.requests_max:
            raise _Refusal(503, "too many requests at once", again=1)
        self._in_flight += 1
        self._metrics.in_flight.inc()
        try:
            return await self._take(request, source)
        finally:
            self._in_flight -= 1
            self._metrics.in_flight.dec()

    async def _take(self, request: web.Request, source: Source) -> web.Response:
        given = _proof_of(request, source)
        body = await self._body_of(request)
        if not source.scheme.proves(given, body, source.secrets, time.time()):
            raise _Refusal(401, "the signature is not right")
        wait = source.bucket.wait(time.monotonic())
        if wait:
            raise _Refusal(429, "the source sends more than its rate", again=wait)
        refused = source.intake.refused
        try:
            events = source.intake.events(request.headers, source.scheme.content(body))
        except UnreadableError as error:
            raise _Refusal(400, str(error)) from None
        except FullError:
            raise _Refusal(503, "too much waits for Kafka", again=_AGAIN_SECONDS) from None
        finally:
            count = source.intake.refused - refused
            self._metrics.events.labels(source.name, "refused").inc(count)
        if events:
            await self._write(source, events)
        return web.json_response({"events": len(events)})

    async def _body_of(self, request: web.Request) -> bytes:
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise _Refusal(415, "send the body as it is, without an encoding")
        if (request.content_length or 0) > self._file.body_bytes_max:
            raise _Refusal(413, f"a body has at most {self._file.body_bytes_max} bytes")
        try:
            async with asyncio.timeout(self._file.body_seconds_max):
                return await request.read()
        except web.HTTPRequestEntityTooLarge:
            limit = self._file.body_bytes_max
            raise _Refusal(413, f"a body has at most {limit} bytes") from None
        except TimeoutError:
            raise _Refusal(408, "the body did not come in time") from None

    async def _write(self, source: Source, events: list[Event]) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._file.write_seconds_max):
                await self._writer.write(events)
        except (KafkaError, TimeoutError) as error:
            self._is_ready = False
            log.operator.warning("Kafka does not take events: %s", error or "no answer in time")
            raise _Refusal(503, "Kafka does not take events", again=_AGAIN_SECONDS) from None
        self._is_ready = True
        source.intake.written(events)
        self._metrics.write_seconds.observe(time.monotonic() - began)
        self._metrics.events.labels(source.name, "written").inc(len(events))

    async def _page(self, request: web.Request) -> web.Response:
        body, content_type = self._metrics.page(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _health(self, request: web.Request) -> web.Response:
        del request
        return web.Response(text="up\n")

    async def _readiness(self, request: web.Request) -> web.Response:
        del request
        if self._is_ready:
            return web.Response(text="ready\n")
        return web.Response(text="Kafka did not take the last events\n", status=503)


def _proof_of(request: web.Request, source: Source) -> dict[str, str]:
    """Find the headers that the scheme wants, each once, before anything is read."""
    found = {name: request.headers.getall(name, []) for name in source.scheme.headers}
    if any(len(values) != 1 for values in found.values()):
        raise _Refusal(401, f"send each of {', '.join(found)} once")
    return {name: values[0] for name, values in found.items()}
