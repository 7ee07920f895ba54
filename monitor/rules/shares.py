"""Shares of outcomes, with Wilson's interval: what part of the whole went how.

A share is recorded as ``cx:<name>:ratio24h`` with ``lower``, ``upper`` (95 %) and ``n``; and the
same table says which outcomes spend an error budget.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.rules import formulas as f
from monitor.rules.model import Group, Record
from monitor.rules.promql import pick, total
from monitor.rules.totals import LONG, count


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the outcomes that a metric counts."""

    metric: str
    where: str = ""

    def over(self, window: str, *labels: str) -> str:
        """Their number, by labels."""
        return total(pick(count(self.metric, window), self.where), *labels)


@dataclass(frozen=True, slots=True)
class Share:
    """``part`` of ``whole``: a whole of several metrics is their sum, label set by label set.

    ``good`` says whether customers are better off when the share is high.
    """

    part: tuple[Part, ...]
    whole: tuple[Part, ...]
    labels: tuple[str, ...]
    good: bool = True

    def part_over(self, window: str, *labels: str) -> str:
        """The part, zero where there is a whole without one."""
        whole = self.whole_over(window, *labels)
        return f"({_sum(self.part, window, labels)}\nor 0 * {whole})"

    def whole_over(self, window: str, *labels: str) -> str:
        """The whole."""
        return _sum(self.whole, window, labels)


def _sum(parts: tuple[Part, ...], window: str, labels: tuple[str, ...]) -> str:
    sums = [part.over(window, *labels) for part in parts]
    if len(sums) == 1:
        return sums[0]
    one, other = sums
    # What only one of two metrics has counted is counted all the same.
    return f"(({one} or 0 * {other}) + ({other} or 0 * {one}))"


_AI = 'kind="ai_human"'
_JUDGED = Part("cx_handoff_verdict_total", f'{_AI}, verdict=~"needed|requested|unnecessary"')
_NEEDED = Part("cx_handoff_verdict_total", f'{_AI}, verdict="needed"')
_MISSED = Part("cx_missed_escalations_total")
_SERVED = Part("cx_handoff_terminal_total", f'{_AI}, outcome=~"served_in_sla|served_late"')
_INVOLVED = Part("cx_ai_involved_total")
_ACTED = Part("cx_ai_actions_total", 'result=~"confirmed|failed|unconfirmed"')
_SUGGESTED = Part("cx_suggestions_total", 'state!="unknown"')
_BY_AI = Part("cx_resolutions_claimed_total", 'by="ai"')

SHARES = {
    "escalation_precision": Share(
        (Part("cx_handoff_verdict_total", f'{_AI}, verdict=~"needed|requested"'),),
        (_JUDGED,),
        ("ai_version",),
    ),
    "escalation_recall": Share((_NEEDED,), (_NEEDED, _MISSED), ()),
    "handoff_served": Share(
        (Part("cx_handoff_terminal_total", f'{_AI}, outcome="served_in_sla"'),),
        (
            Part(
                "cx_handoff_terminal_total",
                f'{_AI}, outcome=~"served_in_sla|served_late|abandoned|orphaned|failed"',
            ),
        ),
        ("ai_version",),
    ),
    "misrouted": Share((Part("cx_misroutes_total", _AI),), (_SERVED,), (), good=False),
    "takeover": Share((Part("cx_ai_takeovers_total"),), (_INVOLVED,), ("ai_version",), good=False),
    "correction": Share(
        (Part("cx_ai_corrections_total"),), (_INVOLVED,), ("ai_version",), good=False
    ),
    "suggestion_accepted": Share(
        (Part("cx_suggestions_total", 'state=~"verbatim|edited_minor"'),),
        (_SUGGESTED,),
        ("ai_version",),
    ),
    "action_confirmed": Share(
        (Part("cx_ai_actions_total", 'result="confirmed"'),), (_ACTED,), ("kind", "ai_version")
    ),
    "action_reversed": Share(
        (Part("cx_ai_actions_total", 'result="reversed"'),),
        (_ACTED,),
        ("kind", "ai_version"),
        good=False,
    ),
    "promise_kept": Share(
        (Part("cx_commitments_total", 'outcome="kept"'),),
        (Part("cx_commitments_total", 'outcome=~"kept|late|broken"'),),
        ("kind", "made_by"),
    ),
    "silent_failure": Share(
        (Part("cx_silent_failures_total", 'confidence="confirmed", sf!="SF-20"'),),
        (Part("cx_conversations_total"),),
        ("ai_version",),
        good=False,
    ),
    "involvement": Share((_INVOLVED,), (Part("cx_conversations_total"),), ("ai_version",)),
    "identified": Share(
        (Part("cx_identified_conversations_total"),),
        (Part("cx_conversations_total"),),
        (),
    ),
    "confirmed_by_customer": Share(
        (Part("cx_resolutions_claimed_total", 'by="ai", basis="customer_confirmed"'),),
        (_BY_AI,),
        ("ai_version",),
    ),
    "abandoned_as_resolved": Share(
        (Part("cx_abandoned_as_resolved_total"),), (_BY_AI,), ("ai_version",), good=False
    ),
}

MATURED = Share(
    (Part("cx_resolutions_matured_total", 'result="durable"'),),
    (Part("cx_resolutions_matured_total"),),
    ("bound", "horizon", "ai_version"),
)


def groups() -> list[Group]:
    """Every share over each window; durability's is one of its estimators."""
    return [
        Group(
            f"cx-shares-{window}",
            [
                rule
                for name, share in {**SHARES, "durable": MATURED}.items()
                for rule in _rules(name, share, window)
            ],
            "1m",
        )
        for window in LONG
    ]


def _rules(name: str, share: Share, window: str) -> list[Record]:
    # What the other estimators record under the same names is not this share's.
    labels = {"estimator": "matured"} if share is MATURED else {}
    where = ", ".join(f'{label}="{value}"' for label, value in labels.items())
    ratio, n = (f"cx:{name}:{kind}{window}" for kind in ("ratio", "n"))
    part, whole = (of(window, *share.labels) for of in (share.part_over, share.whole_over))
    operands = {"p": pick(ratio, where), "n": f"({pick(n, where)} > 0)"}
    bounds = {"lower": f.WILSON_LOWER, "upper": f.WILSON_UPPER}
    return [
        Record(n, whole, labels),
        Record(ratio, f"clamp_max({part}\n/ ({whole} > 0), 1)", labels),
        *(
            Record(f"cx:{name}:{kind}{window}", formula.of(**operands), labels)
            for kind, formula in bounds.items()
        ),
    ]
