"""What is read from the page is what was counted, partition by partition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics import parser as openmetrics

from monitor.core.catalogue import METRICS
from monitor.core.policy import Policy
from monitor.core.reading import AT_RISK, EXPOSURE, reading_of
from monitor.core.tracker import Tracker
from monitor.shell.metrics import Exposition
from monitor.shell.scrape import reading_from, watermarks_from
from monitor.shell.store import MemoryStore
from schemas.decode import TOPICS
from tests.build import moment, started

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
        labels = data.draw(st.tuples(*[WORDS] * len(metric.labels)))
        if metric.kind == "histogram":
            for value in data.draw(st.lists(st.integers(0, 2**50), min_size=1, max_size=3)):
                tracker.totals.observe(metric.name, value, *labels)
        elif metric.name not in (EXPOSURE, AT_RISK):
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


def test_customers_are_counted_whether_they_are_decoded_or_not() -> None:
    tracker = Tracker(POLICY, rows=MemoryStore(), hot_max=1)
    for name in ("ann", "ben", "cid"):
        tracker.receive(TOPICS[0], started(name, "09:00"))
    page = Exposition(POLICY, lambda: {3: tracker}).render("")[0].decode()

    assert 'cx_monitor_state_entries{partition="3"} 3.0\n' in page
    assert 'cx_monitor_state_hot_entries{partition="3"} 1.0\n' in page


def test_histograms_of_partitions_are_added_up() -> None:
    trackers = [Tracker(POLICY), Tracker(POLICY)]
    for contacts, tracker in enumerate(trackers, start=1):
        tracker.totals.observe("cx_journey_contacts", contacts, "end", "durable")

    reading = reading_from(page_of(*trackers))
    assert reading["cx_journey_contacts_sum"] == {("end", "durable"): 3}
    assert reading["cx_journey_contacts_bucket"]["end", "durable", "1.0"] == 1
    assert reading["cx_journey_contacts_bucket"]["end", "durable", "+Inf"] == 2


def test_a_histogram_is_written_as_both_formats_want_it() -> None:
    tracker = Tracker(POLICY)
    tracker.totals.observe("cx_journey_wait_seconds", 61_500_000, "end", "open")
    classic = page_of(tracker)
    page = page_of(tracker, accept="application/openmetrics-text")
    (waits,) = [
        family
        for family in openmetrics.text_string_to_metric_families(page)  # type: ignore[no-untyped-call]
        if family.name == "cx_journey_wait_seconds"
    ]

    rest = 'outcome="open",partition="0"'
    assert f'\ncx_journey_wait_seconds_bucket{{at="end",le="60.0",{rest}}} 0.0\n' in classic
    assert f'\ncx_journey_wait_seconds_bucket{{at="end",le="+Inf",{rest}}} 1.0\n' in classic
    assert f'\ncx_journey_wait_seconds_sum{{at="end",{rest}}} 61.5\n' in classic
    assert f'\ncx_journey_wait_seconds_count{{at="end",{rest}}} 1.0\n' in classic
    assert [sample.value for sample in waits.samples if sample.name.endswith("_sum")] == [61.5]


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
