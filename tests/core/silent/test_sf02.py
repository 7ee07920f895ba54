"""SF-02: the AI claimed it, and the customer came back by another channel."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import Finding
from tests.build import claimed, says, started
from tests.driver import Driver

REFUND = {"intent": "refund/where", "intent_group": "refund"}
ORDER = {"entity_ref": "o1"}


def hop(at: str, conversation: str = "ann-2", **more: Any) -> Any:
    return started("ann", at, **{"conversation_id": conversation, "channel": "voice"} | more)


def found(*events: Any, first: dict[str, str] = REFUND, by: str = "ai") -> list[str]:
    """The confidences of the findings about a claim that the first midnight saw."""
    driver = Driver().tell(
        started("ann", "00:00", **first), claimed("ann", "00:00", by=by), *events
    )
    return [
        finding.confidence
        for finding in driver.until("40d 00:00").said(Finding)
        if finding.sf == "SF-02"
    ]


def test_the_same_matter_by_another_channel_was_probably_not_resolved() -> None:
    assert found(hop("10:00", **REFUND)) == ["probable"]
    assert found(hop("10:00", intent_group="refund")) == ["probable"]


def test_the_same_entity_confirms_it() -> None:
    assert found(hop("10:00", **ORDER), first=ORDER) == ["confirmed"]
    assert found(hop("10:00", case_id="7"), first={"case_id": "7"}) == ["probable"]


def test_a_second_hop_can_make_it_certain() -> None:
    both = REFUND | ORDER
    hops = [hop("10:00", **REFUND), hop("11:00", "ann-3", **ORDER)]

    assert found(*hops, first=both) == ["probable", "confirmed"]


@pytest.mark.parametrize(
    "contact",
    [
        hop("10:00", channel="chat", **REFUND),
        hop("10:00", channel=None, **REFUND),
        hop("10:00"),
        hop("10:00", intent="other", intent_group="other"),
        hop("10:00", origin="proactive", **REFUND),
        hop("10:00", origin="transfer", **REFUND),
        hop("7d 00:00:01", case_id="7"),
    ],
)
def test_anything_else_is_no_hop(contact: Any) -> None:
    assert found(contact, first=REFUND | {"case_id": "7"}) == []


@pytest.mark.parametrize(
    ("group", "last", "too_late"),
    [("refund", "7d 00:00", "7d 00:00:01"), ("shipping", "29d 00:00", "30d 00:00")],
)
def test_the_window_is_longer_where_parcels_move_slowly(
    group: str, last: str, too_late: str
) -> None:
    case = {"case_id": "7", "intent_group": group}

    assert found(hop(last, **case), first=case) == ["probable"]
    assert found(hop(too_late, **case), first=case) == []


@pytest.mark.parametrize("by", ["human", "system"])
def test_only_the_ai_s_own_claims_are_its_failures(by: str) -> None:
    assert found(hop("10:00", **REFUND), by=by) == []


def test_a_claim_that_was_undone_before_is_not_undone_again() -> None:
    assert found(says("ann", "09:00"), hop("10:00", **REFUND)) == []


def test_a_hop_is_found_though_another_contact_came_between() -> None:
    other = hop("09:00", "ann-3", channel="chat", intent="x", intent_group="x")

    assert found(other, hop("10:00", intent_group="refund")) == ["probable"]


def test_a_hop_from_before_the_claim_is_none() -> None:
    driver = Driver().tell(started("ann", "09:00", **REFUND), claimed("ann", "10:00"))
    driver.until("12:00").tell(hop("09:30", **REFUND)).until("13:00")

    assert driver.count("cx_silent_failures_total", sf="SF-02") == 0


def test_the_finding_is_about_the_conversation_that_was_claimed() -> None:
    driver = (
        Driver()
        .tell(started("ann", "00:00", **REFUND), claimed("ann", "00:00"), hop("10:00", **REFUND))
        .until("11:00")
    )
    (finding,) = driver.said(Finding)

    assert (finding.conversation_id, finding.channel) == ("ann-1", "chat")
    assert [proof.type for proof in finding.evidence] == [
        "cx.resolution.claimed.v1",
        "cx.conversation.started.v1",
    ]
