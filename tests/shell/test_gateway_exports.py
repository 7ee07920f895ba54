"""Exports of OpenTelemetry over HTTP, and bodies in gzip."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
from typing import TYPE_CHECKING, cast

import pytest
from aiohttp import EMPTY_PAYLOAD, web
from aiokafka.errors import KafkaConnectionError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from monitor.shell.gateway_answers import Refusal
from monitor.shell.gateway_bodies import Bodies
from monitor.shell.gateway_file import GatewayFile
from tests.adapters.test_otlp_protobuf import LINES, as_protobuf
from tests.shell.gateway_lab import BEARER, EVENT, STRUCTURED, Lab, in_lab, record, signed

if TYPE_CHECKING:
    from aiohttp import ClientResponse

PROTOBUF = BEARER | {"Content-Type": "application/x-protobuf"}
JSON = BEARER | {"Content-Type": "application/json"}
GZIP = {"Content-Encoding": "gzip"}


async def exported(lab: Lab, line: str, headers: dict[str, str]) -> ClientResponse:
    signal, body = as_protobuf(json.loads(line))
    return await lab.post(body, f"agents/v1/{signal}", headers)


def test_an_export_in_protobuf_gives_what_it_gives_in_json() -> None:
    written = []

    async def as_json(lab: Lab) -> None:
        for line in LINES:
            answer = await lab.post(line.encode(), "agents", JSON)
            assert (answer.status, answer.content_type) == (200, "application/json")
            assert await answer.json() == {}
        written.append(lab.kafka.events)

    async def packed(lab: Lab) -> None:
        for line in LINES:
            signal, body = as_protobuf(json.loads(line))
            answer = await lab.post(gzip.compress(body), f"agents/v1/{signal}", PROTOBUF | GZIP)
            assert (answer.status, answer.content_type) == (200, "application/x-protobuf")
            assert await answer.read() == b""
        written.append(lab.kafka.events)

    in_lab(as_json, body_bytes_max=100_000)
    in_lab(packed, body_bytes_max=100_000)

    assert len(written[0]) == 7
    assert written[0] == written[1]


@pytest.mark.parametrize("signal", ["traces", "logs"])
def test_records_that_the_contract_refuses_are_a_partial_success(signal: str) -> None:
    text = next(each for each in LINES if ("resourceLogs" in each) == (signal == "logs"))
    # A time that no event may have.
    for name in ("endTimeUnixNano", "timeUnixNano"):
        text = text.replace(f'"{name}": "1', f'"{name}": "9')
    wanted = ExportTraceServiceResponse() if signal == "traces" else ExportLogsServiceResponse()

    async def test(lab: Lab) -> None:
        answer = await exported(lab, text, PROTOBUF)
        wanted.ParseFromString(await answer.read())
        partial = wanted.partial_success
        rejected = getattr(partial, "rejected_spans", 0) or getattr(
            partial, "rejected_log_records", 0
        )
        assert (answer.status, rejected) == (200, 1)
        assert partial.error_message

    in_lab(test, body_bytes_max=100_000)


def test_what_is_no_export_is_refused_in_the_sender_s_encoding() -> None:
    async def test(lab: Lab) -> None:
        broken = await lab.post(b"\xff\xff\xff", "agents/v1/traces", PROTOBUF)
        nameless = await lab.post(b"", "agents", PROTOBUF)
        stranger = await lab.post(b"", "agents/v1/logs", PROTOBUF | {"Authorization": "Bearer x"})
        wrong = await lab.post(b"{}", "agents/v1/logs", JSON)

        assert [each.status for each in (broken, nameless, stranger, wrong)] == [400, 400, 401, 400]
        for answer in (broken, nameless, stranger):
            assert answer.content_type == "application/x-protobuf"
            # A Status has its message where a partial success has it.
            status = ExportTracePartialSuccess.FromString(await answer.read())
            assert status.error_message
        assert (await wrong.json())["message"] == "the body is no record in JSON"

    in_lab(test)


def test_an_exporter_is_told_to_come_again() -> None:
    async def test(lab: Lab) -> None:
        lab.kafka.broken = KafkaConnectionError("away")
        refused = await exported(lab, LINES[0], PROTOBUF)
        lab.kafka.broken = None
        again = await exported(lab, LINES[0], PROTOBUF)

        assert (refused.status, refused.headers["Retry-After"], again.status) == (503, "5", 200)

    in_lab(test, body_bytes_max=100_000)


def test_gzip_is_taken_of_every_source_and_signed_as_it_is_sent() -> None:
    async def test(lab: Lab) -> None:
        event, started = gzip.compress(json.dumps(EVENT).encode()), gzip.compress(record("start"))
        answers = [
            await lab.post(event, headers=BEARER | STRUCTURED | GZIP),
            await lab.post(started, "desk", signed(started) | GZIP),
            await lab.post(started, "desk", signed(record("start")) | GZIP),
        ]

        assert [answer.status for answer in answers] == [200, 200, 401]
        assert len(lab.kafka.events) == 2

    in_lab(test)


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"{}", "gzip", 400),
        (gzip.compress(b"{}")[:-1], "gzip", 400),
        (gzip.compress(b"{}") + b"more", "gzip", 400),
        (gzip.compress(b" " * 2049), "gzip", 413),
        (gzip.compress(gzip.compress(b" " * 2049)), "gzip, gzip", 415),
        (b"{}", "br", 415),
        (b"{}", "deflate", 415),
        (json.dumps(EVENT).encode(), "identity", 200),
    ],
    # What gzip makes has its time in it, and every process that runs tests names them alike.
    ids=["plain", "cut", "longer", "too large", "twice", "br", "deflate", "identity"],
)
def test_what_is_packed_otherwise_is_refused(body: bytes, encoding: str, status: int) -> None:
    async def test(lab: Lab) -> None:
        headers = BEARER | STRUCTURED | {"Content-Encoding": encoding}

        assert (await lab.post(body, headers=headers)).status == status

    in_lab(test)


def test_a_bomb_is_unpacked_no_further_than_a_body_may_be() -> None:
    # A thousandfold: 50 MB that come as 50 kB.
    bomb = gzip.compress(b" " * 50_000_000)

    async def test(lab: Lab) -> None:
        tracemalloc.start()
        try:
            answer = await lab.post(bomb, headers=BEARER | STRUCTURED | GZIP)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert answer.status == 413
        assert peak < 5_000_000

    in_lab(test, body_bytes_max=100_000)


def test_a_body_that_aiohttp_cannot_read_is_the_sender_s_mistake() -> None:
    class Broken:
        content_length = None
        transport = None
        content = EMPTY_PAYLOAD

        async def read(self) -> bytes:
            # The parser in C lets it time out instead; the one in Python says so.
            raise web.RequestPayloadError("a chunk has no length")

    file = GatewayFile.model_validate(
        {"sources": {"own": {"mapping": "zendesk", "signature": "zendesk", "secrets": ["s"]}}}
    )
    with pytest.raises(Refusal, match="the body is broken") as refused:
        asyncio.run(Bodies(file).read(cast("web.Request", Broken()), is_known=False))

    assert refused.value.status == 400
