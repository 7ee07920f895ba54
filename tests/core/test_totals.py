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


def test_every_metric_has_labels_and_a_help_that_is_a_sentence() -> None:
    for name, metric in METRICS.items():
        assert name.startswith("cx_")
        assert name.endswith("_total") == (metric.kind == "counter")
        assert len(set(metric.labels)) == len(metric.labels)
        assert metric.help.endswith(".")
