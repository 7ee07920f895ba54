"""What the monitor publishes: outcomes, findings and dead letters.

Ids are derived from content, so a record that is published twice after a crash has the same id
both times and a consumer drops the second. ``journey`` is a keyed hash: only the operator, who
has the key, can look a customer up.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from schemas.envelope import Frozen
from schemas.vocabulary import Actor, Basis, ValueBand

OUTCOMES = "cx.outcomes"
FINDINGS = "cx.findings"
DEAD_LETTERS = "cx.dead-letters"

#: The hexadecimal digits of a keyed hash, which is the name of a journey outside of the state.
HASH_CHARACTERS = 32


class Confidence(StrEnum):
    """How sure a finding is: two records contradict, behaviour suggests, or only an absence."""

    CONFIRMED = "confirmed"
    PROBABLE = "probable"
    SUSPECTED = "suspected"


class Evidence(Frozen):
    """An event that proves a verdict."""

    event_id: str
    source: str
    type: str
    occurred_at: datetime


class Published(Frozen):
    """What every record that we publish says of its subject."""

    id: str
    journey: str = Field(
        description="Keyed hash of the customer's journey. Who was forgotten begins anew with it."
    )
    conversation_id: str | None = None
    decided_at: datetime = Field(description="The moment, in event time, that decided it.")
    ai_version: str
    intent_group: str
    channel: str
    evidence: tuple[Evidence, ...] = ()
    policy_version: str


class EpisodeOutcome(Published):
    """What became of one claim of resolution, by one horizon or for good."""

    kind: Literal["episode"] = "episode"
    episode_id: str
    claimed_at: datetime
    claimed_by: Actor
    basis: Basis
    issue_id: str | None = Field(None, description="The issue, if the claim named one.")
    entry_ai_version: str | None = Field(
        None, description="The AI version that the conversation was first known by."
    )
    assisted: bool | None = Field(None, description="A human had spoken before the claim.")
    verdict: Literal["durable", "failed", "censored", "retracted"]
    bound: Literal["explicit", "same_issue", "any_issue"]
    horizon: str | None = Field(
        None,
        description="The horizon that the verdict is of, such as 7d. A failure has none, but where "
        "it corrects what was told of a horizon.",
    )
    age_seconds: float = Field(description="Age of the claim when it was decided.")
    cause: str | None = None
    match: str | None = None
    reason: str | None = Field(
        None, description="Why the episode was censored, or the failure taken back."
    )
    replaces: str | None = Field(
        None, description="The id of the record that this corrects or takes back."
    )
    gen_ai_conversation_id: str | None = None
    gen_ai_response_id: str | None = None


class HandoffOutcome(Published):
    """How a handoff ended, and whether it was needed."""

    kind: Literal["handoff"] = "handoff"
    handoff_id: str
    aspect: Literal["terminal", "verdict"]
    verdict: str
    basis: str = Field(description="What the verdict rests on: record or heuristic.")
    reason_code: str
    waited_seconds: float | None = None
    replaces: str | None = Field(None, description="The id of the verdict that this overrules.")


class CommitmentOutcome(Published):
    """Whether a promise was kept."""

    kind: Literal["commitment"] = "commitment"
    commitment_id: str
    commitment_kind: str
    made_by: Actor
    due_at: datetime
    verdict: Literal["kept", "late", "broken", "withdrawn"]
    replaces: str | None = Field(None, description="The id of the verdict that this corrects.")


class JourneyEffort(Frozen):
    """What a journey cost its customer."""

    contacts: int
    channels: int
    transfers: int = Field(description="Times that the customer was passed on.")
    customer_messages: int
    repeated_requests: int = Field(description="Times that was asked what was known already.")
    wait_seconds: float = Field(
        description="How long the customer waited: on the AI, a human and the company."
    )
    ai_seconds: float
    human_seconds: float
    company_seconds: float = Field(description="The wait while nobody had the conversation.")
    customer_seconds: float = Field(description="How long we waited for the customer.")


class JourneyOutcome(Published):
    """What became of a whole journey, told once at its end, and again if that was wrong."""

    kind: Literal["journey"] = "journey"
    started_at: datetime
    conversations: tuple[str, ...] = Field(description="The contacts that it consisted of.")
    verdict: Literal["durable", "failed", "open"] = Field(
        description="What became of the last claim in it; open if there is none to be judged."
    )
    claims: int
    failures: int = Field(description="Claims in it that did not hold.")
    effort: JourneyEffort
    episode_id: str | None = Field(None, description="The last claim's; so is all that follows.")
    claimed_at: datetime | None = None
    claimed_by: Actor | None = None
    basis: Basis | None = None
    cause: str | None = None
    match: str | None = None
    entry_ai_version: str = Field(description="The AI version that it was first known by.")
    gen_ai_conversation_id: str | None = None
    gen_ai_response_id: str | None = None
    replaces: str | None = Field(None, description="The id of the record that this corrects.")


Outcome = Annotated[
    EpisodeOutcome | HandoffOutcome | CommitmentOutcome | JourneyOutcome,
    Field(discriminator="kind"),
]
OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


class Finding(Published):
    """A silent failure: the system looked fine and the customer was failed."""

    sf: str = Field(pattern=r"^SF-\d\d$")
    name: str
    subject: str = Field(description="The episode, handoff or commitment that failed.")
    confidence: Confidence
    value_band: ValueBand = Field(
        default=ValueBand.UNKNOWN, description="How much was at stake for the customer."
    )
    retracted: bool = Field(
        default=False, description="Later evidence overturned the finding that this replaces."
    )
    replaces: str | None = Field(None, description="The id of the finding that this corrects.")


class Reason(StrEnum):
    """Why a record could not be read."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    NOT_AN_EVENT = "not_an_event"
    MISSING_TIME = "missing_time"
    INVALID_TIME = "invalid_time"
    TIME_OUT_OF_RANGE = "time_out_of_range"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    WRONG_TOPIC = "wrong_topic"
    INVALID_DATA = "invalid_data"


class DeadLetter(Frozen):
    r"""Why and where a record was refused.

    On the dead-letter topic the record keeps its key, value and headers as they came; these
    fields travel beside them as headers with the prefix ``dl_``. In the name of a header, bytes
    that are no UTF-8 are written as ``\x`` and two digits.
    """

    reason: Reason
    detail: str = Field(description="The field and the rule it broke; never its value.")
    topic: str
    partition: int
    offset: int
    received_at: datetime

    def headers(self) -> list[tuple[str, bytes]]:
        """The fields as Kafka headers."""
        fields = self.model_dump(mode="json")
        return [(f"dl_{name}", str(value).encode()) for name, value in fields.items()]

    @classmethod
    def from_headers(cls, headers: dict[str, bytes]) -> DeadLetter:
        """Read the fields back from Kafka headers."""
        return cls.model_validate(
            {name: headers[f"dl_{name}"].decode() for name in cls.model_fields}
        )
