"""One conversation that was heard of under two references, put together field by field.

Rule: every field is named here with how its two values become one; a test holds that. What waits
for an answer is as the row has it in which somebody spoke last.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeVar

from monitor.core.state import Claims, Conversation, Effort, Episode, Turns
from schemas.vocabulary import Channel, Origin

if TYPE_CHECKING:
    from collections.abc import Callable

    import msgspec

    from monitor.core.moments import Moment

    Rule = Callable[[Any, Any], Any]

One = TypeVar("One", bound="msgspec.Struct")


def put_together(later: One, earlier: One) -> One:
    """One of two; ``later`` is that in which somebody spoke last."""
    kind = type(later)
    return kind(
        **{
            name: rule(getattr(later, name), getattr(earlier, name))
            for name, rule in RULES[kind].items()
        }
    )


def _latest(later: object, _earlier: object) -> object:
    return later


def _known(later: object, earlier: object) -> object:
    return later if later not in (None, "", (), Channel.UNKNOWN, Origin.UNKNOWN) else earlier


def _either(later: bool, earlier: bool) -> bool:  # noqa: FBT001  # a rule takes two values
    return later or earlier


def _both(later: list[str], earlier: list[str]) -> list[str]:
    return [*earlier, *(one for one in later if one not in earlier)]


def _all(later: dict[str, Any], earlier: dict[str, Any]) -> dict[str, Any]:
    return earlier | later


def _sum(later: int, earlier: int) -> int:
    return later + earlier


def _sums(later: list[Moment], earlier: list[Moment]) -> list[Moment]:
    return [a + b for a, b in zip_longest(later, earlier, fillvalue=0)]


def _first(later: Moment | None, earlier: Moment | None) -> Moment | None:
    return min((at for at in (later, earlier) if at is not None), default=None)


def _last(later: Moment, earlier: Moment) -> Moment:
    return max(later, earlier)


def _last_claim(later: Episode | None, earlier: Episode | None) -> Episode | None:
    known = [one for one in (later, earlier) if one is not None]
    return max(known, key=lambda one: (one.claim.at, one.id), default=None)


RULES: dict[type, dict[str, Rule]] = {
    Conversation: {
        "id": _latest,
        "journey": _latest,
        "started_at": _first,
        "channel": _known,
        "origin": _known,
        "linked": _either,
        "counted_as": _known,
        "named": _either,
        "involved_as": _known,
        "counted_identified": _either,
        "intent": _known,
        "intent_group": _known,
        "entity_ref": _known,
        "case_id": _known,
        "ai_version": _known,
        "answered_by_version": _known,
        "gen_ai_conversation_id": _known,
        "gen_ai_response_id": _known,
        "asked_for_human": _either,
        "human_actions": _sum,
        "episodes": _both,
        "unfollowed": _all,
        "handoffs": _both,
        "notice": _latest,
        "turns": put_together,
        "missed": _all,
        "effort": put_together,
        "claims": put_together,
        "entry_ai_version": _known,
        "heard": _latest,
        "closed_at": _last,
        "opened_at": _last,
        "spam": _either,
        "second": _known,
        "second_mark": _known,
        "eta_at": _last,
        "unsure": _latest,
        "answered_at": _last,
    },
    Turns: {
        "owner": _latest,
        "owner_at": _latest,
        "given_back": _latest,
        "ai_spoke": _either,
        "human_spoke": _either,
        "accepted": _either,
        "last_at": _latest,
        "settled_at": _latest,
        "waiting": _latest,
        "waits_for": _latest,
        "left_open": _latest,
        "abandoned": _known,
        "heard_since": _latest,
        "wants_human": _latest,
        "ai_went_on": _latest,
        "to_ai": _all,
        "loop": _latest,
    },
    Effort: {
        "began_at": _first,
        "asked_at": _first,
        "transfers": _sum,
        "customer_messages": _sum,
        "repeated_requests": _sum,
        "waits_on": _latest,
        "since": _latest,
        "waited": _sums,
    },
    Claims: {
        "count": _sum,
        "failed": _sum,
        "held": _either,
        "last": _last_claim,
    },
}
