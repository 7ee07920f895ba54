"""The seeded stories hold everything that can happen: what never happens is not compared."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import pytest

from monitor.core.catalogue import METRICS
from monitor.core.reading import names_of
from schemas.decode import TOPIC_OF
from tests.sim.compare import monitored, of_seed

SEEDS = 400
NOT_TOLD = {
    "cx_dead_letters_total",  # Counted before the core, by who reads the topics.
    "cx_state_bounds_total",  # No story is so long; tests/core/test_bounds.py holds the bounds.
}

WORDS = {
    ("cx_events_total", "result"): "applied duplicate late_applied late_dropped",
    ("cx_silent_failures_total", "sf"): " ".join(f"SF-{number:02}" for number in range(1, 21)),
    ("cx_silent_failures_total", "confidence"): "suspected probable confirmed",
    ("cx_silent_failures_total", "value_band"): "low medium high unknown",
    ("cx_silent_failures_retractions_total", "sf"): "SF-01 SF-02 SF-03 SF-04 SF-05 SF-06 "
    "SF-07 SF-08 SF-09 SF-11 SF-12 SF-13 SF-16",
    ("cx_conversations_total", "origin"): "inbound reply_to_proactive unknown",
    ("cx_handoffs_total", "kind"): "ai_human ai_ai human_human human_ai unknown",
    ("cx_handoff_terminal_total", "outcome"): "served_in_sla served_late abandoned failed returned "
    "orphaned superseded",
    ("cx_handoff_terminal_total", "within_hours"): "true false unknown",
    ("cx_handoff_verdict_total", "verdict"): "needed requested unnecessary undetermined",
    ("cx_handoff_wait_seconds", "clock"): "wall business",
    ("cx_missed_escalations_total", "why"): "asked_for_human human_redo policy_intent review",
    ("cx_missed_escalations_total", "age"): "1h 6h 72h",
    ("cx_ai_takeovers_total", "initiator"): "human policy",
    ("cx_ai_actions_total", "result"): "confirmed failed unconfirmed reversed",
    ("cx_ai_corrections_total", "what"): "action_corrected action_reversed human_redo",
    ("cx_suggestions_total", "state"): "verbatim edited_minor edited_major discarded unknown",
    ("cx_surveys_total", "band"): "low middle high",
    ("cx_surveys_total", "path"): "ai human mixed none",
    ("cx_commitments_total", "outcome"): "kept late broken withdrawn",
    ("cx_identity_links_total", "assurance"): "verified asserted",
    ("cx_post_close_acks_total", "kind"): "ack thanks auto_reply",
    ("cx_resolution_censored_total", "reason"): "spam merge deletion bulk identity_loss",
    ("cx_resolution_failure_causes_total", "match"): "explicit same_intent compatible any_intent",
    ("cx_resolution_failures_total", "bound"): "explicit same_issue any_issue",
    ("cx_resolution_failures_total", "age"): "1h 6h 24h 48h 72h 5d 7d 14d 30d",
    ("cx_resolution_failure_causes_total", "cause"): "reopen repeat_same_channel "
    "repeat_other_channel human_redo action_failed action_reversed contradicted",
    ("cx_resolution_failure_causes_retractions_total", "cause"): "reopen repeat_same_channel "
    "repeat_other_channel",
    ("cx_resolutions_matured_total", "result"): "durable failed",
    ("cx_resolutions_matured_total", "horizon"): "24h 72h 7d 30d",
    ("cx_time_to_resolution_seconds", "stage"): "first_claim durable",
    ("cx_journey_contacts", "at"): "24h 7d end",
    ("cx_journey_contacts", "outcome"): "durable failed open",
    ("cx_journey_owner_seconds_total", "owner"): "ai human company customer",
}
"""What must have been counted, by metric and label."""


@cache
def told() -> tuple[set[str], dict[tuple[str, str], set[str]]]:
    """Every type of event, and every word by metric and label."""
    types: set[str] = set()
    words: dict[tuple[str, str], set[str]] = defaultdict(set)
    for seed in range(SEEDS):
        deliveries = of_seed(seed)
        types |= {delivery.record["type"] for delivery in deliveries}
        counted = monitored(deliveries, seed)
        for metric in METRICS.values():
            for name, labels in names_of(metric).items():
                for cell in (cell for cell, count in counted.get(name, {}).items() if count):
                    words[metric.name, ""].add(name)
                    for label, word in zip(labels, cell, strict=True):
                        words[metric.name, label].add(str(word))
                    if cell[:1] == ("SF-20",):
                        words["SF-20", "confidence"].add(cell[1])
    return types, words


def test_every_type_of_event_is_told() -> None:
    assert set(TOPIC_OF) - told()[0] == set()


def test_every_metric_is_counted() -> None:
    counted = {name for name, label in told()[1] if not label}

    assert set(METRICS) - counted == NOT_TOLD


@pytest.mark.parametrize(("metric", "label"), WORDS)
def test_every_word_is_counted(metric: str, label: str) -> None:
    assert set(WORDS[metric, label].split()) - told()[1][metric, label] == set()


def test_the_monitor_goes_blind_in_every_way() -> None:
    # Producers and the ledger confirm it; silence, and shares that fall, make it probable.
    assert told()[1]["SF-20", "confidence"] == {"confirmed", "probable"}
