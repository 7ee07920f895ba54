"""OTLP in Protobuf: an export as it would be in OTLP/JSON, and the answers to it."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

if TYPE_CHECKING:
    from monitor.adapters.records import Record

PROTOBUF = "application/x-protobuf"
SIGNALS = ("traces", "logs")

_IDS = ("traceId", "spanId", "parentSpanId")


def export_of(signal: str, body: bytes) -> Record:
    """Give an export as OTLP/JSON has it.

    Raises:
        ValueError: the body is none.
    """
    request: Any = ExportLogsServiceRequest if signal == "logs" else ExportTraceServiceRequest
    groups, scopes, members = (
        ("resourceLogs", "scopeLogs", "logRecords")
        if signal == "logs"
        else ("resourceSpans", "scopeSpans", "spans")
    )
    try:
        export: Record = MessageToDict(request.FromString(body))
    except DecodeError as error:
        raise ValueError(str(error)) from None
    for group in export.setdefault(groups, []):
        for scope in group.get(scopes, ()):
            for member in scope.get(members, ()):
                _spell_ids(member)
    return export


def response(signal: str, rejected: int, why: str) -> bytes:
    """Say that an export was taken, but for so many of its records."""
    if signal == "logs":
        logs = ExportLogsServiceResponse()
        if rejected:
            logs.partial_success.rejected_log_records = rejected
            logs.partial_success.error_message = why
        return logs.SerializeToString()
    traces = ExportTraceServiceResponse()
    if rejected:
        traces.partial_success.rejected_spans = rejected
        traces.partial_success.error_message = why
    return traces.SerializeToString()


def status(why: str) -> bytes:
    """Give a ``google.rpc.Status`` with a message.

    Its message has the number of a partial success's, so it is written as one; a package for this
    one message would be too much.
    """
    return ExportTracePartialSuccess(error_message=why).SerializeToString()


def _spell_ids(member: Record) -> None:
    """Write ids in hexadecimal digits: OTLP/JSON differs in that from Protobuf's own JSON."""
    for name in _IDS:
        if name in member:
            member[name] = b64decode(member[name]).hex()
