"""Issues: the matters within a conversation, where somebody tells them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.memory import make_room
from monitor.core.silent import sf16
from monitor.core.state import Conversation, Issue
from monitor.core.step import UNKNOWN

if TYPE_CHECKING:
    from monitor.core.step import Step
    from schemas.conversations import TrackedIssueData


def open_issue(step: Step, conversation: Conversation, data: TrackedIssueData) -> None:
    """A matter was found, or came up again."""
    issue = _issue(step, conversation, data.issue_id)
    if data.intent is not None and data.intent != UNKNOWN:
        issue.intent = data.intent
    if issue.opened is None or step.at > issue.opened.at:
        issue.opened = step.mark


def resolve(step: Step, conversation: Conversation, data: TrackedIssueData) -> None:
    """A matter was settled."""
    issue = _issue(step, conversation, data.issue_id)
    issue.resolved_at = max(issue.resolved_at, step.at)
    sf16.resolved(step, conversation)


def about(step: Step, conversation: Conversation, intent: str | None) -> set[str]:
    """The issues of a conversation that have an intent."""
    if intent is None:
        return set()
    found = step.customer.issues.values()
    return {
        issue.id
        for issue in found
        if issue.conversation_id == conversation.id and issue.intent == intent
    }


def _issue(step: Step, conversation: Conversation, issue_id: str) -> Issue:
    name = f"{conversation.id}\x1f{issue_id}"
    if name not in step.customer.issues:
        make_room(step, "issues")
        step.customer.issues[name] = Issue(conversation.id, issue_id)
    return step.customer.issues[name]
