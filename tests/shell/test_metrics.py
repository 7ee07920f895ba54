"""What is read from the page is what was counted, partition by partition."""

from __future__ import annotations

import re
import subprocess
import tomllib
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import parser as classic
from prometheus_client.openmetrics import parser as openmetrics

from monitor.core.catalogue import METRICS
from monitor.core.policy import Policy
from monitor.core.reading import AT_RISK, EXPOSURE, reading_of
from monitor.core.tracker import Tracker
from monitor.core.trials import BOUNDS
from monitor.shell.labels import OTHER, Shown
from monitor.shell.metrics import Exposition
from monitor.shell.partition import OwnedPartition
from monitor.shell.publish import keyed_hash
from monitor.shell.scrape import reading_from, watermarks_from
from monitor.shell.store import MemoryStore
from schemas.decode import TOPICS
from tests.build import moment, started
from tests.paths import ROOT
from tests.rules.conftest import tool

POLICY = Policy()
# Whatever a producer calls its intent or version; the contract takes any text.
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


def page_of(*trackers: Tracker, accept: str = "") -> str:
    owned = dict(enumerate(trackers))
    return "".join(exposition_of(owned).pieces(accept))


def exposition_of(owned: dict[int, Tracker], shown: Shown | None = None) -> Exposition:
    partitions = {number: OwnedPartition(tracker) for number, tracker in owned.items()}
    return Exposition(POLICY, lambda: partitions, shown=shown, hash_key=b"a key of the tests")


def families_of(page: str) -> dict[str, list[tuple[str, dict[str, str], float]]]:
    """What the client's own parsers read, by the name of the family."""
    parse = openmetrics if page.endswith("# EOF\n") else classic
    return {
        family.name: sorted(((one.name, one.labels, one.value) for one in family.samples), key=str)
        for family in parse.text_string_to_metric_families(page)
    }


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
    assert reading["cx_resolutions_at_risk"] == {cell[:-1]: 1}


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
    page = "".join(exposition_of({3: tracker}).pieces(""))

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
    text = page_of(tracker)
    page = page_of(tracker, accept="application/openmetrics-text")
    (waits,) = [
        family
        for family in openmetrics.text_string_to_metric_families(page)  # type: ignore[no-untyped-call]
        if family.name == "cx_journey_wait_seconds"
    ]

    rest = 'outcome="open",partition="0"'
    assert f'\ncx_journey_wait_seconds_bucket{{at="end",{rest},le="60.0"}} 0\n' in text
    assert f'\ncx_journey_wait_seconds_bucket{{at="end",{rest},le="+Inf"}} 1\n' in text
    assert f'\ncx_journey_wait_seconds_sum{{at="end",{rest}}} 61.5\n' in text
    assert f'\ncx_journey_wait_seconds_count{{at="end",{rest}}} 1\n' in text
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


def test_both_formats_are_read_as_the_same_numbers() -> None:
    tracker = busy(versions=2, groups=3)
    texts = families_of(page_of(tracker))
    opened = families_of(page_of(tracker, accept="application/openmetrics-text;version=1.0.0"))
    outcomes = [name for name in opened if name.startswith("cx_")]

    assert outcomes
    assert {name: texts[name] for name in outcomes} == {name: opened[name] for name in outcomes}


def test_a_version_that_is_no_number_is_answered_in_the_plain_format() -> None:
    page = page_of(accept="application/openmetrics-text;version=x")

    assert families_of(page).keys() == families_of(page_of()).keys()


def test_a_claim_on_trial_may_fail_and_mature_before_it_does() -> None:
    tracker = Tracker(POLICY)
    tracker.totals.enter(("same_issue", "24h", "v1", "billing"), moment("09:00"))
    page = page_of(tracker)

    told = 'bound="same_issue",age="24h",ai_version="v1",intent_group="billing",partition="0"'
    assert f"cx_resolution_failures_total{{{told}}} 0\n" in page
    for result in ("durable", "failed"):
        told = f'bound="same_issue",horizon="24h",result="{result}",ai_version="v1"'
        assert f'cx_resolutions_matured_total{{{told},intent_group="billing"' in page


def test_silent_failures_of_a_version_are_shown_before_the_first() -> None:
    tracker = Tracker(POLICY)
    exposition = exposition_of({0: tracker})
    broken = 'sf="SF-09",confidence="confirmed",ai_version="v2",value_band="high",partition="0"'
    assert broken not in "".join(exposition.pieces(""))

    tracker.totals.add("cx_conversations_total", "chat", "billing", "inbound", "v2")
    assert f"cx_silent_failures_total{{{broken}}} 0\n" in "".join(exposition.pieces(""))
    tracker.totals.add("cx_silent_failures_total", "SF-09", "confirmed", "v2", "high")
    assert f"cx_silent_failures_total{{{broken}}} 1\n" in "".join(exposition.pieces(""))


def test_a_count_may_be_taken_back_from_the_moment_it_is_made() -> None:
    tracker = Tracker(POLICY)
    tracker.totals.add("cx_misroutes_total", "ai_human", "a", "b")

    assert 'cx_misroutes_retractions_total{kind="ai_human",from_role="a"' in page_of(tracker)


def test_a_revoked_partition_is_shown_no_more() -> None:
    owned = {0: OwnedPartition(Tracker(POLICY)), 1: OwnedPartition(Tracker(POLICY))}
    exposition = Exposition(POLICY, lambda: owned)
    assert 'partition="1"' in "".join(exposition.pieces(""))

    del owned[1]
    assert 'partition="1"' not in "".join(exposition.pieces(""))


