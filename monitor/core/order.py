"""The order of events that happened at the same moment.

First what the source says by ``sequence``, then the natural order of types (a claim follows the
message it answers, a reopening follows the claim), then the hash of the id, so that the order
never depends on arrival.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.envelope import Envelope

_TYPES = (
    "cx.customer.linked.v1",
    "cx.conversation.started.v1",
    "cx.intent.assigned.v1",
    "cx.issue.opened.v1",
    "cx.message.created.v1",
    "cx.suggestion.displayed.v1",
    "cx.suggestion.used.v1",
    "cx.handoff.requested.v1",
    "cx.handoff.announced.v1",
    "cx.handoff.accepted.v1",
    "cx.handoff.first_reply.v1",
    "cx.handoff.transferred.v1",
    "cx.handoff.returned.v1",
    "cx.handoff.abandoned.v1",
    "cx.handoff.expired.v1",
    "cx.handoff.failed.v1",
    "cx.commitment.made.v1",
    "cx.action.claimed.v1",
    "cx.action.requested.v1",
    "cx.action.executed.v1",
    "cx.action.failed.v1",
    "cx.action.reversed.v1",
    "cx.ledger.confirmed.v1",
    "cx.commitment.fulfilled.v1",
    "cx.commitment.withdrawn.v1",
    "cx.handoff.completed.v1",
    "cx.issue.resolved.v1",
    "cx.resolution.claimed.v1",
    "cx.conversation.closed.v1",
    "cx.conversation.reopened.v1",
    "cx.conversation.merged.v1",
    "cx.conversation.spam_marked.v1",
    "cx.conversation.deleted.v1",
    "cx.feedback.received.v1",
    "cx.external.signal.v1",
    "cx.evaluation.result.v1",
)
_RANK = {type_: rank for rank, type_ in enumerate(_TYPES)}


def rank_of(event: Envelope) -> tuple[int, str, int]:
    """Where an event stands among those of its moment."""
    return (0, event.sequence or "", _RANK[event.type])
