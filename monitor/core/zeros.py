"""Which counters will be needed before they count, so that they are shown at 0 first.

A counter that Prometheus first sees at 1 has not risen, as far as Prometheus knows. So whatever
can be foreseen is foreseen: most families follow another one with the same labels (a claim must
be on trial before it can fail), and the rest have few values that are known from the start.

Rule: zeros are derived from the totals and never kept, so the state stays exact, and a partition
that was moved or restored shows the same ones. What is not listed here cannot be foreseen: the
labels of its first count are a producer's own words (``kind`` of an action, the two roles of a
misrouted handoff, who claims and why, and the hours of a handoff where no calendar tells them).
Rules that take differences of totals read such a counter rightly as well.
"""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING

from monitor.core.catalogue import METRICS
from monitor.core.reading import EXPOSURE
from schemas.decode import TOPIC_OF, TOPICS
from schemas.published import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from monitor.core.policy import Policy
    from monitor.core.totals import Labels, Totals

    Cells = Iterator[tuple[str, Labels]]

_RETRACTIONS = "_retractions_total"
_MATCHES = ("explicit", "same_intent", "compatible", "any_intent")
_CAUSES = (
    *product(("repeat_same_channel", "repeat_other_channel"), _MATCHES),
    # What is seen in the conversation itself, or in a record that names it, is explicit.
    *product(
        ("reopen", "human_redo", "action_failed", "action_reversed", "contradicted"), _MATCHES[:1]
    ),
)
_ENDS = (
    *("served_in_sla", "served_late", "abandoned", "orphaned", "returned", "failed"),
    "superseded",
)
_MAKERS = ("ai", "human", "system")
_VERDICTS = ("needed", "requested", "unnecessary", "undetermined")
_CONFIRMED = (*range(1, 14), 15, 16, 17, 18)
_PROBABLE = (1, 2, 8, 14, 15, 17, 18, 19)
_SUSPECTED = (5, 8)
_BANDS = {8: ("unknown", "low", "medium", "high"), 9: ("unknown", "low", "medium", "high")}
_BY_VERSION = {
    "cx_ai_corrections_total": ("action_reversed", "action_corrected", "human_redo"),
    "cx_ai_takeovers_total": ("human", "policy"),
    "cx_suggestions_total": ("verbatim", "edited_minor", "edited_major", "discarded"),
}
_BOUNDS = ("seen_max", "conversations_max", "waiting_max", "open_max", "note_bytes_max")
_MISSED = ("asked_for_human", "policy_intent", "human_redo", "review")


class Zeros:
    """The counters of one partition that are foreseen; it is asked again when totals have grown."""

    def __init__(self, policy: Policy, totals: Totals) -> None:
        """Begin with nothing foreseen."""
        self._policy = policy
        self._totals = totals
        self._read: dict[str, int] = {}
        self._versions: set[str] = set()
        self._begun = False

    def news(self) -> Cells:
        """Name and labels of every counter foreseen since the last call; some again."""
        if not self._begun:
            self._begun = True
            yield from _from_the_start(self._policy)
        for name, follow in _FOLLOWERS.items():
            for labels in self._new(name, self._cells(name)):
                yield from follow(self._policy, labels)
        for name, cells in list(self._totals.counts.items()):
            taken_back = name.removesuffix("_total") + _RETRACTIONS
            if taken_back in METRICS:
                for labels in self._new(taken_back, cells):
                    yield taken_back, labels
        yield from self._of_new_versions()

    def _cells(self, name: str) -> Iterable[Labels]:
        return self._totals.risk if name == EXPOSURE else self._totals.counts.get(name, ())

    def _new(self, reader: str, cells: Iterable[Labels]) -> Iterator[Labels]:
        """Cells that this reader has not had; counters are never removed, so they are the last."""
        read = self._read.get(reader, 0)
        new = list(islice(cells, read, None))
        self._read[reader] = read + len(new)
        yield from new

    def _of_new_versions(self) -> Cells:
        cells = self._totals.counts.get("cx_conversations_total", {})
        involved = self._totals.counts.get("cx_ai_involved_total", {})
        for labels in (*self._new("versions", cells), *self._new("involved", involved)):
            if labels[3] not in self._versions:
                self._versions.add(labels[3])
                yield from _of_version(labels[3])


