"""An export in Protobuf gives the records that it gives in JSON."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from monitor.adapters.otlp import telemetry
from monitor.adapters.otlp_protobuf import SIGNALS, export_of
from tests.paths import ROOT

FIXTURE = ROOT / "tests" / "adapters" / "vendors" / "otel_genai.jsonl"
LINES = FIXTURE.read_text(encoding="utf-8").splitlines()


def as_protobuf(export: dict[str, Any]) -> tuple[str, bytes]:
    """Write an export of OTLP/JSON in Protobuf; what signal it is of."""

    def respelt(value: Any) -> Any:
        if isinstance(value, list):
            return [respelt(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            key: b64encode(bytes.fromhex(each)).decode()
            if key in ("traceId", "spanId", "parentSpanId")
            else respelt(each)
            for key, each in value.items()
        }

    signal = "logs" if "resourceLogs" in export else "traces"
    message = ExportLogsServiceRequest() if signal == "logs" else ExportTraceServiceRequest()
    return signal, ParseDict(respelt(export), message).SerializeToString()


@pytest.mark.parametrize("line", LINES)
def test_it_says_the_same_as_in_json(line: str) -> None:
    export = json.loads(line)
    signal, body = as_protobuf(export)
    # Protobuf does not tell what is empty from what is not there.
    wanted = [
        {name: value for name, value in (record or {}).items() if value != ""}
        for record in telemetry([export])
    ]

    assert list(telemetry([export_of(signal, body)])) == wanted


@pytest.mark.parametrize("signal", SIGNALS)
def test_an_empty_export_has_no_records(signal: str) -> None:
    assert list(telemetry([export_of(signal, b"")])) == []


@pytest.mark.parametrize("signal", SIGNALS)
@given(body=st.binary(max_size=300))
def test_whatever_comes_is_an_export_or_none(signal: str, body: bytes) -> None:
    try:
        records = list(telemetry([export_of(signal, body)]))
    except ValueError:
        return

    assert None not in records


@given(place=st.integers(min_value=0), byte=st.integers(0, 255), line=st.sampled_from(LINES))
def test_one_byte_more_or_less_breaks_nothing_else(place: int, byte: int, line: str) -> None:
    signal, body = as_protobuf(json.loads(line))
    at = place % len(body)
    for bent in (body[:at] + bytes([byte]) + body[at + 1 :], body[:at]):
        try:
            list(telemetry([export_of(signal, bent)]))
        except ValueError:
            continue
