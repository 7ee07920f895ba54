"""What was published of a horizon is corrected when what comes late is from before it."""

from __future__ import annotations

from typing import NamedTuple

from schemas.published import EpisodeOutcome
from tests.build import claimed, says, started
from tests.driver import Driver


class Told(NamedTuple):
    """What a record says, and of which record before it, by its number."""

    verdict: str
    horizon: str | None
    bound: str
    replaces: int | None = None


def told(driver: Driver) -> list[Told]:
    records = driver.said(EpisodeOutcome)
    numbers = {record.id: number for number, record in enumerate(records)}
    assert len(numbers) == len(records)
    return [
        Told(record.verdict, record.horizon, record.bound, numbers.get(record.replaces or ""))
        for record in records
    ]


def durable_for_a_day() -> Driver:
    return Driver().tell(started("ann", "00:00"), claimed("ann", "00:00")).until("1d 12:00")


HELD = Told("durable", "24h", "any_issue")
FAILED = Told("failed", None, "explicit")


def test_a_return_that_comes_late_corrects_the_horizon_that_it_was_before() -> None:
    driver = durable_for_a_day().tell(says("ann", "20:00"))

    assert told(driver) == [HELD, FAILED, Told("failed", "24h", "explicit", 0)]
    assert driver.said(EpisodeOutcome)[2].cause == "reopen"


def test_it_is_corrected_over_a_restart() -> None:
    driver = durable_for_a_day().restart().tell(says("ann", "20:00"))

    assert told(driver)[2] == Told("failed", "24h", "explicit", 0)


def test_a_return_after_the_horizon_corrects_nothing() -> None:
    driver = durable_for_a_day().tell(says("ann", "1d 00:00"))

    assert told(driver) == [HELD, FAILED]


def test_a_loose_match_that_comes_late_leaves_the_stricter_readings() -> None:
    driver = durable_for_a_day().tell(started("ann", "20:00", conversation_id="ann-2"))

    assert told(driver) == [
        HELD,
        Told("failed", None, "any_issue"),
        Told("durable", "24h", "same_issue", 0),
    ]


def test_each_horizon_that_it_was_before_is_corrected_and_no_other() -> None:
    driver = durable_for_a_day().until("3d 12:00").tell(says("ann", "1d 20:00"))

    assert told(driver) == [
        HELD,
        Told("durable", "72h", "any_issue"),
        FAILED,
        Told("failed", "72h", "explicit", 1),
    ]


def test_what_was_only_thanks_corrects_the_correction() -> None:
    driver = durable_for_a_day().tell(
        says("ann", "20:00", message_id="m1"),
        says("ann", "20:00", "thanks", message_id="m1", id="again"),
    )

    assert told(driver)[3:] == [
        Told("retracted", None, "explicit", 1),
        Told("durable", "24h", "any_issue", 2),
    ]
    assert told(driver.until("3d 12:00"))[5:] == [Told("durable", "72h", "any_issue")]
