"""The AsyncAPI 3.0 document: which topics there are, who writes them, and what travels there.

Each event has two messages, one for each mode of CloudEvents on Kafka: ``<type>`` is binary,
``<type>.structured`` is structured. ``receive`` and ``send`` are said from the monitor's side.
"""

from __future__ import annotations

from typing import Any

from schemas import json_schema
from schemas.decode import CONVERSATIONS, FOLLOWUPS, HANDOFFS, TOPICS
from schemas.envelope import Envelope
from schemas.evaluations import EVALUATIONS
from schemas.published import DEAD_LETTERS, FINDINGS, OUTCOMES

Node = dict[str, Any]

CONTRACT_VERSION = "1.1.0"
"""Minor: a field, a word or an event type more. Major: an event type is no longer read."""

JSON = "application/json"
STRUCTURED = "application/cloudevents+json"
HEARTBEAT = "cx.heartbeat.v1"

_SCHEMA = "#/components/schemas/"
_KAFKA = "0.5.0"
"""Version of AsyncAPI's Kafka bindings."""

_TOPICS: dict[str, str] = {
    CONVERSATIONS: "Contacts, messages, intents, claims of resolution, feedback.",
    HANDOFFS: "One side passes a conversation to another.",
    FOLLOWUPS: "Promises, actions, the ledger, signals from outside.",
    OUTCOMES: "What became of claims, handoffs, promises and whole journeys.",
    FINDINGS: "Silent failures: the system looked fine and the customer was failed.",
    EVALUATIONS: "Outcomes as OpenTelemetry's events, in the JSON of its protocol for logs.",
    DEAD_LETTERS: "Records that could not be read, as they came, with the reason.",
}
_SAME_PARTITIONS = (
    f" {', '.join(TOPICS)} have the same number of partitions, so that one customer's records"
    " lie in the same partition of each."
)
_CUSTOMER_KEY = {"type": "string", "description": "The customer reference, in UTF-8."}
_JOURNEY_KEY = {"type": "string", "description": "The field `journey`, in UTF-8."}
_ANY_KEY = {"description": "The key of the refused record, as it came."}


def document() -> Node:
    """The whole document; it refers to nothing outside itself."""
    records, schemas = json_schema.bundle(_SCHEMA + "{model}")
    messages: dict[str, dict[str, Node]] = {
        topic: _events(records[topic], schemas) for topic in TOPICS
    }
    messages[OUTCOMES] = {
        f"outcome.{kind}": _published(reference, schemas)
        for kind, reference in _members(records[OUTCOMES]).items()
    }
    messages[FINDINGS] = {"finding": _published(records[FINDINGS]["$ref"], schemas)}
    messages[EVALUATIONS] = {"evaluation": _published(records[EVALUATIONS]["$ref"], schemas)}
    messages[DEAD_LETTERS] = {"dead_letter": _dead_letter(schemas)}
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": JSON,
        "channels": {topic: _channel(topic, list(messages[topic])) for topic in _TOPICS},
        "operations": dict(_operation(topic) for topic in _TOPICS),
        "components": {
            "messages": {name: node for some in messages.values() for name, node in some.items()},
            "schemas": schemas | {"BinaryHeaders": _binary_headers()},
        },
    }


def _info() -> Node:
    return {
        "title": "outcome-monitor",
        "version": CONTRACT_VERSION,
        "description": (
            "What producers send to the monitor as CloudEvents 1.0, and what it publishes."
            " No record carries a text."
        ),
        "license": {"name": "Apache-2.0"},
    }


def _channel(topic: str, messages: list[str]) -> Node:
    return {
        "address": topic,
        "description": _TOPICS[topic] + (_SAME_PARTITIONS if topic in TOPICS else ""),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"kafka": {"topic": topic, "bindingVersion": _KAFKA}},
    }


def _operation(topic: str) -> tuple[str, Node]:
    action = "receive" if topic in TOPICS else "send"
    return f"{action}.{topic}", {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic}"},
        "summary": _TOPICS[topic],
    }


def _events(record: Node, schemas: dict[str, Node]) -> dict[str, Node]:
    messages = {}
    for type_, reference in _members(record).items():
        messages[type_] = _binary(type_, reference, schemas)
        messages[f"{type_}.structured"] = _structured(type_, reference, schemas)
    return messages


def _members(union: Node) -> dict[str, str]:
    members: dict[str, str] = union["discriminator"]["mapping"]
    return members


def _binary(type_: str, reference: str, schemas: dict[str, Node]) -> Node:
    own = {"type": "object", "properties": {"ce_type": {"type": "string", "const": type_}}}
    event = _schema(reference, schemas)
    return _message(type_, event["description"], _key(type_)) | {
        "contentType": JSON,
        "headers": {"allOf": [{"$ref": _SCHEMA + "BinaryHeaders"}, own]},
        "payload": event["properties"]["data"],
    }


def _structured(type_: str, reference: str, schemas: dict[str, Node]) -> Node:
    summary = _schema(reference, schemas)["description"]
    return _message(type_, summary, _key(type_)) | {
        "contentType": STRUCTURED,
        "description": f"Read as well when it has no content type or {JSON}.",
        "payload": {"$ref": reference},
    }


def _published(reference: str, schemas: dict[str, Node]) -> Node:
    schema = _schema(reference, schemas)
    return _message(schema["title"], schema["description"], _JOURNEY_KEY) | {
        "contentType": JSON,
        "payload": {"$ref": reference},
    }


def _dead_letter(schemas: dict[str, Node]) -> Node:
    fields = schemas.pop("DeadLetter")
    summary, _, description = fields["description"].partition("\n\n")
    return _message(fields["title"], summary, _ANY_KEY) | {
        "description": description,
        "contentType": "application/octet-stream",
        "headers": json_schema.as_headers(fields, "dl_"),
    }


def _message(name: str, summary: str, key: Node | None) -> Node:
    kafka: Node = {"bindingVersion": _KAFKA}
    if key is not None:
        kafka["key"] = key
    return {"name": name, "summary": summary, "bindings": {"kafka": kafka}}


def _key(type_: str) -> Node | None:
    # A heartbeat is no customer's: its producer sends it to every partition.
    return None if type_ == HEARTBEAT else _CUSTOMER_KEY


def _binary_headers() -> Node:
    envelope = Envelope.model_json_schema(schema_generator=json_schema.Terse)
    attributes = {
        "properties": {k: v for k, v in envelope["properties"].items() if k != "data"},
        "required": [name for name in envelope["required"] if name != "data"],
    }
    return json_schema.as_headers(attributes, "ce_") | {
        "description": (
            "The attributes of CloudEvents 1.0. A `content-type` that begins with"
            " `application/cloudevents` would mean structured mode."
        )
    }


def _schema(reference: str, schemas: dict[str, Node]) -> Node:
    return schemas[reference.removeprefix(_SCHEMA)]
