"""Raising a finding, at most once for each kind and subject, and taking it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.core.state import Conversation, Customer, Mark, Raised
from monitor.core.step import Step, evidence_of, version_of
from schemas.making import unchecked
from schemas.published import Confidence, Finding
from schemas.vocabulary import ValueBand

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.core.moments import Moment
    from monitor.core.totals import Totals

# Contradicted resolutions are found of claims, which outlast their conversations.
_OF_CLAIMS = "SF-17"
_finding = unchecked(Finding)
_RANK = {Confidence.SUSPECTED: 0, Confidence.PROBABLE: 1, Confidence.CONFIRMED: 2}


@dataclass(frozen=True, slots=True)
class SilentFailure:
    """A kind of silent failure, by its number in the domain's law."""

    sf: str
    name: str


def raise_finding(  # noqa: PLR0913  # a finding has this many facts
    step: Step,
    kind: SilentFailure,
    subject: str,
    conversation: Conversation | None,
    confidence: Confidence,
    proof: Sequence[Mark | None],
    version: str | None = None,
    value_band: ValueBand = ValueBand.UNKNOWN,
    window: tuple[Moment, Moment] = (0, 0),
) -> bool:
    """Say that a customer was failed; again only when it has become more certain.

    Returns whether that was said.

    In ``window`` something was missing; if it comes late, ``overturn`` takes the finding back.
    """
    key = f"{kind.sf}:{subject}"
    known = step.customer.raised.get(key)
    if known is not None and _RANK[confidence] <= _RANK[Confidence(known.confidence)]:
        return False
    version = version or version_of(conversation)
    # The same may be found, taken back and found again: what told of it, and when, tell it apart.
    told = [part for mark in (*proof, step.mark) if mark for part in mark.name]
    fields = step.published(conversation, key, confidence, *told, str(step.at))
    fields["ai_version"] = version
    finding = _finding(
        **fields,
        evidence=evidence_of(*proof),
        sf=kind.sf,
        name=kind.name,
        subject=subject,
        confidence=confidence,
        value_band=value_band,
        replaces=known.finding_id if known else None,
    )
    if known is not None:
        _take_back(step, key, known)
    elif conversation is not None:
        _make_room(step)
    where = conversation.id if conversation else None
    raised = Raised(finding.id, where, str(confidence), version, str(value_band), *window)
    step.customer.raised[key] = raised
    step.count("cx_silent_failures_total", *_labels(key, raised))
    step.shift("cx_silent_failures_open", 1, *_labels(key, raised))
    step.say(finding)
    return True


def retract(
    step: Step, kind: SilentFailure, subject: str, conversation: Conversation | None
) -> bool:
    """Take a finding back, for the event at hand overturns it. Returns whether there was one."""
    key = f"{kind.sf}:{subject}"
    known = step.customer.raised.pop(key, None)
    if known is None:
        return False
    fields = step.published(conversation, key, "retracted", known.finding_id)
    finding = _finding(
        **fields | {"ai_version": known.ai_version},
        evidence=evidence_of(step.mark),
        sf=kind.sf,
        name=kind.name,
        subject=subject,
        confidence=Confidence(known.confidence),
        value_band=ValueBand(known.value_band),
        retracted=True,
        replaces=known.finding_id,
    )
    _take_back(step, key, known)
    step.say(finding)
    return True


def overturn(
    step: Step,
    kind: SilentFailure,
    subject: str,
    conversation: Conversation | None,
    dated: Moment | None = None,
) -> bool:
    """Take a finding back if what is said now, and dated then, is what was missing."""
    raised = step.customer.raised
    known = raised.get(f"{kind.sf}:{subject}") if raised else None
    if known is None or not known.since <= (step.at if dated is None else dated) < known.until:
        return False
    return retract(step, kind, subject, conversation)


def is_raised(step: Step, kind: SilentFailure, subject: str) -> bool:
    """Whether a finding stands, and is remembered."""
    return f"{kind.sf}:{subject}" in step.customer.raised


def forget_subject(step: Step, kind: SilentFailure, subject: str) -> None:
    """A finding without a conversation stands for ever: nothing more can be learned of it."""
    key = f"{kind.sf}:{subject}"
    known = step.customer.raised.get(key)
    if known is not None and known.conversation_id is None:
        del step.customer.raised[key]
        step.shift("cx_silent_failures_open", -1, *_labels(key, known))


def let_stand(step: Step, kind: SilentFailure, subject: str) -> None:
    """A finding stands for ever, and from here the same can be found anew."""
    key = f"{kind.sf}:{subject}"
    known = step.customer.raised.pop(key, None)
    if known is not None:
        step.shift("cx_silent_failures_open", -1, *_labels(key, known))


def forget_conversation(step: Step, conversation_id: str) -> None:
    """The findings on a conversation stand for ever: it is forgotten.

    A claim may be remembered longer, and what contradicts it again is no second finding.
    """
    lasting = {f"{_OF_CLAIMS}:{name}" for name in step.customer.claims}
    for key, known in list(step.customer.raised.items()):
        if known.conversation_id != conversation_id:
            continue
        if key in lasting:
            known.conversation_id = None
        else:
            del step.customer.raised[key]
            step.shift("cx_silent_failures_open", -1, *_labels(key, known))


def forget_customer(totals: Totals, customer: Customer) -> None:
    """The same for all that is left of a customer."""
    for key, known in customer.raised.items():
        totals.shift("cx_silent_failures_open", -1, *_labels(key, known))


def _make_room(step: Step) -> None:
    """Let the oldest stand for ever when no more findings on a customer are remembered."""
    while len(step.customer.raised) >= step.policy.open_max:
        key = next(iter(step.customer.raised))
        step.shift("cx_silent_failures_open", -1, *_labels(key, step.customer.raised.pop(key)))
        step.count("cx_state_bounds_total", "open_max")


def remember(totals: Totals, customer: Customer, keys: Iterable[str]) -> None:
    """These findings on a customer were remembered elsewhere until now."""
    for key in keys:
        totals.shift("cx_silent_failures_open", 1, *_labels(key, customer.raised[key]))


def _take_back(step: Step, key: str, known: Raised) -> None:
    step.count("cx_silent_failures_retractions_total", *_labels(key, known))
    step.shift("cx_silent_failures_open", -1, *_labels(key, known))


def _labels(key: str, raised: Raised) -> tuple[str, str, str, str]:
    return (key.partition(":")[0], raised.confidence, raised.ai_version, raised.value_band)
