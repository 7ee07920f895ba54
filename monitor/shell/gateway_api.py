"""What the gateway says of itself: an OpenAPI document, made of the very routes that are served."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

from monitor.adapters.otlp_protobuf import PROTOBUF
from monitor.shell.intake import JSON
from monitor.shell.signatures import SCHEMES, Bearer
from monitor.shell.signed_bodies import Token
from schemas.decode import TOPIC_OF

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from aiohttp import web

    from monitor.shell.gateway_file import GatewayFile, SourceFile
    from monitor.shell.intake import Intake

_TEXT = {"text/plain": {"schema": {"type": "string"}}}
_STRING = {"type": "string"}
_ERRORS = {
    "400": "It cannot be read, or the contract refuses it. To send it again is of no use.",
    "401": "The proof is missing, wrong or too old.",
    "408": "The body did not come in time.",
    "413": "The body is too large.",
    "415": "The body has an encoding other than gzip.",
}
_LATER = {
    "429": "The source sends more than its rate.",
    "503": "Kafka does not take events, or there are too many requests at once.",
}
_AGAIN = {
    "Retry-After": {
        "description": "Seconds after which it may come again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}
_EVENT = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "assistant",
    "type": "cx.conversation.started.v1",
    "time": "2026-01-05T09:00:00Z",
    "data": {"conversation_id": "c-1", "customer_ref": "customer-1"},
}
_SCHEMAS: dict[str, Any] = {
    "Taken": {
        "type": "object",
        "properties": {"events": {"type": "integer", "minimum": 0}},
        "required": ["events"],
    },
    "Error": {"type": "object", "properties": {"error": _STRING}, "required": ["error"]},
    "ExportTaken": {"type": "object", "properties": {"partialSuccess": {"type": "object"}}},
    "ExportError": {"type": "object", "properties": {"message": _STRING}, "required": ["message"]},
    "CloudEvent": {
        "type": "object",
        "properties": {
            "specversion": {"const": "1.0"},
            "id": _STRING,
            "source": _STRING,
            "type": {"enum": sorted(TOPIC_OF)},
            "time": {"type": "string", "format": "date-time"},
            "data": {"type": "object"},
        },
        "required": list(_EVENT),
        "examples": [_EVENT],
    },
}


class Route(NamedTuple):
    """What is served at a path, and what the document says of it."""

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    operation: dict[str, Any]


def document(file: GatewayFile, routes: Sequence[Route]) -> dict[str, Any]:
    """Give the document of all routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = route.operation
    used = sorted({source.signature for source in file.sources.values()})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Outcome monitor: events over HTTP",
            "version": version("outcome-monitor"),
            "description": "A request is answered with 2xx when Kafka has all of its events.",
        },
        "paths": paths,
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {
                key: scheme for name in used for key, scheme in _schemes(name).items()
            },
        },
    }


def delivery(source: SourceFile, intake: Intake, bytes_max: int, path: str) -> dict[str, Any]:
    """Say what a source may post."""
    taken, error = ("ExportTaken", "ExportError") if intake.signals else ("Taken", "Error")
    answers = {"200": _answer("Kafka has its events, or there are none in it.", taken, intake)}
    answers |= {status: _answer(why, error, intake) for status, why in _ERRORS.items()}
    answers |= {
        status: _answer(why, error, intake) | {"headers": _AGAIN} for status, why in _LATER.items()
    }
    content = dict(_contents(source, intake, path))
    operation = {
        "summary": f"Take what `{source.mapping}` makes events of.",
        "description": f"A body has at most {bytes_max} bytes, as it is sent and unpacked from "
        f"gzip. The source may send {source.rate:g} requests a second.",
        "requestBody": {"required": True, "content": content},
        "responses": answers,
    }
    keys = list(_schemes(source.signature))
    return operation | {"security": [{key: [] for key in keys}]}


def presence() -> dict[str, Any]:
    """Say that a source is there."""
    return {
        "summary": "Tell whether there is such a source.",
        "responses": {"200": {"description": "There is."}},
    }


def page(summary: str, content: dict[str, Any] | None = None, not_now: str = "") -> dict[str, Any]:
    """Say what a page has, and when it has it not."""
    body = _TEXT if content is None else content
    answers = {"200": {"description": summary, "content": body}}
    if not_now:
        answers["503"] = {"description": not_now, "content": _TEXT}
    return {"summary": summary, "responses": answers}


def _schemes(signature: str) -> dict[str, dict[str, str]]:
    scheme = SCHEMES[signature]
    if isinstance(scheme, Bearer):
        return {signature: {"type": "http", "scheme": "bearer"}}
    names = (signature, f"{signature}_time")
    return {
        name: {"type": "apiKey", "in": "header", "name": header}
        for name, header in zip(names, scheme.headers, strict=False)
    }


def _answer(why: str, schema: str, intake: Intake) -> dict[str, Any]:
    content: dict[str, Any] = {JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    if intake.signals:
        content[PROTOBUF] = {}
    return {"description": why, "content": content}


def _contents(source: SourceFile, intake: Intake, path: str) -> dict[str, Any]:
    event = {"$ref": "#/components/schemas/CloudEvent"}
    if source.mapping == "cloudevents":
        contents = {
            "application/cloudevents+json": {"schema": event},
            "application/cloudevents-batch+json": {"schema": {"type": "array", "items": event}},
        }
        if not SCHEMES[source.signature].signs_body:
            contents[JSON] = {"schema": {"type": "object"}}
        return contents
    if isinstance(SCHEMES[source.signature], Token):
        return {"application/jwt": {"schema": _STRING}}
    contents = {intake.media: {"schema": {"type": "object"}}}
    if path.rpartition("/")[2] in intake.signals:
        contents[PROTOBUF] = {}
    return contents
