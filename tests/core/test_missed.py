"""Escalations that policy demands and the AI did not make."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.policy import Policy
from tests.build import claimed, handoff_requested, said, started
from tests.driver import Driver

POLICY = replace(Policy(), escalate_intents=frozenset({"fraud", "legal"}))
FRAUD = started("ann", "08:00", intent="fraud")


def missed(*events: Any) -> dict[str, float]:
    driver = Driver(POLICY).tell(*events).until("45d 00:00")
    return driver.counts("cx_missed_escalations_total", "why", "age")


@pytest.mark.parametrize("about", [{"intent": "fraud"}, {"intent_group": "legal"}])
def test_a_claim_by_the_ai_where_policy_wants_a_human_is_one(about: dict[str, str]) -> None:
    begun = started("ann", "08:00", **about)

    assert missed(begun, claimed("ann", "09:30")) == {"policy_intent/6h": 1}


def test_other_intents_other_people_and_no_claims_are_none() -> None:
    assert missed(started("ann", "08:00", intent="hours"), claimed("ann", "09:30")) == {}
    assert missed(FRAUD, claimed("ann", "09:30", "human")) == {}
    assert missed(FRAUD, claimed("ann", "09:30", basis="bulk")) == {}
    begun_by_us = started("ann", "08:00", intent="fraud", origin="proactive")
    assert missed(begun_by_us, claimed("ann", "09:30")) == {}


def test_whoever_was_asked_once_was_not_missed() -> None:
    assert missed(FRAUD, handoff_requested("ann", "08:30"), claimed("ann", "09:30")) == {}


def test_a_conversation_misses_it_once() -> None:
    claims = [claimed("ann", "09:30"), claimed("ann", "2d 09:30")]

    assert missed(FRAUD, *claims) == {"policy_intent/6h": 1}


def test_the_intent_is_that_which_is_known_at_the_claim() -> None:
    assigned = said(
        "intent.assigned",
        "09:00",
        {"customer_ref": "ann", "conversation_id": "ann-1", "intent": "fraud"},
    )

    assert missed(started("ann", "08:00", intent="hours"), assigned, claimed("ann", "09:30")) == {
        "policy_intent/6h": 1
    }


def test_one_that_is_known_after_the_last_edge_is_older() -> None:
    kept = [started("ann", f"{day}d 08:00", intent="fraud", id=f"{day}") for day in range(0, 36, 5)]

    assert missed(*kept, claimed("ann", "35d 09:00")) == {"policy_intent/older": 1}
