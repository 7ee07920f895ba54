"""SF-19: a human took over and asks what the customer has said before."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import Finding
from tests.build import ai_says, handoff, handoff_requested, human_says, started
from tests.driver import Driver

ASKED = handoff_requested("ann", "08:10")
ACCEPTED = handoff("accepted", "ann", "08:20")
AGAIN = human_says("ann", "08:30", "asks_known_info")


def found(*events: Any) -> list[tuple[str, str]]:
    driver = Driver().tell(started("ann", "08:00"), *events).until("2d 00:00")
    return [
        (finding.confidence, finding.subject)
        for finding in driver.said(Finding)
        if finding.sf == "SF-19"
    ]


@pytest.mark.parametrize("step", ["accepted", "first_reply"])
def test_a_human_who_asks_again_after_a_handoff_lost_the_context(step: str) -> None:
    assert found(ASKED, handoff(step, "ann", "08:20"), AGAIN) == [("probable", "ann-1")]


def test_without_a_handoff_there_is_no_context_to_lose() -> None:
    assert found(AGAIN) == []
    assert found(ASKED, AGAIN) == []
    assert (
        found(AGAIN, handoff_requested("ann", "08:40"), handoff("accepted", "ann", "08:50")) == []
    )


def test_another_kind_of_message_or_another_speaker_is_none() -> None:
    noted = human_says("ann", "08:30", "asks_known_info", visibility="internal")

    assert found(ASKED, ACCEPTED, human_says("ann", "08:30", "question")) == []
    assert found(ASKED, ACCEPTED, ai_says("ann", "08:30", "asks_known_info")) == []
    assert found(ASKED, ACCEPTED, noted) == []


def test_between_ais_no_human_lost_anything() -> None:
    to_ai = handoff_requested("ann", "08:10", kind="ai_ai")

    assert found(to_ai, ACCEPTED, AGAIN) == []


def test_it_is_found_once() -> None:
    assert len(found(ASKED, ACCEPTED, AGAIN, human_says("ann", "08:31", "asks_known_info"))) == 1


def test_an_acceptance_is_remembered_over_a_restart() -> None:
    driver = Driver().tell(started("ann", "08:00"), ASKED, ACCEPTED).until("08:25").restart()
    driver.tell(AGAIN).until("12:00")

    assert driver.count("cx_silent_failures_total", sf="SF-19", confidence="probable") == 1
