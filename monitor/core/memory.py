"""What is forgotten of a customer, and that nothing waits for it any more.

Rule: whoever lets a thing go lets its deadlines go as well, so every kind of deadline is listed
here with what it belongs to. Every bound on memory is policy, and reaching one is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.core import overdue
from monitor.core.silent.findings import forget_conversation as forget_findings
from monitor.core.state import Commitment

if TYPE_CHECKING:
    from monitor.core.step import Step

OF_GROUP: dict[str, tuple[str, ...]] = {
    "actions": ("action", "ledger", "posted"),
    "claims": ("claim",),
    "commitments": ("due", "promise", "remembered"),
    "devices": (),
    "episodes": ("age", "reopen"),
    "handoffs": ("eta", "orphan", "sla", "verdict"),
    "issues": (),
    "suggestions": ("suggestion",),
    "words": ("hold",),
}
"""The deadlines of each group of things that a customer has, by the name of the group."""

INSIDE = ("episodes", "handoffs", "issues", "suggestions", "words")
"""The groups that a conversation takes along when it is forgotten; the others outlive it."""

OF_CONVERSATION = ("ignored", "limbo", "mute", "notice")
"""The deadlines of a conversation."""


def make_room(step: Step, name: str) -> None:
    """Forget the oldest of a group, without a verdict, when no more of them are remembered."""
    group = _group(step, name)
    while len(group) >= step.policy.open_max:
        forget(step, name, next(iter(group)))
        step.count("cx_state_bounds_total", "open_max")


def forget(step: Step, name: str, subject: str) -> None:
    """Forget one thing."""
    gone = _group(step, name).pop(subject)
    if isinstance(gone, Commitment):
        overdue.end(step, gone)
    for kind in OF_GROUP[name]:
        step.forget(kind, subject)


def forget_conversation(step: Step, conversation_id: str) -> None:
    """Forget a conversation, and what cannot be without it."""
    for name in INSIDE:
        for subject, thing in list(_group(step, name).items()):
            if thing.conversation_id == conversation_id:
                forget(step, name, subject)
    for kind in OF_CONVERSATION:
        step.forget(kind, conversation_id)
    forget_findings(step, conversation_id)
    del step.customer.conversations[conversation_id]


def _group(step: Step, name: str) -> dict[str, Any]:
    group: dict[str, Any] = getattr(step.customer, name)
    return group
