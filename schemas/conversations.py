"""Events of the topic ``cx.conversations``: contacts, messages, intents, claims, feedback."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.envelope import Common, Envelope, Flag, Frozen, Number, Ref, Share, Time, Word
from schemas.vocabulary import (
    Actor,
    Assurance,
    Basis,
    MessageKind,
    Origin,
    Scale,
    TurnOutcome,
    Visibility,
)


class StartedData(Common):
    """Why a conversation began."""

    origin: Origin = Origin.INBOUND
    in_reply_to: Ref | None = Field(None, description="The conversation this one answers.")


class ConversationStarted(Envelope):
    """A conversation began."""

    type: Literal["cx.conversation.started.v1"]
    data: StartedData


class MessageData(Common):
    """Who spoke, to whom, and what the message does."""

    message_id: Ref
    actor: Actor
    visibility: Visibility = Visibility.PUBLIC
    kind: MessageKind = MessageKind.UNKNOWN
    turn_outcome: TurnOutcome = TurnOutcome.SENT
    requests_human: Flag = False
    content_simhash: Ref | None = Field(None, description="Similarity hash, to see repetition.")


class MessageCreated(Envelope):
    """Somebody wrote or said something."""

    type: Literal["cx.message.created.v1"]
    data: MessageData


class IssueData(Common):
    """A matter within the conversation."""

    issue_id: Ref | None = None
    confidence: Share | None = None
    classifier_version: Word | None = None


class IntentAssigned(Envelope):
    """A classifier said what the conversation is about."""

    type: Literal["cx.intent.assigned.v1"]
    data: IssueData


class TrackedIssueData(IssueData):
    """A matter with an id of its own."""

    issue_id: Ref


class IssueOpened(Envelope):
    """A matter was found in the conversation."""

    type: Literal["cx.issue.opened.v1"]
    data: TrackedIssueData


class IssueResolved(Envelope):
    """A matter was settled."""

    type: Literal["cx.issue.resolved.v1"]
    data: TrackedIssueData


class ClaimData(Common):
    """Who says that the matter is resolved, and on what ground."""

    by: Actor
    basis: Basis = Basis.UNKNOWN
    issue_id: Ref | None = None


class ResolutionClaimed(Envelope):
    """Somebody says that the matter is resolved. Whether it is, time will tell."""

    type: Literal["cx.resolution.claimed.v1"]
    data: ClaimData


class StateData(Common):
    """Who changed the state of the conversation, and why."""

    actor: Actor = Actor.UNKNOWN
    reason: Word | None = None


class ConversationClosed(Envelope):
    """The conversation was closed."""

    type: Literal["cx.conversation.closed.v1"]
    data: StateData


class ConversationReopened(Envelope):
    """A closed or resolved conversation was opened again."""

    type: Literal["cx.conversation.reopened.v1"]
    data: StateData


class MergeData(StateData):
    """Where the conversation went."""

    into: Ref


class ConversationMerged(Envelope):
    """The conversation was merged into another."""

    type: Literal["cx.conversation.merged.v1"]
    data: MergeData


class ConversationSpamMarked(Envelope):
    """The conversation is no customer's."""

    type: Literal["cx.conversation.spam_marked.v1"]
    data: StateData


class ConversationDeleted(Envelope):
    """The conversation was erased at its source."""

    type: Literal["cx.conversation.deleted.v1"]
    data: StateData


class LinkData(Frozen):
    """Two references that are one customer."""

    customer_ref: Ref
    other_ref: Ref
    assurance: Assurance
    valid_from: Time | None = None


class CustomerLinked(Envelope):
    """Two references were found to be one customer."""

    type: Literal["cx.customer.linked.v1"]
    data: LinkData


class FeedbackData(Common):
    """A customer's rating."""

    scale: Scale
    value: Number


class FeedbackReceived(Envelope):
    """A customer rated the service."""

    type: Literal["cx.feedback.received.v1"]
    data: FeedbackData


class EvaluationData(Common):
    """An evaluator's score, in the names of OpenTelemetry ``gen_ai.evaluation.result``."""

    name: Word = Field(alias="gen_ai.evaluation.name")
    score_value: Number | None = Field(None, alias="gen_ai.evaluation.score.value")
    score_label: Word | None = Field(None, alias="gen_ai.evaluation.score.label")
    evaluator: Word
    evaluator_version: Word


class EvaluationResult(Envelope):
    """A judge, human or model, scored an answer. Judges classify; they never decide."""

    type: Literal["cx.evaluation.result.v1"]
    data: EvaluationData


class HeartbeatData(Frozen):
    """A producer's word that it has sent everything up to a moment."""

    producer: Word
    watermark: Time | None = None


class Heartbeat(Envelope):
    """A producer is alive. Sent to every partition of its topic, it moves event time there."""

    type: Literal["cx.heartbeat.v1"]
    data: HeartbeatData


ConversationEvent = Annotated[
    ConversationStarted
    | MessageCreated
    | IntentAssigned
    | IssueOpened
    | IssueResolved
    | ResolutionClaimed
    | ConversationClosed
    | ConversationReopened
    | ConversationMerged
    | ConversationSpamMarked
    | ConversationDeleted
    | CustomerLinked
    | FeedbackReceived
    | EvaluationResult
    | Heartbeat,
    Field(discriminator="type"),
]
