"""The quick way from the bytes of a record to an event, for the records that are as they should be.

Rule: nothing is refused here. The models of the contract are the law and pydantic is its judge;
this reader is made from the models, gives what pydantic would give, and gives ``None`` wherever
the two might differ: what does not fit, and what is written in an unusual way.

msgspec reads the fields in C and passes over what it does not know. It does so with less care
than pydantic, so records that are large, nested or not ASCII are left to pydantic as well.
"""

from __future__ import annotations

import re
from datetime import datetime
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    NotRequired,
    TypedDict,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec
from msgspec import Meta, Raw
from pydantic_core import PydanticCustomError

from schemas.envelope import (
    EARLIEST,
    LATEST,
    SPAN_SECONDS,
    Count,
    Envelope,
    Flag,
    Frozen,
    Number,
    Ref,
    Seconds,
    Share,
    Time,
    Word,
)
from schemas.making import maker_of
from schemas.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping

BYTES_MAX = 4096
"""Ten times an event; too small to hold a number that Python would refuse to read."""

_OBJECTS_MAX = 16
_REF_MAX = 256
_STRUCTURED = "application/cloudevents"
# Months and hours are checked when the parts are put together, offsets are not.
_PLAIN_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
).fullmatch
_FORMS: list[tuple[Any, Any]] = [
    (Ref, Annotated[str, Meta(min_length=1, max_length=256)]),
    (Word, Annotated[str, Meta(min_length=1, max_length=64)]),
    (Flag, bool),
    (Number, float),
    (Share, Annotated[float, Meta(ge=0, le=1)]),
    (Seconds, Annotated[float, Meta(ge=0, le=SPAN_SECONDS)]),
    (Count, Annotated[int, Meta(ge=0, le=1_000_000)]),
    # Read as text first, for msgspec would round it.
    (Time, str),
]


class _Doubt(Exception):  # noqa: N818  # it accuses nobody
    """What pydantic is to decide."""


class _Whole(msgspec.Struct):
    id: str
    source: str
    specversion: str
    type: str
    time: str
    data: Raw
    subject: str | None = None
    partitionkey: str | None = None
    sequence: str | None = None
    traceparent: str | None = None


_whole = msgspec.json.Decoder(_Whole).decode
_NAMES = {f"ce_{name}": name for name in _Whole.__struct_fields__ if name != "data"}
_NAMES |= {"content-type": "content-type"}


class Reader:
    """Reads the events of one topic."""

    def __init__(self, kinds: Mapping[str, type[Envelope]]) -> None:
        """Make the reader from the models of the events, which come by their types."""
        self._kinds = {}
        for type_, kind in kinds.items():
            data = kind.model_fields["data"].annotation
            assert isinstance(data, type)
            assert issubclass(data, Frozen)
            hints = get_type_hints(data, include_extras=True)
            # Of fields that are called otherwise outside there are few, and seldom.
            if all(field.alias is None for field in data.model_fields.values()):
                times = tuple(name for name in hints if Time in _options(hints[name]))
                form = {name: _form(data, name, hints[name]) for name in data.model_fields}
                decode = msgspec.json.Decoder(TypedDict(data.__name__, form)).decode  # type: ignore[operator]
                self._kinds[type_] = (decode, times, maker_of(data), maker_of(kind))

    def read(
        self, headers: tuple[tuple[str, bytes | None], ...], value: bytes | None
    ) -> Envelope | None:
        """The event, or None where pydantic is to decide."""
        if not value or len(value) > BYTES_MAX or not value.isascii():
            return None
        if b"[" in value or value.count(b"{") > _OBJECTS_MAX:
            return None
        try:
            return self._read(headers, value)
        except (_Doubt, KeyError, TypeError, ValueError, PydanticCustomError):
            # An attribute or a header's content is missing; or it is msgspec's word, or bytes that
            # are no text, or a day that no month has.
            return None

    def _read(self, headers: tuple[tuple[str, bytes | None], ...], value: bytes) -> Envelope:
        said = _said(headers)
        if "specversion" not in said:
            said = msgspec.structs.asdict(_whole(value))
            value = said["data"]
        kind = self._kinds.get(said["type"])
        if kind is None or said["specversion"] != "1.0":
            raise _Doubt
        decode, times, make_data, make = kind
        data = decode(value)
        for name in times:
            if data.get(name) is not None:
                data[name] = _time(data[name])
        get = said.get
        references = {
            "id": said["id"],
            "source": said["source"],
            "subject": get("subject"),
            "partitionkey": get("partitionkey"),
            "sequence": get("sequence"),
            "traceparent": get("traceparent"),
        }
        for reference in references.values():
            if reference is not None and not 0 < len(reference) <= _REF_MAX:
                raise _Doubt
        references |= {"specversion": "1.0", "time": _time(said["time"]), "type": said["type"]}
        event: Envelope = make(references | {"data": make_data(data)})
        return event


def _said(headers: tuple[tuple[str, bytes | None], ...]) -> dict[str, Any]:
    """The attributes in the headers; there are none if the value has them."""
    given: dict[str, Any] = dict(headers)
    # All at once, for each call has its price. What holds a line feed itself, or nothing at all,
    # or is there twice, comes out in another number.
    contents = b"\n".join(given.values()).decode().split("\n") if given else []
    if len(contents) != len(headers):
        raise _Doubt
    said = dict(zip([_NAMES.get(name, "") for name in given], contents, strict=True))
    if "" in said and not "".join(given).isascii():
        raise _Doubt
    is_structured = said.get("content-type", "").lower().startswith(_STRUCTURED)
    return {} if is_structured else said


def _time(text: str) -> datetime:
    if not _PLAIN_TIME(text):
        raise _Doubt
    time = datetime.fromisoformat(text)
    if not EARLIEST <= time < LATEST:
        raise _Doubt
    return time


def _options(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401  # a type as it is written
    return get_args(hint) if get_origin(hint) in (UnionType, Union) else (hint,)


def _form(model: type[Frozen], name: str, hint: Any) -> Any:  # noqa: ANN401
    """The type of a field as msgspec has it."""
    options: list[Any] = []
    for option in _options(hint):
        if option is NoneType or (isinstance(option, type) and issubclass(option, Vocabulary)):
            options.append(option)
        else:
            options.append(next(form for ours, form in _FORMS if ours == option))
    form = options[0] if len(options) == 1 else Union[tuple(options)]  # noqa: UP007
    return form if model.model_fields[name].is_required() else NotRequired[form]
