from __future__ import annotations

from monitor.core.moments import HOUR, MINUTE
from monitor.core.reading import AT_RISK, EXPOSURE, by, reading_of, total
from monitor.core.totals import Totals

CELL = ("explicit", "1h", "v1", "refund")


def counted() -> Totals:
    totals = Totals()
    totals.add("cx_commitments_total", "callback", "ai", "kept")
    totals.add("cx_commitments_total", "refund", "ai", "broken")
    totals.add("cx_commitments_total", "refund", "human", "kept")
    return totals


def test_a_reading_holds_the_counts_and_the_exposure_up_to_a_moment() -> None:
    totals = counted()
    other = (*CELL[:-1], "billing")
    totals.enter(CELL, HOUR)
    totals.enter(other, 2 * HOUR)
    reading = reading_of(totals, 3 * HOUR)

    assert reading["cx_commitments_total"]["refund", "human", "kept"] == 1
    assert reading[EXPOSURE] == {CELL: 7200, other: 3600}
    assert reading[AT_RISK] == {CELL[:-1]: 2}


def test_where_nothing_was_on_trial_there_is_no_exposure_not_zero() -> None:
    assert set(reading_of(counted(), HOUR)) == {"cx_commitments_total"}


def test_a_reading_does_not_change_with_its_totals() -> None:
    totals = counted()
    reading = reading_of(totals, HOUR)
    totals.add("cx_commitments_total", "refund", "human", "kept")

    assert reading["cx_commitments_total"]["refund", "human", "kept"] == 1


def test_a_histogram_reads_as_what_was_at_most_each_edge() -> None:
    totals = Totals()
    for hours in (1, 2, 24 * 31):
        totals.observe("cx_journey_wait_seconds", hours * HOUR, "end", "open")
    totals.observe("cx_journey_channels", 2, "24h", "failed")
    reading = reading_of(totals, 0)

    below = {le: n for (*_, le), n in reading["cx_journey_wait_seconds_bucket"].items()}
    assert below["900.0"] == 0
    assert (below["3600.0"], below["14400.0"], below["2592000.0"], below["+Inf"]) == (1, 2, 2, 3)
    assert reading["cx_journey_wait_seconds_sum"] == {("end", "open"): 3600 * (3 + 24 * 31)}
    assert reading["cx_journey_wait_seconds_count"] == {("end", "open"): 3}
    assert reading["cx_journey_channels_sum"] == {("24h", "failed"): 2}
    assert "cx_journey_wait_seconds" not in reading


def test_a_counter_of_time_reads_in_seconds() -> None:
    totals = Totals()
    totals.shift("cx_journey_owner_seconds_total", 90 * MINUTE, "ai", "durable")

    assert reading_of(totals, 0)["cx_journey_owner_seconds_total"] == {("ai", "durable"): 5400}


def test_cells_are_summed_as_they_are_picked() -> None:
    reading = reading_of(counted(), 0)

    assert total(reading, "cx_commitments_total") == 3
    assert total(reading, "cx_commitments_total", lambda labels: labels[2] == "kept") == 2
    assert total(reading, "cx_journeys_total") == 0


def test_a_metric_by_its_labels_is_sorted() -> None:
    reading = reading_of(counted(), 0)

    assert list(by(reading, "cx_commitments_total", 2).items()) == [("broken", 1), ("kept", 2)]
    assert list(by(reading, "cx_commitments_total", 1, 2)) == ["ai/broken", "ai/kept", "human/kept"]
    assert by(reading, "cx_journeys_total") == {}
