"""The OpenAPI 3.1 document of the live page's API."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from schemas.api import Board, Findings, Found, Refusal, Timeline
from schemas.json_schema import Terse

Node = dict[str, Any]

PREFIX = "/api/v1"
API_VERSION = "1.0.0"
STREAM_EVENTS = ("board", "finding", "missed")
LIMIT = 50
LIMIT_MAX = 200
_SCHEMA = "#/components/schemas/"
_MODELS = (Board, Findings, Found, Refusal, Timeline)
_UNAUTHORIZED = "No token was shown, or another."
_FORBIDDEN = "Without a token the pages answer on loopback only."
_NOT_NOW = "It cannot be said now; ask again."


def document() -> Node:
    """The whole document; it refers to nothing outside itself."""
    models = [(model.__name__, "serialization", TypeAdapter(model)) for model in _MODELS]
    _, shared = TypeAdapter.json_schemas(
        models,  # type: ignore[arg-type]  # a list of three is what it takes
        ref_template=_SCHEMA + "{model}",
        schema_generator=Terse,
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "outcome-monitor",
            "version": API_VERSION,
            "description": (
                "What the live page shows. It only reads; any worker of a group answers for all."
                " Customers are keyed hashes, and what is not known is left out."
            ),
        },
        "paths": {f"{PREFIX}{path}": {"get": operation} for path, operation in _paths()},
        "security": [{}, {"token": []}, {"certificate": []}, {"token": [], "certificate": []}],
        "components": {
            "schemas": shared["$defs"],
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The content of WEB_TOKEN_FILE, where that is set.",
                },
                "certificate": {
                    "type": "mutualTLS",
                    "description": "Of the CA in WEB_CLIENT_CA_FILE, where that is set.",
                },
            },
        },
    }


def _paths() -> list[tuple[str, Node]]:
    return [
        ("/board", _operation("board", "Everything at one look.", "Board")),
        (
            "/findings",
            _operation("findings", "What failed silently, newest first.", "Findings", 400, 503)
            | {"parameters": _filters()},
        ),
        (
            "/journeys/{journey}",
            _operation("journey", "One journey over its channels.", "Timeline", 400, 404, 503)
            | {
                "parameters": [
                    _parameter("journey", "The name under which it is published.", path=True)
                ]
            },
        ),
        ("/stream", _stream()),
        (
            "/openapi.json",
            {
                "operationId": "openapi",
                "summary": "This document.",
                "responses": {"200": _said("This document.", {"type": "object"})},
            },
        ),
    ]


def _stream() -> Node:
    told = (
        "Server-sent events. `board` has a Board, when it has changed, at most once a second;"
        " `finding` a Found, when it is durable; `missed` says that findings were not told,"
        " because the client was too slow: ask for the feed. So listen first, then ask for the"
        " feed, also when the connection was lost: nothing is told again."
    )
    refused = _operation("stream", "", "Board", 503)["responses"]
    stream = {"description": told, "content": {"text/event-stream": {"schema": {"type": "string"}}}}
    return {
        "operationId": "stream",
        "summary": "What is new, as it comes.",
        "responses": refused | {"200": stream},
    }


def _operation(name: str, summary: str, model: str, *refusals: int) -> Node:
    why = {
        400: "A parameter is not what it can be.",
        401: _UNAUTHORIZED,
        403: _FORBIDDEN,
        404: "Nobody remembers it.",
        503: _NOT_NOW,
    }
    refused = {
        str(status): _said(why[status], _reference("Refusal")) for status in (401, 403, *refusals)
    }
    return {
        "operationId": name,
        "summary": summary,
        "responses": {"200": _said(summary, _reference(model))} | refused,
    }


def _filters() -> list[Node]:
    by = {
        "kind": "Number of the kind, such as SF-09; may be given again, as all filters.",
        "version": "AI version.",
        "channel": "Channel.",
        "intent": "Intent group.",
        "confidence": "How sure: confirmed, probable, suspected.",
    }
    limit = {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT}
    return [
        *(
            _parameter(name, told, {"type": "array", "items": {"type": "string"}})
            for name, told in by.items()
        ),
        _parameter("stands", "Only what nothing later has corrected.", {"type": "boolean"}),
        _parameter("cursor", "Only what is older: `next` of the answer before."),
        _parameter("limit", "How many at most.", limit),
    ]


def _parameter(name: str, told: str, schema: Node | None = None, *, path: bool = False) -> Node:
    return {
        "name": name,
        "in": "path" if path else "query",
        "required": path,
        "description": told,
        "schema": schema or {"type": "string"},
    }


def _reference(model: str) -> Node:
    return {"$ref": _SCHEMA + model}


def _said(told: str, schema: Node) -> Node:
    return {"description": told, "content": {"application/json": {"schema": schema}}}
