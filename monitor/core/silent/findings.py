"""Raising a finding, at most once for each kind and subject, and taking it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.core.state import Conversation, Customer, Mark, Raised
from monitor.core.step import Step, evidence_of, version_of
from schemas.published import Confidence, Finding
from schemas.vocabulary import ValueBand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.core.moments import Moment
    from monitor.core.totals import Totals

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
) -> None:
    """Say that a customer was failed; again only when it has become more certain.

    In ``window`` something was missing; if it comes late, ``overturn`` takes the finding back.
    """
    key = f"{kind.sf}:{subject}"
    known = step.customer.raised.get(key)
    if known is not None and _RANK[confidence] <= _RANK[Confidence(known.confidence)]:
        return
    version = version or version_of(conversation)
    # What nothing proves, such as silence, is told from the next by its moment.
    first = proof[0].name if proof and proof[0] else (str(step.at),)
    fields = step.published(conversation, key, confidence, *first) | {"ai_version": version}
    finding = Finding(
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
    where = conversation.id if conversation else None
    raised = Raised(finding.id, where, str(confidence), version, str(value_band), *window)
    step.customer.raised[key] = raised
    step.count("cx_silent_failures_total", *_labels(key, raised))
    step.shift("cx_silent_failures_open", 1, *_labels(key, raised))
    step.say(finding)


def retract(
    step: Step, kind: SilentFailure, subject: str, conversation: Conversation | None
) -> bool:
    """Take a finding back, for the event at hand overturns it. Returns whether there was one."""
    key = f"{kind.sf}:{subject}"
    known = step.customer.raised.pop(key, None)
    if known is None:
        return False
    fields = step.published(conversation, key, "retracted", known.finding_id)
    finding = Finding(
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
    step: Step, kind: SilentFailure, subject: str, conversation: Conversation | None
) -> bool:
    """Take a finding back if the event at hand is what was missing, and only comes late."""
    known = step.customer.raised.get(f"{kind.sf}:{subject}")
    if known is None or not known.since <= step.at < known.until:
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
    """The findings on a conversation stand for ever: it is forgotten."""
    for key, known in list(step.customer.raised.items()):
        if known.conversation_id == conversation_id:
            del step.customer.raised[key]
            step.shift("cx_silent_failures_open", -1, *_labels(key, known))


def forget_customer(totals: Totals, customer: Customer) -> None:
    """The same for all that is left of a customer."""
    for key, known in customer.raised.items():
        totals.shift("cx_silent_failures_open", -1, *_labels(key, known))


def _take_back(step: Step, key: str, known: Raised) -> None:
    step.count("cx_silent_failures_retractions_total", *_labels(key, known))
    step.shift("cx_silent_failures_open", -1, *_labels(key, known))


def _labels(key: str, raised: Raised) -> tuple[str, str, str, str]:
    return (key.partition(":")[0], raised.confidence, raised.ai_version, raised.value_band)
