"""How a journey stands: what is open in it, what was found, and what silence will decide.

Rule: nothing that names the customer is in it, and no id that was made from such a name; what is
published under a keyed hash is named by the hash, if the caller has the key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from monitor.core import rules
from monitor.core.moments import datetime_of, seconds
from monitor.core.state import Conversation, Episode, Raised
from monitor.core.trace import subjects_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from monitor.core.moments import Moment
    from monitor.core.policy import Policy
    from monitor.core.state import Customer

    Hide = Callable[[str], str]

# What of a row is kept under another word than the one that an operator reads elsewhere.
_SECTIONS = {"commitments": "promises", "episodes": "claims", "raised": "findings"}
# Made from the customer's reference, or of no use outside of the fold.
_UNTOLD = frozenset(
    {
        *("finding_id", "outcome", "outcome_id"),
        *("age", "bucket", "checkpoints", "counted_as", "counted_identified", "entered_at"),
        *("involved_as", "journey", "linked"),
    }
)
_HOUSEKEEPING = "row"


def standing(
    customer: Customer, journey: int, at: Moment, policy: Policy, hide: Hide | None = None
) -> dict[str, Any]:
    """One journey of a customer, ready for JSON.

    Args:
        customer: the row.
        journey: its number in the row.
        at: how far event time has come; ages are told by it.
        policy: which names the ages.
        hide: the keyed hash under which records are published; without it they are not named.
    """
    known = customer.journeys.get(journey)
    inside = {one.id for one in customer.conversations.values() if one.journey == journey}
    whole: dict[str, Any] = {} if known is None else _spell(known)
    if hide is not None:
        whole["journey"] = hide(f"{customer.key}\x1f{journey}")
    for name in customer.__struct_fields__:
        group = getattr(customer, name)
        if isinstance(group, dict) and name != "journeys":
            found = [
                _told(key, one, at, policy, hide)
                for key, one in group.items()
                if _is_inside(one, inside)
            ]
            if found:
                whole[_SECTIONS.get(name, name)] = found
    whole["pending"] = list(pending(customer, journey))
    return whole


def pending(customer: Customer, journey: int) -> Iterator[dict[str, Any]]:
    """What silence will decide in a journey, the next first."""
    for deadline, moment in sorted(customer.deadlines.items(), key=lambda item: item[::-1]):
        kind, _, subject = deadline.partition(":")
        about = subjects_of(customer, deadline)
        known = [customer.conversations[one] for one in about if one in customer.conversations]
        numbers = {conversation.journey for conversation in known} or {journey}
        if kind != _HOUSEKEEPING and journey in numbers:
            rule = rules.of_deadline(deadline)
            yield {
                "at": datetime_of(moment).isoformat(),
                "conversations": about,
                "subject": subject,
                "rule": rule.id,
                "because": rule.says,
            }


def _is_inside(value: object, inside: set[str]) -> bool:
    if isinstance(value, Conversation):
        return value.id in inside
    # What no conversation is named for may be about any.
    missing = object()
    where = getattr(value, "conversation_id", missing)
    return where is None or where in inside


def _told(
    key: str, value: msgspec.Struct, at: Moment, policy: Policy, hide: Hide | None
) -> dict[str, Any]:
    told = _spell(value)
    match value:
        case Episode():
            told["age_seconds"] = seconds(at - value.claim.at)
            # Without the ids of the records, which are made of who the customer is.
            if value.told:
                told["told"] = {name: by or "failed" for name, (_, by) in value.told.items()}
            if value.bucket < len(policy.ages):
                told["age"] = policy.ages[value.bucket]
            told |= _because(rules.of_claim())
        case Raised():
            sf, _, subject = key.partition(":")
            told = {"sf": sf, "subject": subject} | told | _because(rules.of_finding(sf))
            if hide is not None:
                told["id"] = hide(value.finding_id)
    return told


def _because(rule: rules.Rule) -> dict[str, str]:
    return {"rule": rule.id, "because": rule.says}


def _spell(value: msgspec.Struct) -> dict[str, Any]:
    annotations = type(value).__annotations__
    told = {
        name: _plain(getattr(value, name), annotations[name])
        for name in value.__struct_fields__
        if name not in _UNTOLD
    }
    return {name: one for name, one in told.items() if one not in (None, [], {}, "", False, 0)}


def _plain(value: object, meant: str) -> Any:  # noqa: ANN401  # whatever JSON has
    """A value of a row as JSON has it; ``meant`` is its annotation, for a moment is a number."""
    match value:
        case msgspec.Struct():
            return _spell(value)
        case str():
            return str(value)
        case dict():
            return {str(name): _plain(one, "") for name, one in value.items()}
        case list() | tuple():
            # Several of them are lengths of time.
            return [seconds(one) if meant == "list[Moment]" else _plain(one, "") for one in value]
        case int() if value and meant.startswith("Moment"):
            return datetime_of(value).isoformat()
    return value
