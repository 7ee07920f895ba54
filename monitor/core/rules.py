"""Why something was decided: for each count, verdict, finding and deadline a rule, in plain words.

A rule has an id that stays when its sentence is worded better. The sentences are for whoever is
on call: they say what was seen and what follows. The exact rules are in docs/rules.md.

Rule: whatever the fold counts or says has a rule here; a test holds this against the catalogue of
metrics, the modules of silent failures and the words of the published records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.core import outputs as said
from monitor.core.catalogue import METRICS
from monitor.core.sentences import BY_LABEL, BY_METRIC, SENTENCES, SILENT, WAITING
from schemas.published import (
    CommitmentOutcome,
    EpisodeOutcome,
    Finding,
    HandoffOutcome,
    JourneyOutcome,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.core.outputs import Output

_TAKEN_BACK = "_retractions_total"


@dataclass(frozen=True, slots=True)
class Rule:
    """Why something was decided."""

    id: str
    says: str

    @property
    def group(self) -> str:
        """What it is about: the beginning of its id."""
        return self.id.partition(".")[0]


def of_count(metric: str, labels: Sequence[str]) -> Rule:
    """The rule by which a total was added to."""
    if metric.endswith(_TAKEN_BACK):
        return _taken_back(of_count(metric.removesuffix(_TAKEN_BACK) + "_total", labels))
    if metric not in BY_LABEL:
        return _rule(BY_METRIC[metric])
    label, prefix, general = BY_LABEL[metric]
    value = labels[METRICS[metric].labels.index(label)]
    return _rule(f"{prefix}{value}", general)


def of_output(output: Output) -> Rule:
    """The rule by which a value was put out."""
    match output:
        case Finding(sf=sf):
            rule = of_finding(sf)
        case EpisodeOutcome():
            rule = _of_episode(output)
        case HandoffOutcome(aspect="terminal"):
            rule = _rule(f"handoff.{output.verdict}", "handoff.ended")
        case HandoffOutcome():
            rule = _rule(f"need.{output.verdict}", "need.judged")
        case CommitmentOutcome():
            rule = _rule(f"promise.{output.verdict}", "promise.judged")
        case JourneyOutcome():
            rule = of_end(output.verdict)
        case said.Late():
            rule = _rule("late.dropped" if output.dropped else "late.applied")
        case _:
            rule = _rule(_PLAIN[type(output)])
    return _taken_back(rule) if getattr(output, "retracted", False) else rule


def of_finding(sf: str) -> Rule:
    """The pattern of a silent failure, by its number."""
    return Rule(sf, SILENT[sf])


def of_claim() -> Rule:
    """Why a claim is on trial."""
    return _rule("claim.made")


def of_failure(cause: str | None) -> Rule:
    """Why a claim did not hold."""
    return _rule(f"durability.{cause}", "durability.failed")


def of_end(verdict: str) -> Rule:
    """Why a journey ended as it did."""
    return _rule(f"journey.{verdict}", "journey.ended")


def of_broken_promise() -> Rule:
    """Why a promise is called broken."""
    return _rule("promise.broken", "promise.judged")


def of_forgetting() -> Rule:
    """Why a conversation is not remembered any more."""
    return _rule("journey.forgotten")


def of_deadline(deadline: str) -> Rule:
    """What silence will decide at a deadline, ``kind:subject``."""
    kind = deadline.partition(":")[0]
    return Rule(f"waiting.{kind}", WAITING[kind])


def _of_episode(outcome: EpisodeOutcome) -> Rule:
    failed = of_failure(outcome.cause)
    by_verdict = {
        "durable": _rule("durability.held"),
        "failed": failed,
        "censored": _rule(f"censored.{outcome.reason}", "censored"),
        "retracted": _taken_back(failed),
    }
    return by_verdict[outcome.verdict]


def _rule(name: str, general: str = "") -> Rule:
    known = name if name in SENTENCES or name in SILENT else general
    return Rule(known, SENTENCES.get(known) or SILENT[known])


def _taken_back(rule: Rule) -> Rule:
    return Rule(f"{rule.id}.taken_back", f"Later evidence overturned this: {rule.says}")


_PLAIN: dict[type, str] = {
    said.Contacted: "contact.first",
    said.Claimed: "claim.made",
    said.Reopened: "conversation.reopened",
    said.HandoffOpened: "handoff.requested",
    said.Misrouted: "handoff.misrouted",
    said.Duplicate: "event.duplicate",
}
