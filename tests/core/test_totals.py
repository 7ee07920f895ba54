from __future__ import annotations

import pytest

from monitor.core.catalogue import METRICS
from monitor.core.totals import Totals

CELL = ("explicit", "1h", "v1", "refund")


def test_a_count_grows_by_one() -> None:
    totals = Totals()
    assert totals.get("cx_journeys_total") == 0

    totals.add("cx_journeys_total")
    totals.add("cx_journeys_total")
    totals.add("cx_dead_letters_total", "cx.handoffs", "empty")

    assert totals.get("cx_journeys_total") == 2
    assert totals.get("cx_dead_letters_total", "cx.handoffs", "empty") == 1
    assert totals.get("cx_dead_letters_total", "cx.handoffs", "not_json") == 0
    assert totals.touched == {"cx_journeys_total", "cx_dead_letters_total"}


def test_labels_that_the_catalogue_does_not_give_are_refused() -> None:
    with pytest.raises(ValueError, match="cx_journeys_total has the labels"):
        Totals().add("cx_journeys_total", "chat")
    with pytest.raises(KeyError):
        Totals().add("cx_unheard_of_total")


def test_exposure_grows_by_itself_with_each_claim_at_risk() -> None:
    totals = Totals()
    totals.enter(CELL, 100)
    totals.enter(CELL, 130)

    assert list(totals.exposure(150)) == [(CELL, 50 + 20, 2)]
    totals.leave(CELL, 160)
    assert list(totals.exposure(160)) == [(CELL, 60 + 30, 1)]
    assert list(totals.exposure(200)) == [(CELL, 60 + 70, 1)]
    totals.leave(CELL, 210)
    assert list(totals.exposure(1_000)) == [(CELL, 60 + 80, 0)]


def test_whoever_enters_or_leaves_is_written_down() -> None:
    totals = Totals()
    totals.enter(CELL, 1)
    assert totals.touched == {"risk"}

    totals.touched.clear()
    totals.leave(CELL, 2)
    assert totals.touched == {"risk"}


def test_a_value_falls_into_the_first_bucket_that_it_does_not_exceed() -> None:
    totals = Totals()
    for contacts in (1, 2, 10, 11, 400):
        totals.observe("cx_journey_contacts", contacts, "end", "durable")

    assert METRICS["cx_journey_contacts"].buckets == (1, 2, 3, 4, 5, 7, 10)
    cell = [1, 1, 0, 0, 0, 0, 1, 2, 1 + 2 + 10 + 11 + 400]
    assert totals.observed == {"cx_journey_contacts": {("end", "durable"): cell}}
    assert totals.touched == {"cx_journey_contacts"}


def test_a_value_below_zero_or_with_wrong_labels_is_refused() -> None:
    totals = Totals()
    with pytest.raises(ValueError, match="cannot observe -1"):
        totals.observe("cx_journey_contacts", -1, "end", "durable")
    with pytest.raises(ValueError, match="cx_journey_contacts has the labels"):
        totals.observe("cx_journey_contacts", 1, "end")
    assert totals.observed == {}


def test_every_histogram_and_nothing_else_has_rising_edges() -> None:
    for metric in METRICS.values():
        assert bool(metric.buckets) == (metric.kind == "histogram")
        assert list(metric.buckets) == sorted(set(metric.buckets))
        assert ("_seconds" in metric.name) == (metric.unit == "seconds") or metric.kind == "counter"


def test_every_metric_has_labels_and_a_help_that_is_a_sentence() -> None:
    for name, metric in METRICS.items():
        assert name.startswith("cx_")
        assert name.endswith("_total") == (metric.kind == "counter")
        assert len(set(metric.labels)) == len(metric.labels)
        assert metric.help.endswith(".")
