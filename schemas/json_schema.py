"""JSON Schema 2020-12 of everything that travels: events in, and what comes of them out.

Rule: all of it is derived from the models, so a schema cannot promise what the reader does not
do. The schemas say every rule of the reader but one: that a time of the right form is also in
the calendar and within the span.

Events are described as they are read, so a field with a default may be missing. What we publish
is described as it is written: a field that may be null is left out when it is, and every other
is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from schemas.decode import ADAPTERS
from schemas.evaluations import EVALUATIONS, Evaluation
from schemas.published import DEAD_LETTERS, FINDINGS, OUTCOME, OUTCOMES, DeadLetter, Finding

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaMode
    from pydantic_core.core_schema import DataclassField, ModelField, TypedDictField

    AnyField = DataclassField | ModelField | TypedDictField

Schema = dict[str, Any]

_MODELS: dict[str, tuple[JsonSchemaMode, TypeAdapter[Any]]] = {
    **{topic: ("validation", adapter) for topic, adapter in ADAPTERS.items()},
    OUTCOMES: ("serialization", OUTCOME),
    FINDINGS: ("serialization", TypeAdapter(Finding)),
    EVALUATIONS: ("serialization", TypeAdapter(Evaluation)),
    DEAD_LETTERS: ("serialization", TypeAdapter(DeadLetter)),
}


class Terse(GenerateJsonSchema):
    """No titles that only repeat the name of their field, and what we write as we write it."""

    def field_is_required(self, field: AnyField, total: bool) -> bool:  # noqa: FBT001
        """Say which fields a reader can count on."""
        if self.mode != "serialization":
            return super().field_is_required(field, total)
        schema = field["schema"]
        kind: str = (schema["schema"] if schema["type"] == "default" else schema)["type"]
        return kind != "nullable"

    def field_title_should_be_set(self, schema: object) -> bool:
        """Say no: a title made of a name tells a reader nothing."""
        del schema
        return False


def of_topics() -> dict[str, Schema]:
    """The schema of each topic's records; of dead letters, that of the headers they gain."""
    schemas = {
        topic: adapter.json_schema(mode=mode, schema_generator=Terse)
        for topic, (mode, adapter) in _MODELS.items()
    }
    schemas[DEAD_LETTERS] |= as_headers(schemas[DEAD_LETTERS], "dl_")
    return {topic: _headed(topic, schema) for topic, schema in schemas.items()}


def bundle(ref_template: str) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """The schema of each topic's records, and apart from them the definitions that they share."""
    records, shared = TypeAdapter.json_schemas(
        [(topic, mode, adapter) for topic, (mode, adapter) in _MODELS.items()],
        ref_template=ref_template,
        schema_generator=Terse,
    )
    return {topic: schema for (topic, _), schema in records.items()}, shared["$defs"]


def as_headers(schema: Schema, prefix: str) -> Schema:
    """The fields of a record as Kafka headers carry them."""
    return {
        "type": "object",
        "properties": {
            prefix + name: _as_text(field) for name, field in schema["properties"].items()
        },
        "required": [prefix + name for name in schema["required"]],
    }


def _as_text(field: Schema) -> Schema:
    # A header that has no value is absent, so what may be null in JSON is only its first choice.
    text: Schema = field.get("anyOf", [field])[0]
    if text.get("type") == "integer":
        text = text | {"type": "string", "pattern": "^[0-9]+$"}
    return text | {name: field[name] for name in ("description",) if name in field}


def _headed(topic: str, schema: Schema) -> Schema:
    return schema | {
        "$schema": GenerateJsonSchema.schema_dialect,
        "$id": f"urn:outcome-monitor:{topic}",
        "title": f"Headers of {topic}" if topic == DEAD_LETTERS else f"Records of {topic}",
    }
