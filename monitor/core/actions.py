"""Actions: what the AI did for a customer, or said it did, and what the ledger knows of it.

Rule: an action is known from its first event, whoever it is of. Its clock starts when the AI does
it or says that it is done. When the ledger should know of it, it is counted once, as confirmed,
failed or unconfirmed. A silent ledger says something only if it is well: its producer's heartbeats
must vouch for everything up to then, so a late ledger is waited for.

Where the AI had a part, an action is remembered as long as undoing it would show that it was
wrong; other actions only as long as a late ledger is waited for, in case the AI speaks of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import redo
from monitor.core.memory import make_room
from monitor.core.silent import sf08, sf10
from monitor.core.state import Action
from monitor.core.step import UNKNOWN, known, version_of
from schemas.published import Confidence
from schemas.vocabulary import Actor, LedgerStage, ValueBand

if TYPE_CHECKING:
    from monitor.core.moments import Moment
    from monitor.core.state import Conversation
    from monitor.core.step import Step
    from schemas.followups import ActionData, LedgerData

CONFIRMED, FAILED, UNCONFIRMED = "confirmed", "failed", "unconfirmed"
_BY_CUSTOMER = "customer_request"
_CORRECTION = "correction"
_WAITS = ("ledger", "posted")


def request(step: Step, conversation: Conversation | None, data: ActionData) -> None:
    """An action is ordered."""
    _meant(step, conversation, data)


def claim(step: Step, conversation: Conversation | None, data: ActionData) -> None:
    """The customer is told that an action is done."""
    action = _meant(step, conversation, data)
    if data.by is not Actor.AI:
        return
    action.claimed = action.claimed or step.mark
    _start_clock(step, action)
    sf08.failed(step, action)


def execute(step: Step, conversation: Conversation | None, data: ActionData) -> None:
    """An action is carried out."""
    action = _meant(step, conversation, data)
    if _is_news(step, action) and action.failed is not None:
        action.failed = None
        sf08.take_back(step, action)
    if data.by is Actor.AI:
        if action.executed is None or step.at >= action.executed.at:
            action.executed = step.mark
        _start_clock(step, action)
    elif data.by is Actor.HUMAN:
        if data.reason == _CORRECTION and action.entity_ref is not None:
            _correct(step, action)
        redo.act(step, conversation, data.entity_ref)


def fail(step: Step, conversation: Conversation | None, data: ActionData) -> None:
    """An action could not be carried out."""
    action = _meant(step, conversation, data)
    if _is_news(step, action):
        action.failed = step.mark
        sf08.failed(step, action)


def reverse(step: Step, conversation: Conversation | None, data: ActionData) -> None:
    """An action is undone."""
    action = _meant(step, conversation, data)
    if data.reason != _BY_CUSTOMER and _can_be_undone(step, action):
        step.count("cx_ai_actions_total", action.kind, "reversed", action.ai_version)
        sf10.undone(step, action, "action_reversed")


def confirm(step: Step, conversation: Conversation | None, data: LedgerData) -> None:
    """The ledger holds an action, or all actions of a kind on one entity."""
    for action in _confirmed(step, conversation, data):
        action.confirmed = True
        if data.stage is LedgerStage.POSTED:
            action.posted = True
            sf08.take_back(step, action, sf08.POSTED)
        if _is_news(step, action):
            action.failed = None
        if action.failed is None:
            sf08.take_back(step, action)


def expire_ledger(step: Step, subject: str) -> None:
    """By now the ledger should know of an action."""
    action = step.customer.actions[subject]
    result = _result(action)
    if result == UNCONFIRMED:
        confidence = _certainty(step, action)
        if confidence is None:
            _look_again(step, action, "ledger")
            return
        sf08.absent(step, action, confidence)
    step.count("cx_ai_actions_total", action.kind, result, action.ai_version)
    window = step.policy.posted_window_by_kind.get(action.kind)
    if window is not None and result == CONFIRMED and not action.posted:
        action.due_at = max(action.begun_at + window, step.at)
        step.wait("posted", action.id, action.due_at)


def expire_posted(step: Step, subject: str) -> None:
    """By now the ledger should have posted an action that it has accepted."""
    action = step.customer.actions[subject]
    if action.posted or action.failed is not None:
        return
    confidence = _certainty(step, action)
    if confidence is None:
        _look_again(step, action, "posted")
    else:
        sf08.absent(step, action, confidence, sf08.POSTED)


def forget(step: Step, subject: str) -> None:
    """Nothing more is expected of an action, unless something was heard of it since."""
    action = step.customer.actions[subject]
    deadlines = step.customer.deadlines
    waits = [deadlines.get(f"{kind}:{subject}", 0) + 1 for kind in _WAITS]
    until = max(action.last_at + _memory(step, action), *waits)
    if until > step.at:
        step.wait("action", subject, until)
        return
    del step.customer.actions[subject]
    sf08.forget(step, action)
    sf10.forget(step, action)


def _meant(step: Step, conversation: Conversation | None, data: ActionData) -> Action:
    action = _known(step, conversation, data.action_id, data)
    if action.kind == UNKNOWN:
        action.kind = data.kind
    if data.value_band is not ValueBand.UNKNOWN:
        action.value_band = data.value_band
    if data.by is Actor.AI and not action.ai_version:
        action.ai_version = data.ai_version or version_of(conversation)
    return action


def _known(
    step: Step, conversation: Conversation | None, action_id: str, data: ActionData | LedgerData
) -> Action:
    action = step.customer.actions.get(action_id)
    if action is None:
        make_room(step, "actions")
        action = Action(action_id, data.kind or UNKNOWN, step.at)
        step.customer.actions[action_id] = action
        step.wait("action", action_id, step.at + step.policy.ledger_patience)
    action.last_at = max(action.last_at, step.at)
    action.entity_ref = action.entity_ref or known(data.entity_ref)
    if action.conversation_id is None and conversation is not None:
        action.conversation_id = conversation.id
    return action


def _confirmed(step: Step, conversation: Conversation | None, data: LedgerData) -> list[Action]:
    if data.action_id is not None:
        return [_known(step, conversation, data.action_id, data)]
    return [
        action
        for action in step.customer.actions.values()
        if action.kind == data.kind and action.entity_ref == data.entity_ref
    ]


def _is_news(step: Step, action: Action) -> bool:
    """Whether nothing later is known of how it went: an event may come late."""
    if step.at < action.told_at:
        return False
    action.told_at = step.at
    return True


def _start_clock(step: Step, action: Action) -> None:
    if not action.begun_at:
        action.begun_at = step.at
        action.due_at = step.at + step.policy.ledger_window_for(action.kind)
        step.wait("ledger", action.id, action.due_at)


def _result(action: Action) -> str:
    if action.failed is not None:
        return FAILED
    return CONFIRMED if action.confirmed else UNCONFIRMED


def _certainty(step: Step, action: Action) -> Confidence | None:
    """How sure it is that the ledger does not know it; None while that may change."""
    vouched = step.sight.vouched(step.policy.ledger_producers)
    if vouched is not None and vouched >= action.due_at:
        return Confidence.PROBABLE
    if vouched is None or step.at >= action.due_at + step.policy.ledger_patience:
        return Confidence.SUSPECTED
    return None


def _look_again(step: Step, action: Action, kind: str) -> None:
    until = min(step.at + step.policy.ledger_recheck, action.due_at + step.policy.ledger_patience)
    step.wait(kind, action.id, until)
    if step.at > action.due_at:
        # At its deadline itself no ledger can have vouched for it yet.
        step.sight.ledger_is_late(until)


def _correct(step: Step, by_human: Action) -> None:
    """A human did what the AI had done, to put it right: the last of what it may have been."""
    wrong: Action | None = None
    for action in step.customer.actions.values():
        same = (action.kind, action.entity_ref) == (by_human.kind, by_human.entity_ref)
        if same and _can_be_undone(step, action) and _is_later(action, wrong):
            wrong = action
    if wrong is not None:
        sf10.undone(step, wrong, "action_corrected")


def _can_be_undone(step: Step, action: Action) -> bool:
    if action.executed is None or action.undone:
        return False
    return 0 <= step.at - action.executed.at < step.policy.undone_window


def _is_later(action: Action, other: Action | None) -> bool:
    if other is None or other.executed is None or action.executed is None:
        return True
    return action.executed.at >= other.executed.at


def _memory(step: Step, action: Action) -> Moment:
    return step.policy.undone_window if action.ai_version else step.policy.ledger_patience
