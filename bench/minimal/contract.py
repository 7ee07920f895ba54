"""The contract of the minimal job: three topics, read by pydantic or by msgspec, same fields.

Only what every engine's environment holds is imported here, so that each of them can read it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec
import pydantic

TOPICS = ("conversations", "handoffs", "followups")
PARTITIONS = 4

Decode = Callable[[bytes], Any]

Channel = Literal["chat", "voice", "email", "whatsapp"]
ConversationType = Literal["conversation_started", "message", "resolution_claimed"]
HandoffType = Literal["handoff_requested", "handoff_accepted"]
FollowupType = Literal["promise_made", "promise_fulfilled", "repeat_contact", "survey_answered"]
Direction = Literal["inbound", "outbound"]
Author = Literal["customer", "ai", "human"]


class _Model(pydantic.BaseModel):
    id: str
    source: str
    time: datetime
    customer_ref: str
    conversation_id: str
    channel: Channel
    intent: str
    ai_version: str


class _ConversationModel(_Model):
    type: ConversationType
    direction: Direction
    author: Author
    turn: int
    sentiment: float
    text: str


class _HandoffModel(_Model):
    type: HandoffType
    handoff_id: str
    queue: str
    reason: str
    priority: int
    agent_ref: str | None = None
    summary: str


class _FollowupModel(_Model):
    type: FollowupType
    promise_id: str | None = None
    due: datetime | None = None
    amount: float | None = None
    score: int | None = None
    note: str


class _Struct(msgspec.Struct):
    id: str
    source: str
    time: datetime
    customer_ref: str
    conversation_id: str
    channel: Channel
    intent: str
    ai_version: str


class _ConversationStruct(_Struct, kw_only=True):
    type: ConversationType
    direction: Direction
    author: Author
    turn: int
    sentiment: float
    text: str


class _HandoffStruct(_Struct, kw_only=True):
    type: HandoffType
    handoff_id: str
    queue: str
    reason: str
    priority: int
    agent_ref: str | None = None
    summary: str


class _FollowupStruct(_Struct, kw_only=True):
    type: FollowupType
    promise_id: str | None = None
    due: datetime | None = None
    amount: float | None = None
    score: int | None = None
    note: str


BY_PYDANTIC: dict[str, Decode] = {
    "conversations": _ConversationModel.model_validate_json,
    "handoffs": _HandoffModel.model_validate_json,
    "followups": _FollowupModel.model_validate_json,
}
BY_MSGSPEC: dict[str, Decode] = {
    "conversations": msgspec.json.Decoder(_ConversationStruct).decode,
    "handoffs": msgspec.json.Decoder(_HandoffStruct).decode,
    "followups": msgspec.json.Decoder(_FollowupStruct).decode,
}
DECODERS = {"pydantic": BY_PYDANTIC, "msgspec": BY_MSGSPEC}
#: What any of them raises about a record that breaks the contract. Both are ValueErrors.
BROKEN = (pydantic.ValidationError, msgspec.MsgspecError)
