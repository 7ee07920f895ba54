"""From the bytes of a Kafka record to an event, or to the reason why it is none.

Rule: bad input never raises anything but ``Invalid``, and an ``Invalid`` never carries a value
from the input, for that may be text or name a customer.

CloudEvents come in two modes. Structured: the value is the whole event. Binary: the value is
``data`` and the attributes are headers with the prefix ``ce_``. Binary is put together to the
structured form first, so that both are judged by the same rules. A structured record may repeat
its attributes as headers; then its ``content-type`` says that it is structured.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from schemas.conversations import ConversationEvent
from schemas.followups import FollowupEvent
from schemas.handoffs import HandoffEvent
from schemas.published import Reason
from schemas.quick import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schemas.envelope import Envelope

CONVERSATIONS = "cx.conversations"
HANDOFFS = "cx.handoffs"
FOLLOWUPS = "cx.followups"
TOPICS = (CONVERSATIONS, HANDOFFS, FOLLOWUPS)

MESSAGE_BYTES_MAX = 1_048_576
"""Larger than any event without text can be; Kafka's own default limit."""

_UNIONS: dict[str, Any] = {
    CONVERSATIONS: ConversationEvent,
    HANDOFFS: HandoffEvent,
    FOLLOWUPS: FollowupEvent,
}
ADAPTERS: dict[str, TypeAdapter[Any]] = {
    topic: TypeAdapter(union) for topic, union in _UNIONS.items()
}

_STRUCTURED = b"application/cloudevents"
_TYPE = re.compile(r"(cx\.[a-z_]+(?:\.[a-z_]+)*)\.v[0-9]+")


class Invalid(Exception):  # noqa: N818  # it is a verdict on the input, not an error of ours
    """The record is no event of the contract."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def _kinds(union: Any) -> dict[str, type[Envelope]]:  # noqa: ANN401  # a type as it is written
    """The events of a topic by their types."""
    kinds: tuple[type[Envelope], ...] = get_args(get_args(union)[0])
    return {get_args(kind.model_fields["type"].annotation)[0]: kind for kind in kinds}


_KINDS = {topic: _kinds(union) for topic, union in _UNIONS.items()}
TYPES: dict[str, frozenset[str]] = {topic: frozenset(kinds) for topic, kinds in _KINDS.items()}
"""The event types that a topic may carry."""
TOPIC_OF: dict[str, str] = {
    type_: topic for topic in reversed(TOPICS) for type_ in sorted(TYPES[topic])
}
READERS = {topic: Reader(kinds) for topic, kinds in _KINDS.items()}
_BASES = {type_.rpartition(".v")[0] for type_ in TOPIC_OF}


def decode(
    topic: str, headers: Iterable[tuple[str, bytes | None]], value: bytes | None
) -> Envelope:
    """Read one record: quickly if it is as it should be, else by the models themselves.

    Args:
        topic: the topic it came from; an event of another topic is refused.
        headers: the Kafka headers; ``ce_specversion`` among them means binary mode, unless
            ``content-type`` says structured. What is no UTF-8 in a name is escaped as surrogates.
        value: the record's value as it came.

    Raises:
        Invalid: the record is no event; says why, by field and rule.
    """
    named = tuple(headers)
    event = READERS[topic].read(named, value)
    return event or slowly(topic, named, value)


def slowly(
    topic: str, headers: Iterable[tuple[str, bytes | None]], value: bytes | None
) -> Envelope:
    """Read one record by the models of the contract, which alone can refuse it.

    Raises:
        Invalid: as `decode`.
    """
    if not value:
        raise Invalid(Reason.EMPTY, "the value has no bytes")
    if len(value) > MESSAGE_BYTES_MAX:
        raise Invalid(Reason.TOO_LARGE, f"{len(value)} bytes, at most {MESSAGE_BYTES_MAX}")
    return read(topic, _assemble(headers, _parse(value)))


def read(topic: str, record: Mapping[str, Any]) -> Envelope:
    """Read one event in its structured form, as a mapping.

    Raises:
        Invalid: the record is no event of this topic.
    """
    _check_type(topic, record.get("type"))
    if "time" not in record:
        raise Invalid(Reason.MISSING_TIME, "time: the attribute is required")
    try:
        event: Envelope = ADAPTERS[topic].validate_python(record)
    except ValidationError as error:
        raise _refusal(error) from None
    return event


def _parse(value: bytes) -> object:
    try:
        return from_json(value, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        # Only the end of the message has the position; the start may quote the input.
        raise Invalid(Reason.NOT_JSON, str(error).rpartition(" at ")[2][:80]) from None


def _assemble(headers: Iterable[tuple[str, bytes | None]], payload: object) -> dict[str, Any]:
    named = list(headers)
    if not all(_is_text(name) for name, _ in named):
        raise Invalid(Reason.NOT_AN_EVENT, "the name of a header is not UTF-8")
    given = [(name, content) for name, content in named if content is not None]
    if _is_binary(given):
        return _attributes(given) | {"data": payload}
    if not isinstance(payload, dict):
        raise Invalid(Reason.NOT_AN_EVENT, "the value is no JSON object")
    return payload


def _is_text(name: str) -> bool:
    # Bytes that are no text come as surrogates, which UTF-8 itself cannot spell.
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _is_binary(headers: list[tuple[str, bytes]]) -> bool:
    structured = any(
        name == "content-type" and content.lower().startswith(_STRUCTURED)
        for name, content in headers
    )
    return not structured and any(name == "ce_specversion" for name, _ in headers)


def _attributes(headers: list[tuple[str, bytes]]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for name, content in headers:
        if not name.startswith("ce_"):
            continue
        if name[3:] in attributes:
            # Which of two times is the event's, nobody can say.
            raise Invalid(Reason.NOT_AN_EVENT, "a ce_ header is given twice")
        try:
            attributes[name[3:]] = content.decode()
        except UnicodeDecodeError:
            raise Invalid(Reason.NOT_AN_EVENT, "a ce_ header is not UTF-8") from None
    return attributes


def _check_type(topic: str, type_: object) -> None:
    if not isinstance(type_, str):
        raise Invalid(Reason.NOT_AN_EVENT, "type: a string is required")
    if type_ in TYPES[topic]:
        return
    if type_ in TOPIC_OF:
        raise Invalid(Reason.WRONG_TOPIC, f"type: belongs to {TOPIC_OF[type_]}")
    known = _TYPE.fullmatch(type_)
    if known and known[1] in _BASES:
        raise Invalid(Reason.UNKNOWN_VERSION, f"type: {known[1]} is read in version 1 only")
    raise Invalid(Reason.UNKNOWN_TYPE, "type: not in the vocabulary")


def _refusal(error: ValidationError) -> Invalid:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    # The tag that pydantic puts first is the type, which is known to be ours by now.
    path = ".".join(str(part) for part in first["loc"][1:]) or "event"
    detail = f"{path}: {first['type']}"
    if path == "time":
        ranged = first["type"] == "time_range"
        return Invalid(Reason.TIME_OUT_OF_RANGE if ranged else Reason.INVALID_TIME, detail)
    if path.startswith("data"):
        return Invalid(Reason.INVALID_DATA, detail)
    return Invalid(Reason.NOT_AN_EVENT, detail)
