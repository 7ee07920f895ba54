"""Events of the topic ``cx.handoffs``: one side passes a conversation to another."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.conversations import Heartbeat
from schemas.envelope import Common, Count, Envelope, Flag, Ref, Seconds, Word
from schemas.vocabulary import (
    Disposition,
    HandoffKind,
    HandoffReason,
    Requester,
    SuggestionState,
)


class HandoffRequestedData(Common):
    """Who asked whom to take over, and why."""

    handoff_id: Ref
    kind: HandoffKind
    requested_by: Requester
    reason_code: HandoffReason = HandoffReason.UNCLASSIFIED
    to_queue: Word | None = None
    queue_role: Word | None = None
    within_hours: Flag | None = Field(None, description="Were there people on duty?")
    expected: Flag | None = Field(None, description="Was it part of the designed flow?")


class HandoffRequested(Envelope):
    """A handoff was asked for. Again with the same ``handoff_id`` is the same handoff."""

    type: Literal["cx.handoff.requested.v1"]
    data: HandoffRequestedData


class HandoffStepData(Common):
    """A step in the life of a handoff."""

    handoff_id: Ref
    queue: Word | None = None
    queue_role: Word | None = None
    reason: Word | None = None


class HandoffAnnounced(Envelope):
    """The customer was told that somebody will take over."""

    type: Literal["cx.handoff.announced.v1"]
    data: HandoffStepData


class HandoffAccepted(Envelope):
    """Somebody took the conversation."""

    type: Literal["cx.handoff.accepted.v1"]
    data: HandoffStepData


class HandoffFirstReply(Envelope):
    """Whoever took over spoke to the customer for the first time."""

    type: Literal["cx.handoff.first_reply.v1"]
    data: HandoffStepData


class HandoffTransferred(Envelope):
    """The conversation went on to another queue."""

    type: Literal["cx.handoff.transferred.v1"]
    data: HandoffStepData


class HandoffReturned(Envelope):
    """The conversation was given back."""

    type: Literal["cx.handoff.returned.v1"]
    data: HandoffStepData


class HandoffAbandoned(Envelope):
    """The customer left while waiting."""

    type: Literal["cx.handoff.abandoned.v1"]
    data: HandoffStepData


class HandoffExpired(Envelope):
    """The queue gave up on the handoff."""

    type: Literal["cx.handoff.expired.v1"]
    data: HandoffStepData


class HandoffFailed(Envelope):
    """The handoff could not be made."""

    type: Literal["cx.handoff.failed.v1"]
    data: HandoffStepData


class HandoffCompletedData(Common):
    """What the human did, which shows whether the handoff was needed."""

    handoff_id: Ref
    human_public_messages: Count = 0
    human_actions: Count = 0
    privileged_action: Flag = False
    handle_seconds: Seconds | None = None
    disposition: Disposition = Disposition.UNKNOWN


class HandoffCompleted(Envelope):
    """The human's part is over."""

    type: Literal["cx.handoff.completed.v1"]
    data: HandoffCompletedData


class SuggestionDisplayedData(Common):
    """A suggestion of the AI, by its id."""

    suggestion_id: Ref


class SuggestionDisplayed(Envelope):
    """A suggestion was shown to a human agent."""

    type: Literal["cx.suggestion.displayed.v1"]
    data: SuggestionDisplayedData


class SuggestionUsedData(SuggestionDisplayedData):
    """What the human did with it."""

    state: SuggestionState


class SuggestionUsed(Envelope):
    """A human agent used, changed or discarded a suggestion."""

    type: Literal["cx.suggestion.used.v1"]
    data: SuggestionUsedData


HandoffStep = (
    HandoffAnnounced
    | HandoffAccepted
    | HandoffFirstReply
    | HandoffTransferred
    | HandoffReturned
    | HandoffAbandoned
    | HandoffExpired
    | HandoffFailed
)

HandoffEvent = Annotated[
    HandoffRequested
    | HandoffStep
    | HandoffCompleted
    | SuggestionDisplayed
    | SuggestionUsed
    | Heartbeat,
    Field(discriminator="type"),
]
