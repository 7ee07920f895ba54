"""Shares, quantiles, paper and practice: against arithmetic by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from monitor.core.estimate import wilson
from monitor.core.policy import Policy
from tests.rules.story import Story
from tests.rules.test_durability import story as with_widths
from tests.rules.test_durability import width

if TYPE_CHECKING:
    from pathlib import Path

POLICY = Policy()
CLOSE = 1e-6
VERDICT = "cx_handoff_verdict_total"
TO_HUMAN = {"kind": "ai_human", "reason_code": "low_confidence", "ai_version": "v1"}
BILLING = {"intent_group": "billing", "ai_version": "v1"}


def test_escalation_precision_and_recall(promtool: str, tmp_path: Path) -> None:
    told = Story()
    for verdict, number in {"needed": 30, "requested": 10, "unnecessary": 10}.items():
        told.jump(VERDICT, number, **TO_HUMAN, verdict=verdict)
    told.jump(VERDICT, 70, **{**TO_HUMAN, "kind": "human_human"}, verdict="unnecessary")
    told.jump("cx_missed_escalations_total", 15, why="human_redo", age="24h")
    told.jump("cx_missed_escalations_total", 5, why="asked_for_human", age="1h")
    told.tell("cx_missed_escalations_retractions_total", "_x15 5x60", why="human_redo", age="24h")
    bounds = wilson(40, 50)
    assert bounds is not None

    told.expect(30, "cx:escalation_precision:ratio24h", 0.8)
    told.expect(30, "cx:escalation_precision:lower24h", bounds.lower, CLOSE)
    told.expect(30, "cx:escalation_precision:upper24h", bounds.upper, CLOSE)
    told.expect(30, "cx:escalation_precision:n24h", 50)
    told.expect(30, "cx:escalation_recall:ratio24h", 30 / 45)
    told.hold(promtool, tmp_path)


def test_recall_is_nought_when_every_escalation_was_missed(promtool: str, tmp_path: Path) -> None:
    told = Story().jump("cx_missed_escalations_total", 4, why="review", age="24h")

    told.expect(30, "cx:escalation_recall:ratio7d", 0).expect(30, "cx:escalation_recall:n7d", 4)
    told.absent(30, "cx:escalation_precision:ratio7d").hold(promtool, tmp_path)


def test_promises_kept_of_those_that_were_due(promtool: str, tmp_path: Path) -> None:
    told = Story()
    for outcome, number in {"kept": 8, "late": 1, "broken": 1, "withdrawn": 30}.items():
        told.jump("cx_commitments_total", number, kind="refund", made_by="ai", outcome=outcome)

    told.expect(30, "cx:promise_kept:ratio24h", 0.8).hold(promtool, tmp_path)


def test_intervention_correction_and_suggestions(promtool: str, tmp_path: Path) -> None:
    told = Story()
    told.jump("cx_ai_involved_total", 200, **BILLING, channel="chat", origin="inbound")
    told.jump("cx_ai_takeovers_total", 20, initiator="human", ai_version="v1")
    told.jump("cx_ai_corrections_total", 10, what="human_redo", ai_version="v1")
    for state, number in {"verbatim": 6, "edited_minor": 3, "discarded": 1}.items():
        told.jump("cx_suggestions_total", number, state=state, ai_version="v1")

    told.expect(30, "cx:takeover:ratio7d", 0.1).expect(30, "cx:correction:ratio7d", 0.05)
    told.expect(30, "cx:suggestion_accepted:ratio7d", 0.9)
    told.absent(30, "cx:action_confirmed:ratio7d").hold(promtool, tmp_path)


def test_quantiles_of_effort_from_twenty_journeys_on(promtool: str, tmp_path: Path) -> None:
    told = Story()
    labels = {"at": "end", "outcome": "durable"}
    for le, number in {"1.0": 10, "2.0": 30, "3.0": 38, "+Inf": 40}.items():
        told.jump("cx_journey_contacts_bucket", number, **labels, le=le)
    for le, number in {"1.0": 19, "+Inf": 19}.items():
        told.jump("cx_journey_contacts_bucket", number, at="end", outcome="open", le=le)

    told.expect(30, 'cx:journey_contacts:p50_7d{outcome="durable"}', 2)
    told.expect(30, 'cx:journey_contacts:p90_7d{outcome="durable"}', 3)
    told.absent(30, 'cx:journey_contacts:p50_7d{outcome="open"}').hold(promtool, tmp_path)


def _durable(told: Story, version: str, intent: str, failed: int) -> None:
    """Give a version 1,000 claims' worth of exposure in each of the seven buckets up to 7 d."""
    labels = {"bound": "same_issue", "ai_version": version, "intent_group": intent}
    for index, age in enumerate(POLICY.ages[:7]):
        told.jump("cx_resolution_exposure_seconds_total", 1000 * width(index), **labels, age=age)
        told.jump("cx_resolution_failures_total", failed, **labels, age=age)


