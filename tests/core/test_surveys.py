"""Ratings, by band and by who had served."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import ai_says, human_says, rated, started
from tests.driver import Driver


def surveys(*events: Any) -> dict[str, float]:
    driver = Driver().tell(started("ann", "08:00"), *events).until("12:00")
    return driver.counts("cx_surveys_total", "scale", "band", "path")


@pytest.mark.parametrize(
    ("scale", "value", "band"),
    [
        ("csat5", 2, "low"),
        ("csat5", 2.5, "middle"),
        ("csat5", 3, "middle"),
        ("csat5", 4, "high"),
        ("ces7", 3, "low"),
        ("ces7", 5, "middle"),
        ("ces7", 6, "high"),
        ("thumb", -1, "low"),
        ("thumb", 0, "low"),
        ("thumb", 1, "high"),
        ("nps", 6, "low"),
        ("nps", 8, "middle"),
        ("nps", 9, "high"),
        ("unknown", 9, "unknown"),
    ],
)
def test_a_rating_falls_into_a_band_of_its_scale(scale: str, value: float, band: str) -> None:
    assert surveys(rated("ann", "10:00", value, scale)) == {f"{scale}/{band}/none": 1}


@pytest.mark.parametrize(
    ("before", "path"),
    [
        ((), "none"),
        ((ai_says("ann", "09:00"),), "ai"),
        ((human_says("ann", "09:00"),), "human"),
        ((ai_says("ann", "09:00"), human_says("ann", "09:10")), "mixed"),
        ((human_says("ann", "09:00", visibility="internal"),), "none"),
        ((ai_says("ann", "10:01"),), "none"),
    ],
)
def test_a_rating_is_of_those_who_spoke_before(before: tuple[Any, ...], path: str) -> None:
    assert surveys(*before, rated("ann", "10:00", 5)) == {f"csat5/high/{path}": 1}