def _from_the_start(policy: Policy) -> Cells:
    for why, age in product(_MISSED, (*policy.ages, "older")):
        yield "cx_missed_escalations_total", (why, age)
    for bound in _BOUNDS:
        yield "cx_state_bounds_total", (bound,)
    for topic in TOPICS:
        yield "cx_clock_skewed_total", (topic,)
        yield "cx_events_total", (topic, "unknown", "invalid")
        for reason in Reason:
            yield "cx_dead_letters_total", (topic, str(reason))
    for type_, topic in TOPIC_OF.items():
        yield "cx_events_total", (topic, type_, "applied")
    yield "cx_journeys_total", ()


def _of_version(version: str) -> Cells:
    for confidence, kinds in (
        ("confirmed", _CONFIRMED),
        ("probable", _PROBABLE),
        ("suspected", _SUSPECTED),
    ):
        for kind in kinds:
            for band in _BANDS.get(kind, ("unknown",)):
                yield "cx_silent_failures_total", (f"SF-{kind:02}", confidence, version, band)
    for name, words in _BY_VERSION.items():
        for word in words:
            yield name, (word, version)


def _of_trial(policy: Policy, labels: Labels) -> Cells:
    """A claim is on trial: it can fail at this age, and reach the horizon at its end."""
    bound, age, version, group = labels
    yield "cx_resolution_failures_total", (bound, age, version, group)
    for cause, match in _CAUSES:
        yield "cx_resolution_failure_causes_total", (cause, match, age)
    if policy.horizon_at(policy.ages.index(age) + 1):
        for result in ("durable", "failed"):
            yield "cx_resolutions_matured_total", (bound, age, result, version, group)


def _of_handoff(policy: Policy, labels: Labels) -> Cells:
    """A handoff was asked for: it will end somehow, and be judged."""
    kind, _, reason, version = labels
    hours = ("true", "false", "unknown") if policy.calendars else ("unknown",)
    for end, within in product(_ENDS, hours):
        yield "cx_handoff_terminal_total", (kind, end, within, version)
    for verdict in _VERDICTS:
        yield "cx_handoff_verdict_total", (kind, verdict, reason, version)
    yield "cx_transfers_total", (kind,)


def _of_conversation(policy: Policy, labels: Labels) -> Cells:
    """The AI took part: what it leaves open may be booked as resolved."""
    del policy
    channel, group, _, version = labels
    yield "cx_abandoned_as_resolved_total", (version, group)
    yield "cx_identified_conversations_total", (channel,)


def _of_overdue(policy: Policy, labels: Labels) -> Cells:
    """A promise is overdue: it may be kept late, or broken."""
    del policy
    for made_by, outcome in product(_MAKERS, ("kept", "late", "broken", "withdrawn")):
        yield "cx_commitments_total", (labels[0], made_by, outcome)


def _of_action(policy: Policy, labels: Labels) -> Cells:
    del policy
    kind, _, version = labels
    for result in ("confirmed", "failed", "unconfirmed", "reversed"):
        yield "cx_ai_actions_total", (kind, result, version)


def _of_events(policy: Policy, labels: Labels) -> Cells:
    del policy
    topic, type_, _ = labels
    for result in ("applied", "duplicate", "late_applied", "late_dropped"):
        yield "cx_events_total", (topic, type_, result)


_FOLLOWERS: dict[str, Callable[[Policy, Labels], Cells]] = {
    EXPOSURE: _of_trial,
    "cx_handoffs_total": _of_handoff,
    "cx_ai_involved_total": _of_conversation,
    "cx_commitments_overdue": _of_overdue,
    "cx_ai_actions_total": _of_action,
    "cx_events_total": _of_events,
}
