"""However a log is delivered, within what is allowed, the verdicts are the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.casebook import Casebook
from monitor.core.moments import HOUR, moment_of
from monitor.core.outputs import Duplicate, Late
from schemas.conversations import Heartbeat
from tests.build import OFFICE_HOURS
from tests.driver import Driver
from tests.property.vocabulary import any_event

if TYPE_CHECKING:
    from monitor.core.outputs import Output
    from schemas.envelope import Envelope

LATENESS = 6 * HOUR
POLICY = replace(OFFICE_HOURS, lateness=LATENESS)
EVENTS = "cx_events_total"


def folded(log: list[Envelope]) -> Driver:
    return Driver(POLICY).tell(*log).until("100d 00:00")


def by_time(log: list[Envelope]) -> list[Envelope]:
    return sorted(log, key=lambda event: event.time)


def unique(log: list[Envelope]) -> list[Envelope]:
    return list({(event.source, event.id): event for event in log}.values())


def counts(driver: Driver, *, but: str = "") -> dict[str, Any]:
    totals = driver.tracker.totals
    return {name: cells for name, cells in totals.counts.items() if name != but} | {
        "observed": totals.observed,
        "risk": totals.risk,
    }


def cases(outputs: list[Output]) -> list[dict[str, Any]]:
    casebook = Casebook()
    for output in outputs:
        casebook.note(output)
    return casebook.lines()


delays = st.integers(0, 12).map(lambda halves: halves * LATENESS // 12)


@settings(max_examples=200)
@given(st.lists(st.tuples(any_event(), delays), min_size=10, max_size=60))
def test_the_order_of_delivery_changes_nothing(arrivals: list[tuple[Envelope, int]]) -> None:
    arriving = sorted(arrivals, key=lambda one: moment_of(one[0].time) + one[1])
    log = unique([event for event, _ in arriving])
    got, want = folded(log), folded(by_time(log))

    assert got.outputs == want.outputs
    assert cases(got.outputs) == cases(want.outputs)
    assert counts(got) == counts(want)
    assert got.said(Late) == []


@given(st.lists(any_event(), min_size=10, max_size=50), st.data())
def test_repeats_change_nothing_but_their_own_count(
    log: list[Envelope], data: st.DataObject
) -> None:
    log = by_time(unique([event for event in log if not isinstance(event, Heartbeat)]))
    repeated = list(log)
    for place in data.draw(st.lists(st.integers(0, max(0, len(log) - 1)), max_size=20)):
        if log:
            later = data.draw(st.integers(repeated.index(log[place]) + 1, len(repeated)))
            repeated.insert(later, log[place])
    got, want = folded(repeated), folded(log)

    results: Counter[str] = Counter()
    for (_, _, result), n in got.tracker.totals.counts[EVENTS].items():
        results[result] += n
    assert [output for output in got.outputs if not isinstance(output, Duplicate | Late)] == (
        want.outputs
    )
    assert counts(got, but=EVENTS) == counts(want, but=EVENTS)
    assert results["applied"] == want.count(EVENTS)
    # Who repeats himself after a week is too late anyhow.
    assert results["duplicate"] + results["late_dropped"] == len(repeated) - len(log)
    assert results["late_applied"] == 0