def test_the_gap_between_paper_and_practice(promtool: str, tmp_path: Path) -> None:
    told = with_widths()
    told.jump("cx_ai_involved_total", 1000, **BILLING, channel="chat", origin="inbound")
    told.jump("cx_resolutions_claimed_total", 700, **BILLING, by="ai", basis="agent_judged")
    told.jump("cx_resolutions_claimed_total", 90, **BILLING, by="human", basis="agent_judged")
    told.jump("cx_abandoned_as_resolved_total", 100, **BILLING)
    _durable(told, "v1", "billing", 50)
    practice = 0.6 * math.exp(-7 * 50 / 1000)

    told.expect(30, "cx:paper:ratio7d", 0.7)
    told.expect(30, 'cx:practice:ratio7d{horizon="7d"}', practice)
    told.expect(30, 'cx:paper_gap:ratio7d{horizon="7d"}', 0.7 - practice)
    told.absent(30, 'cx:practice:ratio7d{horizon="30d"}').hold(promtool, tmp_path)


def _claims(told: Story, version: str, intent: str, number: int) -> None:
    labels = {"ai_version": version, "intent_group": intent}
    told.jump("cx_resolutions_claimed_total", number, **labels, by="ai", basis="workflow")


def test_with_the_same_mix_of_work_the_version_with_the_hard_work_may_be_better(
    promtool: str, tmp_path: Path
) -> None:
    told = with_widths()
    # v1 gets nearly all that is easy, v2 nearly all that is hard, and v2 is better at both.
    for version, intent, claims, failed in (
        ("v1", "easy", 900, 20),
        ("v1", "hard", 100, 80),
        ("v2", "easy", 100, 16),
        ("v2", "hard", 900, 70),
    ):
        _claims(told, version, intent, claims)
        _durable(told, version, intent, failed)
    s = {failed: math.exp(-7 * failed / 1000) for failed in (16, 20, 70, 80)}
    standard = 'cx:durable_standard:ratio7d{horizon="7d",ai_version="%s"}'

    told.expect(30, standard % "v1", (s[20] + s[80]) / 2)
    told.expect(30, standard % "v2", (s[16] + s[70]) / 2).hold(promtool, tmp_path)


def test_a_standardised_durability_is_blank_below_four_fifths_of_the_mix(
    promtool: str, tmp_path: Path
) -> None:
    told = with_widths()
    for version, intent, claims in (
        ("v1", "easy", 700),
        ("v1", "hard", 271),
        # Too few to be a stratum; so v2 is known in 70 % of the mix only.
        ("v2", "hard", 29),
        ("v2", "easy", 0),
    ):
        _claims(told, version, intent, claims)
        _durable(told, version, intent, 20)

    told.expect(30, 'cx:durable_standard:coverage7d{horizon="7d",ai_version="v1"}', 1)
    told.expect(
        30, 'cx:durable_standard:ratio7d{horizon="7d",ai_version="v1"}', math.exp(-7 * 20 / 1000)
    )
    told.absent(30, 'cx:durable_standard:ratio7d{ai_version="v2"}').hold(promtool, tmp_path)
