"""The CloudEvents 1.0 envelope that every event wears, and the fields that all data share.

``source`` and ``id`` together are the key by which repeats are known. ``time`` is optional in
CloudEvents and required here: it is when the thing happened, and the monitor believes nothing
else. Producers set ``partitionkey`` to the customer reference, and so the Kafka key.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from schemas.vocabulary import Assurance, Channel

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


SPAN_SECONDS = int((LATEST - EARLIEST).total_seconds())

_AFTER_YEAR = (
    r"-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_RFC3339 = re.compile(r"[0-9]{4}" + _AFTER_YEAR)
# An offset may carry the first and the last hours of the span into the years beside it.
_RFC3339_IN_SPAN = r"^(1999|20[0-9]{2}|2100)" + _AFTER_YEAR + "$"


def _require_rfc3339(value: object) -> object:
    # pydantic would also read seconds since 1970, as a number or as digits, and times that leave
    # out their seconds. A mapping inside this process may hold a datetime already.
    if isinstance(value, str):
        if _RFC3339.fullmatch(value):
            return value
    elif isinstance(value, datetime):
        return value
    raise PydanticCustomError("not_rfc3339", "a time is an RFC 3339 string with an offset")


def _require_number(value: object) -> object:
    # pydantic would count "5" and true as numbers. 5.0 is an integer in JSON, so it is one here.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise PydanticCustomError("not_a_number", "a count is a number")


def _require_range(value: datetime) -> datetime:
    if EARLIEST <= value < LATEST:
        return value
    raise PydanticCustomError("time_range", "a time lies in the years 2000 to 2099")


Time = Annotated[
    AwareDatetime,
    BeforeValidator(_require_rfc3339),
    AfterValidator(_require_range),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _RFC3339_IN_SPAN}),
]
"""A moment with its offset from UTC, in the years 2000 to 2099."""

Ref = Annotated[str, StringConstraints(min_length=1, max_length=256)]
"""An opaque reference: an id, never a name, a number to call or a text."""

Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""A class from a small set that the producer chooses, such as an intent or a queue."""

Flag = Annotated[bool, Strict()]
"""``true`` or ``false``, and nothing that merely sounds like it."""

Number = Annotated[float, Strict()]
"""A JSON number."""

Share = Annotated[Number, Field(ge=0, le=1)]
"""A part of a whole."""

Seconds = Annotated[Number, Field(ge=0, le=SPAN_SECONDS)]
"""A duration: no longer than the span that times may lie in."""

Count = Annotated[int, Field(ge=0, le=1_000_000), BeforeValidator(_require_number)]
"""How many. A million is more than any conversation has of anything."""


class Frozen(BaseModel):
    """A value: it never changes, and fields that a later version adds are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Context(Frozen):
    """What the data of every event may say about its contact. No text, ever."""

    customer_ref: Ref | None = None
    identity_assurance: Assurance = Assurance.UNKNOWN
    channel: Channel = Channel.UNKNOWN
    ai_agent_id: Word | None = None
    ai_version: Word | None = None
    intent: Word | None = None
    intent_group: Word | None = None
    entity_ref: Ref | None = Field(None, description="Hash of the order or invoice spoken of.")
    case_id: Ref | None = None
    gen_ai_conversation_id: Ref | None = None
    gen_ai_response_id: Ref | None = None
    test: Flag = False


class Common(Context):
    """The context of an event that belongs to a conversation."""

    conversation_id: Ref


class Envelope(Frozen):
    """CloudEvents 1.0 context attributes; ``type`` and ``data`` belong to each event."""

    id: Ref
    source: Ref
    specversion: Literal["1.0"]
    time: Time
    subject: Ref | None = None
    partitionkey: Ref | None = None
    sequence: Ref | None = Field(
        None, description="Order among events of one source with equal times; compared as text."
    )
    traceparent: Ref | None = None
    type: str
    data: Frozen
