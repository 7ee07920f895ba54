"""The closed lists of the contract: channels, actors, kinds, reasons.

Rule: a member that this version does not know is read as ``unknown``, so that a producer may
add one before the monitor is upgraded. A value that is no string at all stays an error.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema


class Vocabulary(StrEnum):
    """A list of words that may grow. Every list has the member ``unknown``."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls("unknown") if isinstance(value, str) else None

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Say the words as documentation, for a validator must not refuse a word added later."""
        del schema, handler
        doc = (cls.__doc__ or cls.__name__).strip()
        words = [str(member) for member in cls]
        return {
            "title": cls.__name__,
            "description": f"{doc} Any other string is read as `unknown`.",
            "type": "string",
            "x-known-values": words,
        }


class Channel(Vocabulary):
    """Where a contact took place."""

    CHAT = "chat"
    MESSAGING = "messaging"
    EMAIL = "email"
    VOICE = "voice"
    SOCIAL = "social"
    WEB_FORM = "web_form"
    UNKNOWN = "unknown"


class Assurance(Vocabulary):
    """How sure the producer is that the customer is who the reference says."""

    VERIFIED = "verified"
    ASSERTED = "asserted"
    DEVICE = "device"
    NONE = "none"
    UNKNOWN = "unknown"


class Actor(Vocabulary):
    """Who acted."""

    CUSTOMER = "customer"
    AI = "ai"
    HUMAN = "human"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class Origin(Vocabulary):
    """Why a conversation began."""

    INBOUND = "inbound"
    PROACTIVE = "proactive"
    REPLY_TO_PROACTIVE = "reply_to_proactive"
    TRANSFER = "transfer"
    UNKNOWN = "unknown"


class Visibility(Vocabulary):
    """Who can read a message."""

    PUBLIC = "public"
    INTERNAL = "internal"
    UNKNOWN = "unknown"


class MessageKind(Vocabulary):
    """What a message does, as its producer classified it."""

    ANSWER = "answer"
    QUESTION = "question"
    GREETING = "greeting"
    ERROR = "error"
    HANDOFF_NOTICE = "handoff_notice"
    COMMITMENT = "commitment"
    ACK = "ack"
    THANKS = "thanks"
    AUTO_REPLY = "auto_reply"
    ASKS_KNOWN_INFO = "asks_known_info"
    OTHER = "other"
    UNKNOWN = "unknown"


class TurnOutcome(Vocabulary):
    """What became of a turn of the AI."""

    SENT = "sent"
    EMPTY = "empty"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Basis(Vocabulary):
    """On what a claim of resolution rests."""

    CUSTOMER_CONFIRMED = "customer_confirmed"
    AGENT_JUDGED = "agent_judged"
    INACTIVITY_TIMEOUT = "inactivity_timeout"
    WORKFLOW = "workflow"
    OPERATOR = "operator"
    BULK = "bulk"
    MERGE = "merge"
    UNKNOWN = "unknown"


class Scale(Vocabulary):
    """The scale of a customer's rating."""

    CSAT5 = "csat5"
    CES7 = "ces7"
    THUMB = "thumb"
    NPS = "nps"
    UNKNOWN = "unknown"


class HandoffKind(Vocabulary):
    """From whom to whom a conversation is handed."""

    AI_HUMAN = "ai_human"
    AI_AI = "ai_ai"
    HUMAN_HUMAN = "human_human"
    HUMAN_AI = "human_ai"
    UNKNOWN = "unknown"


class HandoffReason(Vocabulary):
    """Why a handoff was asked for."""

    CUSTOMER_REQUESTED = "customer_requested"
    POLICY_REQUIRED = "policy_required"
    KNOWLEDGE_GAP = "knowledge_gap"
    TOOL_FAILURE = "tool_failure"
    MISSING_CAPABILITY = "missing_capability"
    LOW_CONFIDENCE = "low_confidence"
    SAFETY_RISK = "safety_risk"
    VERIFICATION_FAILED = "verification_failed"
    USAGE_LIMIT = "usage_limit"
    LOOP_LIMIT = "loop_limit"
    UNCLASSIFIED = "unclassified"
    UNKNOWN = "unknown"


class Requester(Vocabulary):
    """Who asked for a handoff."""

    CUSTOMER = "customer"
    AI = "ai"
    POLICY = "policy"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class Disposition(Vocabulary):
    """What the human who served a handoff thought of it."""

    NEEDED = "needed"
    NOT_NEEDED = "not_needed"
    UNKNOWN = "unknown"


class SuggestionState(Vocabulary):
    """What a human did with a suggestion of the AI."""

    VERBATIM = "verbatim"
    EDITED_MINOR = "edited_minor"
    EDITED_MAJOR = "edited_major"
    DISCARDED = "discarded"
    UNKNOWN = "unknown"


class ValueBand(Vocabulary):
    """How much is at stake for the customer."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    UNKNOWN = "unknown"


class LedgerStage(Vocabulary):
    """How far the system of record has carried an action."""

    SUBMITTED = "submitted"
    POSTED = "posted"
    UNKNOWN = "unknown"


class SignalKind(Vocabulary):
    """A customer's verdict that arrived from outside the conversation."""

    CHARGEBACK = "chargeback"
    COMPLAINT = "complaint"
    CANCELLATION = "cancellation"
    REVIEW_NEGATIVE = "review_negative"
    UNKNOWN = "unknown"
