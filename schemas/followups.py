"""Events of the topic ``cx.followups``: promises, actions, the ledger, signals from outside.

A system of record seldom knows the conversation, so here only the customer or the action must
be named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.conversations import Heartbeat
from schemas.envelope import Context, Envelope, Ref, Time, Word
from schemas.vocabulary import Actor, LedgerStage, SignalKind, ValueBand

if TYPE_CHECKING:
    from pydantic.config import JsonDict


def _given(*names: str) -> JsonDict:
    """Say in JSON Schema that fields are there and not null."""
    return {
        "required": [*names],
        "properties": {name: {"type": "string"} for name in names},
    }


_NAMES_SOMEBODY: JsonDict = {"anyOf": [_given("conversation_id"), _given("customer_ref")]}
_NAMES_AN_ACTION: JsonDict = {"anyOf": [_given("action_id"), _given("kind", "entity_ref")]}


class FollowupCommon(Context):
    """The context of an event whose producer may not know the conversation."""

    model_config = ConfigDict(json_schema_extra={"allOf": [_NAMES_SOMEBODY]})

    conversation_id: Ref | None = None

    @model_validator(mode="after")
    def _names_somebody(self) -> FollowupCommon:
        if self.conversation_id is None and self.customer_ref is None:
            raise PydanticCustomError(
                "names_nobody", "a follow-up names its conversation_id or its customer_ref"
            )
        return self


class CommitmentMadeData(FollowupCommon):
    """What was promised, by whom and by when."""

    commitment_id: Ref
    kind: Word
    due_at: Time
    made_by: Actor
    value_band: ValueBand = ValueBand.UNKNOWN


class CommitmentMade(Envelope):
    """Something was promised to the customer."""

    type: Literal["cx.commitment.made.v1"]
    data: CommitmentMadeData


class CommitmentStepData(FollowupCommon):
    """A promise, by its id."""

    commitment_id: Ref
    reason: Word | None = None


class CommitmentFulfilled(Envelope):
    """A promise was kept."""

    type: Literal["cx.commitment.fulfilled.v1"]
    data: CommitmentStepData


class CommitmentWithdrawn(Envelope):
    """A promise was taken back in agreement with the customer."""

    type: Literal["cx.commitment.withdrawn.v1"]
    data: CommitmentStepData


class ActionData(FollowupCommon):
    """Something done, or said to be done, for the customer."""

    action_id: Ref
    kind: Word
    by: Actor
    value_band: ValueBand = ValueBand.UNKNOWN
    reason: Word | None = None


class ActionClaimed(Envelope):
    """The customer was told that an action is done."""

    type: Literal["cx.action.claimed.v1"]
    data: ActionData


class ActionRequested(Envelope):
    """An action was ordered."""

    type: Literal["cx.action.requested.v1"]
    data: ActionData


class ActionExecuted(Envelope):
    """An action was carried out."""

    type: Literal["cx.action.executed.v1"]
    data: ActionData


class ActionFailed(Envelope):
    """An action could not be carried out."""

    type: Literal["cx.action.failed.v1"]
    data: ActionData


class ActionReversed(Envelope):
    """An action was undone."""

    type: Literal["cx.action.reversed.v1"]
    data: ActionData


class LedgerData(FollowupCommon):
    """What the system of record knows, by action or by kind and entity."""

    model_config = ConfigDict(json_schema_extra={"allOf": [_NAMES_SOMEBODY, _NAMES_AN_ACTION]})

    action_id: Ref | None = None
    kind: Word | None = None
    stage: LedgerStage

    @model_validator(mode="after")
    def _names_an_action(self) -> LedgerData:
        if self.action_id is None and (self.kind is None or self.entity_ref is None):
            raise PydanticCustomError(
                "names_no_action", "a ledger entry names its action_id, or kind and entity_ref"
            )
        return self


class LedgerConfirmed(Envelope):
    """The system of record holds the action."""

    type: Literal["cx.ledger.confirmed.v1"]
    data: LedgerData


class SignalData(FollowupCommon):
    """What the customer did elsewhere."""

    kind: SignalKind
    reason: Word | None = None


class ExternalSignal(Envelope):
    """A complaint, a chargeback, a cancellation or a bad review."""

    type: Literal["cx.external.signal.v1"]
    data: SignalData


FollowupEvent = Annotated[
    CommitmentMade
    | CommitmentFulfilled
    | CommitmentWithdrawn
    | ActionClaimed
    | ActionRequested
    | ActionExecuted
    | ActionFailed
    | ActionReversed
    | LedgerConfirmed
    | ExternalSignal
    | Heartbeat,
    Field(discriminator="type"),
]
