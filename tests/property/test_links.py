"""However links come, and wherever references live, the same customers are found and counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.moments import HOUR
from monitor.core.policy import Policy
from schemas.conversations import CustomerLinked, Heartbeat
from tests.build import FIRST_DAY, claimed, linked, started
from tests.driver import Driver
from tests.partitions import Partitions
from tests.property.vocabulary import any_event

if TYPE_CHECKING:
    from schemas.envelope import Envelope

POLICY = replace(Policy(), lateness=6 * HOUR)
NAMES = ("ann", "ben", "cid", "dan")
# What partitions count for themselves: their share of heartbeats, and what they are blind to.
OF_PARTITIONS = ("cx_events_total", "cx_monitor_blind")

pairs = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))
links = st.lists(pairs, min_size=1, max_size=4)


def counted(*drivers: Driver) -> dict[str, Counter[tuple[str, ...]]]:
    """What was counted of customers, over all partitions."""
    sums: dict[str, Counter[tuple[str, ...]]] = {}
    for driver in drivers:
        for name, cells in driver.tracker.totals.counts.items():
            if name not in OF_PARTITIONS:
                mine = {labels: n for labels, n in cells.items() if "SF-20" not in labels}
                sums.setdefault(name, Counter()).update(mine)
    return {name: +cells for name, cells in sums.items() if +cells}


@settings(max_examples=50)
@given(links, st.data())
def test_the_order_of_links_changes_nothing(
    told: list[tuple[str, str]], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(told))
    drivers = []
    for some in (told, order):
        driver = Driver()
        for hour, name in enumerate(NAMES):
            driver.tell(started(name, f"{hour}:00", intent="a"), claimed(name, f"{hour}:30"))
        for minute, pair in enumerate(some):
            driver.tell(linked(*pair, f"10:{minute:02}"))
        for minute, name in enumerate(NAMES):
            driver.tell(
                started(name, f"1d 10:{minute:02}", intent="a", conversation_id=f"{name}-2")
            )
        drivers.append(driver.until("2d 00:00"))
    one, other = drivers

    assert counted(one) == counted(other)
    assert customers(one) == customers(other)


def customers(driver: Driver) -> dict[str, list[str]]:
    rows = driver.tracker.customers.values()
    return {row.key: sorted(row.conversations) for row in rows if row.conversations}


def one_customer(event: Envelope) -> bool:
    return not isinstance(event, CustomerLinked | Heartbeat)


def under(event: Envelope, name: str) -> Envelope:
    """The same, of another customer; an event that names nobody stays nobody's."""
    if getattr(event.data, "customer_ref", None) is None:
        return event
    data = event.data.model_copy(update={"customer_ref": name})
    return event.model_copy(update={"data": data, "id": f"{event.id} {name}"})


@settings(max_examples=100)
@given(
    links,
    st.lists(st.tuples(any_event(), st.sampled_from(NAMES)), min_size=5, max_size=40),
    st.lists(st.integers(0, 2), min_size=5, max_size=5),
    st.data(),
)
def test_partitions_that_write_to_each_other_count_what_one_would(
    first: list[tuple[str, str]],
    drawn: list[tuple[Envelope, str]],
    homes: list[int],
    data: st.DataObject,
) -> None:
    whole, group = Driver(POLICY), Partitions(Homes(homes), POLICY)
    before = FIRST_DAY - timedelta(hours=24)
    for minute, pair in enumerate(first):
        link = linked(*pair, before + timedelta(minutes=minute))
        whole.tell(link)
        group.tell(link).deliver()
    group.until("-1d 12:00")
    known: dict[tuple[str, str], Envelope] = {
        (event.source, event.id): event
        for event in (under(*one) for one in drawn if one_customer(one[0]))
    }
    log = sorted(known.values(), key=lambda event: event.time)
    for event, following in pairwise([*log, None]):
        assert event is not None
        whole.tell(event)
        group.tell(event)
        if following is not None and following.time == event.time:
            # Within what is allowed to be late, notes may take any time, and workers may restart.
            some_arrive(group, data)
            group.drivers[data.draw(st.integers(0, len(group.drivers) - 1))].restart()
        else:
            group.deliver()
    whole.until("60d 00:00")
    group.until("60d 00:00").until("60d 00:01")

    assert counted(*group.drivers) == counted(whole)


def some_arrive(group: Partitions, data: st.DataObject) -> None:
    group.send()
    for _ in range(data.draw(st.integers(0, 3))):
        if group.busy():
            group.take(data.draw(st.sampled_from(group.busy())))


class Homes(dict[str, int]):
    """Where references live; who is nobody's lives in the first."""

    def __init__(self, numbers: list[int]) -> None:
        super().__init__(zip(NAMES, numbers, strict=False))

    def __missing__(self, key: str) -> int:
        return 0
