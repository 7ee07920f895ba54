"""What is read from the page is what was counted, partition by partition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics import parser as openmetrics

from monitor.core.catalogue import METRICS
from monitor.core.policy import Policy
from monitor.core.reading import reading_of
from monitor.core.tracker import Tracker
from monitor.shell.metrics import Exposition
from monitor.shell.scrape import reading_from, watermarks_from
from tests.build import moment

POLICY = Policy()
# Whatever a producer calls its intent or version; the contract takes any text.
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


def page_of(*trackers: Tracker, accept: str = "") -> str:
    owned = dict(enumerate(trackers))
    body, _ = Exposition(POLICY, lambda: owned).render(accept)
    return body.decode()


@given(st.data())
def test_every_count_under_any_label_comes_back(data: st.DataObject) -> None:
    tracker = Tracker(POLICY)
    for metric in METRICS.values():
        if metric.kind == "counter" and "exposure" not in metric.name:
            labels = data.draw(st.tuples(*[WORDS] * len(metric.labels)))
            tracker.totals.counts[metric.name] = {labels: data.draw(st.integers(1, 2**53))}

    assert reading_from(page_of(tracker)) == reading_of(tracker.totals, 0)


def test_exposure_and_claims_on_trial_come_back() -> None:
    tracker = Tracker(POLICY)
    cell = ("same_issue", "1h", "v1", "billing")
    tracker.totals.enter(cell, moment("09:00"))
    tracker.advance_to(moment("09:30"))

    reading = reading_from(page_of(tracker))
    assert reading["cx_resolution_exposure_seconds_total"] == {cell: 1800}
    assert reading["cx_resolutions_at_risk"] == {cell: 1}


def test_partitions_are_added_up() -> None:
    trackers = [Tracker(POLICY), Tracker(POLICY)]
    for amount, tracker in enumerate(trackers, start=1):
        tracker.totals.counts["cx_journeys_total"] = {(): amount}

    assert reading_from(page_of(*trackers)) == {"cx_journeys_total": {(): 3}}


def test_each_partition_tells_its_own_time() -> None:
    trackers = [Tracker(POLICY), Tracker(POLICY)]
    trackers[1].advance_to(moment("09:30"))

    assert watermarks_from(page_of(*trackers)) == {0: 0, 1: moment("09:30") / 1_000_000}


@pytest.mark.parametrize("trackers", [[], [Tracker(POLICY)]])
def test_before_the_first_event_every_metric_is_explained_and_none_is_told(
    trackers: list[Tracker],
) -> None:
    page = page_of(*trackers)

    assert reading_from(page) == {}
    for metric in METRICS.values():
        assert f"# HELP {metric.name} {metric.help}\n" in page
        assert f"# TYPE {metric.name} {metric.kind}\n" in page


def test_bucket_widths_add_up_to_their_horizon() -> None:
    page = page_of(accept="application/openmetrics-text")
    families = openmetrics.text_string_to_metric_families(page)  # type: ignore[no-untyped-call]
    (widths,) = [family for family in families if family.name == "cx_age_bucket_seconds"]
    totals: dict[str, float] = {}
    for sample in widths.samples:
        horizon = sample.labels["horizon"]
        totals[horizon] = totals.get(horizon, 0) + sample.value

    assert totals == {"24h": 86_400, "72h": 3 * 86_400, "7d": 7 * 86_400, "30d": 30 * 86_400}


def test_the_process_tells_of_itself_as_well() -> None:
    assert "\nprocess_resident_memory_bytes " in page_of()
