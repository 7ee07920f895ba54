"""Spans and events out of OTLP/JSON, as records.

A line holds what an exporter sends at once: ``resourceSpans`` or ``resourceLogs``. A record is a
span, an event of a span, or a log record, under OTLP's own names. Its ``attributes`` and those of
its ``resource`` become objects in objects, as their names have dots; an event has its span's
attributes as ``span`` besides. What is neither text, number nor truth is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Record = dict[str, Any]

_OF_A_SPAN = ("traceId", "spanId", "parentSpanId", "startTimeUnixNano", "endTimeUnixNano")
_OF_A_LOG = ("traceId", "spanId", "timeUnixNano", "eventName")
_DEPTH_MAX = 64  # Else a name of a million dots is a million objects, too deep to be written down.
_PLAIN = ("stringValue", "boolValue", "doubleValue")


def telemetry(exports: Iterable[Record | None]) -> Iterator[Record | None]:
    """Give the records of each export; None stands for what is none."""
    for export in exports:
        if export is None or not ("resourceSpans" in export or "resourceLogs" in export):
            yield None
            continue
        for resource, span in _inside(export, "resourceSpans", "scopeSpans", "spans"):
            yield from _of_span(resource, span)
        for resource, log in _inside(export, "resourceLogs", "scopeLogs", "logRecords"):
            yield _named(log, _OF_A_LOG) | {"resource": resource, "attributes": _attributes(log)}


def _inside(
    export: Record, groups: str, scopes: str, members: str
) -> Iterator[tuple[Record, Record]]:
    for group in _objects(export.get(groups)):
        resource = group.get("resource")
        attributes = _attributes(resource) if isinstance(resource, dict) else {}
        for scope in _objects(group.get(scopes)):
            for member in _objects(scope.get(members)):
                yield attributes, member


def _of_span(resource: Record, span: Record) -> Iterator[Record]:
    attributes = _attributes(span)
    ids = _named(span, ("traceId", "spanId"))
    yield _named(span, _OF_A_SPAN) | {"resource": resource, "attributes": attributes}
    for event in _objects(span.get("events")):
        yield (
            ids
            | _named(event, ("timeUnixNano",))
            | {"eventName": event.get("name"), "resource": resource, "span": attributes}
            | {"attributes": _attributes(event)}
        )


def _named(of: Record, names: tuple[str, ...]) -> Record:
    return {name: of[name] for name in names if name in of}


def _objects(value: object) -> Iterator[Record]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))


def _attributes(of: Record) -> Record:
    nested: Record = {}
    for attribute in _objects(of.get("attributes")):
        key, value = attribute.get("key"), _value(attribute.get("value"))
        if isinstance(key, str) and key.count(".") < _DEPTH_MAX and value is not None:
            _put(nested, key.split("."), value)
    return nested


def _put(nested: Record, path: list[str], value: object) -> None:
    *parents, name = path
    for parent in parents:
        nested = nested.setdefault(parent, {})
        if not isinstance(nested, dict):
            return  # Another attribute has this name itself.
    if not isinstance(nested.get(name), dict):
        nested[name] = value


def _value(of: object) -> object:
    if not isinstance(of, dict):
        return None
    if "intValue" in of:
        # 64 bits are more than a number in JSON may have, so they come as text.
        try:
            return int(of["intValue"])
        except (TypeError, ValueError, OverflowError):
            return None
    return next((of[kind] for kind in _PLAIN if kind in of), None)