def test_a_partition_that_comes_back_is_read_from_its_new_state() -> None:
    owned = {0: OwnedPartition(Tracker(POLICY))}
    exposition = Exposition(POLICY, lambda: owned)
    owned[0].tracker.totals.counts["cx_journeys_total"] = {(): 5}
    assert 'cx_journeys_total{partition="0"} 5\n' in "".join(exposition.pieces(""))

    owned[0] = OwnedPartition(Tracker(POLICY))
    assert 'cx_journeys_total{partition="0"} 0\n' in "".join(exposition.pieces(""))


def test_a_value_that_is_not_listed_is_added_to_the_others_and_counted() -> None:
    tracker = Tracker(POLICY)
    for version in ("v1", "v2", "v3"):
        tracker.totals.add("cx_ai_takeovers_total", "human", version)
    page = "".join(exposition_of({0: tracker}, Shown({"ai_version": ["v1"]}, 9)).pieces(""))

    shown = 'cx_ai_takeovers_total{initiator="human",ai_version='
    assert f'{shown}"v1",partition="0"}} 1\n' in page
    assert f'{shown}"{OTHER}",partition="0"}} 2\n' in page
    assert 'cx_label_overflow_total{label="ai_version",partition="0"} 2\n' in page
    assert reading_of(tracker.totals, 0)["cx_ai_takeovers_total"]["human", "v3"] == 1


def test_histograms_of_hidden_values_are_added_up() -> None:
    tracker = Tracker(POLICY)
    for version in ("v1", "v2"):
        tracker.totals.observe("cx_time_to_resolution_seconds", 90_000_000, "first_claim", version)
    page = "".join(exposition_of({0: tracker}, Shown({"ai_version": []}, 9)).pieces(""))

    told = f'stage="first_claim",ai_version="{OTHER}",partition="0"'
    assert f"cx_time_to_resolution_seconds_sum{{{told}}} 180.0\n" in page
    assert f"cx_time_to_resolution_seconds_count{{{told}}} 2\n" in page


def test_without_a_list_only_so_many_values_are_shown() -> None:
    tracker = Tracker(POLICY)
    for number in range(9):
        tracker.totals.add("cx_ai_takeovers_total", "human", f"v{number}")
    page = "".join(exposition_of({0: tracker}, Shown({}, 4)).pieces(""))

    takeovers = [line for line in page.splitlines() if line.startswith("cx_ai_takeovers_total{")]
    assert len(takeovers) == 4 + 1
    assert takeovers[-1].endswith(" 5")


def test_a_page_names_the_release() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert f'\ncx_monitor_build_info{{version="{project["version"]}"}} 1.0\n' in page_of()


def test_an_ordinary_deployment_stays_within_the_budget_of_series() -> None:
    page = page_of(busy(versions=3, groups=20), busy(versions=3, groups=20))
    series = re.search(r"^cx_monitor_series (\d+)$", page, re.MULTILINE)

    assert series is not None
    assert 10_000 < int(series[1]) <= 20_000


def test_no_piece_of_a_page_is_long() -> None:
    owned = {0: OwnedPartition(busy(versions=3, groups=20))}
    pieces = list(Exposition(POLICY, lambda: owned).pieces(""))

    assert max(piece.count("\n") for piece in pieces) <= 500


def test_a_silent_failure_has_the_hash_of_its_journey_as_exemplar() -> None:
    partition = OwnedPartition(Tracker(POLICY))
    partition.tracker.totals.add("cx_silent_failures_total", "SF-09", "confirmed", "v1", "high")
    cell = ("cx_silent_failures_total", ("SF-09", "confirmed", "v1", "high"))
    partition.examples[cell] = ("cust-1:1", 12.5)
    exposition = Exposition(POLICY, lambda: {0: partition}, hash_key=b"a key of the tests")
    page = "".join(exposition.pieces("application/openmetrics-text"))
    (failures,) = [
        family
        for family in openmetrics.text_string_to_metric_families(page)  # type: ignore[no-untyped-call]
        if family.name == "cx_silent_failures"
    ]
    (example,) = [one.exemplar for one in failures.samples if one.exemplar]

    assert example.labels == {"journey": keyed_hash(b"a key of the tests", "cust-1:1")}
    assert "cust-1" not in page
    assert "# {" not in "".join(exposition.pieces("text/plain"))


def test_promtool_finds_nothing_to_say_of_the_page() -> None:
    page = page_of(busy(versions=2, groups=2))
    checked = subprocess.run(
        [tool("promtool"), "check", "metrics"],
        input=page,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def busy(versions: int, groups: int) -> Tracker:
    """A partition on which every version has had claims of every age, on every matter."""
    tracker = Tracker(POLICY)
    for version, group in product(range(versions), range(groups)):
        labels = (f"v{version}", f"group-{group}")
        tracker.totals.add("cx_conversations_total", "chat", labels[1], "inbound", labels[0])
        tracker.totals.observe("cx_time_to_resolution_seconds", 10**9, "first_claim", labels[0])
        for bound, age in product(BOUNDS, POLICY.ages):
            tracker.totals.enter((bound, age, *labels), moment("09:00"))
    tracker.advance_to(moment("09:30"))
    return tracker
