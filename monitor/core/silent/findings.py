"""Raising a finding, at most once for each kind and subject, and taking it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.core.state import Conversation, Mark, Raised
from monitor.core.step import Step, evidence_of, version_of
from schemas.published import Confidence, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

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
) -> None:
    """Say that a customer was failed; again only when it has become more certain."""
    key = f"{kind.sf}:{subject}"
    known = step.customer.raised.get(key)
    if known is not None and _RANK[confidence] <= _RANK[Confidence(known.confidence)]:
        return
    version = version or version_of(conversation)
    first = proof[0].name if proof[0] else ()
    fields = step.published(conversation, key, confidence, *first) | {"ai_version": version}
    finding = Finding(
        **fields,
        evidence=evidence_of(*proof),
        sf=kind.sf,
        name=kind.name,
        subject=subject,
        confidence=confidence,
        replaces=known.finding_id if known else None,
    )
    if known is not None:
        _count_retraction(step, kind, known)
    step.count("cx_silent_failures_total", kind.sf, confidence, version)
    if conversation is not None:
        # As long as the conversation is remembered, what is said of it can be corrected.
        conversation_id = conversation.id
        step.customer.raised[key] = Raised(finding.id, conversation_id, str(confidence), version)
    step.say(finding)


def retract(
    step: Step, kind: SilentFailure, subject: str, conversation: Conversation | None
) -> None:
    """Take a finding back, for the event at hand overturns it."""
    key = f"{kind.sf}:{subject}"
    known = step.customer.raised.pop(key, None)
    if known is None:
        return
    fields = step.published(conversation, key, "retracted", known.finding_id)
    finding = Finding(
        **fields | {"ai_version": known.ai_version},
        evidence=evidence_of(step.mark),
        sf=kind.sf,
        name=kind.name,
        subject=subject,
        confidence=Confidence(known.confidence),
        retracted=True,
        replaces=known.finding_id,
    )
    _count_retraction(step, kind, known)
    step.say(finding)


def _count_retraction(step: Step, kind: SilentFailure, known: Raised) -> None:
    step.count("cx_silent_failures_retractions_total", kind.sf, known.confidence, known.ai_version)
