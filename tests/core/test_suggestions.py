"""Suggestions to human agents: each that was shown is counted once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.moments import DAY, HOUR
from monitor.core.policy import Policy
from tests.build import ai_says, shown, started, used
from tests.driver import Driver

SHOWN = shown("ann", "09:00", ai_version="v3")


def counted(*events: Any) -> dict[str, float]:
    driver = Driver().tell(started("ann", "08:00"), *events).until("3d 00:00")
    return driver.counts("cx_suggestions_total", "state", "ai_version")


@pytest.mark.parametrize("state", ["verbatim", "edited_minor", "edited_major", "discarded"])
def test_what_became_of_a_suggestion_is_counted(state: str) -> None:
    assert counted(SHOWN, used("ann", "09:05", state)) == {f"{state}/v3": 1}


def test_one_that_nobody_uses_in_a_day_is_discarded() -> None:
    assert counted(SHOWN) == {"discarded/v3": 1}
    assert counted(SHOWN, used("ann", "1d 08:59:59")) == {"verbatim/v3": 1}
    assert counted(SHOWN, used("ann", "1d 09:00")) == {"discarded/v3": 1}


def test_use_of_one_that_was_never_shown_counts_nothing() -> None:
    assert counted(used("ann", "09:05")) == {}
    assert counted(SHOWN, used("ann", "08:59"), used("ann", "09:05", suggestion="s2")) == {
        "discarded/v3": 1
    }


def test_each_is_counted_once() -> None:
    again = shown("ann", "09:01", ai_version="v4")
    twice = used("ann", "09:06", "edited_major")

    assert counted(SHOWN, again, used("ann", "09:05"), twice) == {"verbatim/v3": 1}


def test_without_a_version_of_its_own_it_is_the_conversation_s() -> None:
    answer = ai_says("ann", "08:30", ai_version="v1")

    assert counted(answer, shown("ann", "09:00"), used("ann", "09:05")) == {"verbatim/v1": 1}
    assert counted(answer, SHOWN, used("ann", "09:05")) == {"verbatim/v3": 1}


def test_a_suggestion_is_waited_for_though_its_journey_is_silent() -> None:
    driver = Driver(replace(Policy(), gap=HOUR, suggestion_wait=2 * DAY))
    driver.tell(started("ann", "08:00"), SHOWN).until("1d 00:00").restart()
    assert driver.tracker.customers["ann"].journeys

    assert driver.until("2d 09:01").counts("cx_suggestions_total", "state") == {"discarded": 1}
    assert not driver.until("3d 00:00").tracker.customers["ann"].journeys
