"""A gateway of one's own, over HTTP, with what it writes at hand."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp.test_utils import TestClient, TestServer

from monitor.adapters.mapping import load_mapping
from monitor.adapters.references import References
from monitor.shell.gateway import Gateway, Source
from monitor.shell.gateway_file import GatewayFile
from monitor.shell.gateway_metrics import GatewayMetrics
from monitor.shell.intake import CloudEventsIntake, MappedIntake
from monitor.shell.signatures import SCHEMES, Hmac
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aiohttp import ClientResponse

    from monitor.adapters.records import Event
    from monitor.shell.deliveries import Deliveries
    from monitor.shell.intake import Intake

SECRET, OTHER = b"a secret of sixteen bytes", b"another of sixteen bytes"
BEARER = {"Authorization": f"Bearer {SECRET.decode()}"}
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
EVENT = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "own",
    "type": "cx.conversation.started.v1",
    "time": "2026-01-05T09:00:00Z",
    "data": {"conversation_id": "t1", "customer_ref": "ann"},
}
DESK = ROOT / "tests" / "adapters" / "desk.toml"


class Kafka:
    """What is written, or why nothing is."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.broken: Exception | None = None
        self.arrived: asyncio.Queue[list[Event]] = asyncio.Queue()
        self.open = asyncio.Event()
        self.open.set()

    async def write(self, events: list[Event]) -> None:
        self.arrived.put_nowait(events)
        await self.open.wait()
        if self.broken:
            raise self.broken
        self.events += events

    async def answers(self) -> bool:
        return self.broken is None and self.open.is_set()


class Lab:
    """A gateway, what it writes to, and somebody who sends."""

    def __init__(self, gateway: Gateway, client: TestClient[Any, Any], kafka: Kafka) -> None:
        self.gateway = gateway
        self.client = client
        self.kafka = kafka

    async def post(
        self, body: object, source: str = "own", headers: dict[str, str] | None = None
    ) -> ClientResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = BEARER | STRUCTURED if headers is None else headers
        return await self.client.post(f"/v1/{source}", data=data, headers=given)

    async def metric(self, line: str) -> float:
        page = await (await self.client.get("/metrics")).text()
        (found,) = [each for each in page.splitlines() if each.startswith(f"{line} ")]
        return float(found.rpartition(" ")[2])


async def labs(taken: Deliveries | None = None, **more: object) -> AsyncIterator[Lab]:
    sources = {
        "own": {"mapping": "cloudevents", "signature": "bearer", "secrets": ["s"], "rate": 1000},
        "desk": {"mapping": str(DESK), "signature": "github", "secrets": ["s"], "rate": 1000},
        "signed": {"mapping": "cloudevents", "signature": "github", "secrets": ["s"]},
        "agents": {"mapping": "otel_genai", "signature": "bearer", "secrets": ["s"]},
    }
    file = GatewayFile.model_validate({"body_bytes_max": 2048, "sources": sources} | more)
    kafka = Kafka()
    intakes: dict[str, Intake] = {
        "own": CloudEventsIntake(),
        "desk": MappedIntake(load_mapping(DESK, References(), 100)),
        "signed": CloudEventsIntake(headers_count=False),
        "agents": MappedIntake(load_mapping("otel_genai", References(b"a key of this test"), 100)),
    }
    known = [
        Source(name, file.sources[name], (SECRET, OTHER), intakes[name], taken)
        for name in file.sources
    ]
    gateway = Gateway(file, known, kafka, GatewayMetrics(file.sources))
    async with TestClient(TestServer(gateway.application())) as client:
        yield Lab(gateway, client, kafka)


def in_lab(
    test: Callable[[Lab], Awaitable[None]], taken: Deliveries | None = None, **more: object
) -> None:
    async def run() -> None:
        async for lab in labs(taken, **more):
            await test(lab)

    asyncio.run(run())


def signed(body: bytes, secret: bytes = SECRET) -> dict[str, str]:
    scheme = SCHEMES["github"]
    assert isinstance(scheme, Hmac)
    return scheme.sign(secret, body)


def record(what: str, **more: object) -> bytes:
    told = {"what": what, "at": "2026-01-05T09:00:00Z", "talk": "t1", "who": "ann"}
    return json.dumps(told | more).encode()
