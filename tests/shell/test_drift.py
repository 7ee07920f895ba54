"""What a comparison says of an export and the topics, record by record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from aiokafka import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters.mapping import load_mapping
from monitor.adapters.references import References
from monitor.core.moments import DAY, Moment
from monitor.core.policy import Policy
from monitor.shell.drift import ARRIVALS, Comparison, Day, Difference
from schemas.decode import CONVERSATIONS, TOPIC_OF
from tests.adapters.records import STARTED, turn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.adapters.records import Event

MIDNIGHT: Moment = 20_000 * DAY  # 2024-10-04
MINUTES = range(0, 24 * 60, 10)


def event(id_: str, minute: int = 0, *, source: str = "desk", **more: object) -> Event:
    """Something of the day, so many minutes after its beginning."""
    days, rest = divmod(minute, 24 * 60)
    return {
        "specversion": "1.0",
        "id": id_,
        "source": source,
        "type": "cx.conversation.reopened.v1",
        "time": f"2024-10-{4 + days:02}T{rest // 60:02}:{rest % 60:02}:00Z",
        "subject": f"talk-{id_}",
        "partitionkey": "ann",
        "data": {"conversation_id": f"talk-{id_}", "customer_ref": "ann", "actor": "customer"},
    } | more


def record(value: Event | bytes, *, partition: int = 0) -> ConsumerRecord[bytes, bytes]:
    """An event as it lies on its topic."""
    topic = CONVERSATIONS if isinstance(value, bytes) else TOPIC_OF[value["type"]]
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return ConsumerRecord(topic, partition, 0, 0, 0, b"ann", raw, None, 3, len(raw), ())


def compared(
    exported: Iterable[Event],
    seen: Iterable[Event | bytes | ConsumerRecord[bytes, bytes]],
    source: str | None = None,
) -> Comparison:
    comparison = Comparison(Day(MIDNIGHT, MIDNIGHT + DAY), Policy(), source)
    for one in exported:
        comparison.expect(one)
    for each in seen:
        comparison.see(each if isinstance(each, ConsumerRecord) else record(each))
    comparison.end()
    return comparison


def results(comparison: Comparison) -> dict[str, int]:
    counted: dict[str, int] = {}
    for of_type in comparison.types.values():
        for result, number in of_type.results.items():
            counted[result] = counted.get(result, 0) + number
    return counted


def arrivals(comparison: Comparison) -> tuple[int, ...]:
    (of_type,) = comparison.types.values()
    return tuple(of_type.arrivals[arrival] for arrival in ARRIVALS)


@given(
    st.lists(st.sampled_from(MINUTES), max_size=30),
    st.sets(st.integers(0, 29)),
    st.sets(st.integers(0, 29)),
)
def test_exactly_what_is_lost_is_missing_and_what_nobody_exports_unexpected(
    minutes: list[int], lost: set[int], unexported: set[int]
) -> None:
    events = [event(f"{number}", minute) for number, minute in enumerate(minutes)]
    exported = [one for number, one in enumerate(events) if number not in unexported]
    there = [one for number, one in enumerate(events) if number not in lost]
    comparison = compared(exported, there, "desk")
    both = [one for one in exported if one in there]

    missing = comparison.missing()
    assert sorted(map(json.dumps, missing)) == sorted(
        json.dumps(one) for one in exported if one not in there
    )
    assert [one["time"] for one in missing] == sorted(one["time"] for one in missing)
    wanted = {
        "matched": len(both),
        "missing": len(missing),
        "unexpected": len(there) - len(both),
    }
    assert results(comparison) == {name: number for name, number in wanted.items() if number}
    assert comparison.has_drift == bool(missing or len(there) > len(both))


@pytest.mark.parametrize(
    "spelled",
    [
        {"time": "2024-10-04T02:00:00+02:00"},
        {"sequence": "5"},
        {"traceparent": "00-5"},
        {"datacontenttype": "application/json", "more": 1},
    ],
)
def test_another_spelling_is_no_difference(spelled: Event) -> None:
    comparison = compared([event("a")], [event("a") | spelled])

    assert results(comparison) == {"matched": 1}


@pytest.mark.parametrize(
    ("other", "field", "told_by"),
    [
        ({"time": "2024-10-04T00:00:01Z"}, "time", "both"),
        ({"time": "2024-10-05T00:00:00Z"}, "time", "both"),
        ({"subject": None}, "subject", "export"),
        ({"partitionkey": "bob"}, "partitionkey", "both"),
        ({"data": event("a")["data"] | {"actor": "human"}}, "data.actor", "both"),
        ({"data": event("a")["data"] | {"intent": "refund"}}, "data.intent", "topics"),
    ],
)
def test_what_is_told_otherwise_is_named(other: Event, field: str, told_by: str) -> None:
    comparison = compared([event("a")], [event("a") | other])

    assert results(comparison) == {"differing": 1}
    assert comparison.differences == {Difference("cx.conversation.reopened.v1", field, told_by): 1}


def test_an_event_that_the_export_dates_on_another_day_differs() -> None:
    comparison = compared([event("a", 24 * 60)], [event("a")])

    assert results(comparison) == {"differing": 1}
    assert [one.field for one in comparison.differences] == ["time"]


def test_other_days_and_other_sources_are_not_compared() -> None:
    exported = [event("a"), event("b", 24 * 60)]
    seen = [event("a"), event("c", 24 * 60), event("d", source="another desk")]

    assert results(compared(exported, seen)) == {"matched": 1}


def test_an_export_without_events_has_the_source_of_its_mapping() -> None:
    assert results(compared([], [event("a")], "desk")) == {"unexpected": 1}
    assert results(compared([], [event("a")])) == {}


def test_what_is_no_event_is_passed_over() -> None:
    assert results(compared([event("a")], [b"no json", b"{}", event("a")])) == {"matched": 1}


def test_a_repeat_is_one_event() -> None:
    comparison = compared([event("a")], [event("a"), event("b"), event("a"), event("b")])

    assert results(comparison) == {"matched": 1, "unexpected": 1}
    assert arrivals(comparison) == (2, 0, 0, 2)


def test_an_event_is_out_of_order_behind_a_later_one_and_late_beyond_what_is_allowed() -> None:
    events = [event("a", 5), event("b", 5), event("c", 4), event("d", 3)]

    assert arrivals(compared(events, events)) == (2, 1, 1, 0)
    # Another partition has an order of its own.
    apart = [record(one, partition=number) for number, one in enumerate(events)]
    assert arrivals(compared(events, apart)) == (4, 0, 0, 0)


def test_whatever_came_before_makes_an_event_late() -> None:
    comparison = compared([event("a", 3)], [event("x", 5, source="another desk"), event("a", 3)])

    assert arrivals(comparison) == (0, 0, 1, 0)


def test_links_to_a_former_name_are_not_compared() -> None:
    references = References(b"a key of this test.", b"the key before it.")
    records = [STARTED, turn("message", "customer", at="01", text="Where is it?")]
    events = list(load_mapping("tau2", references).events(records))
    kinds = [one["type"] for one in events]
    comparison = Comparison(Day(0, 30_000 * DAY), Policy(), None)
    for one in events:
        comparison.expect(one)

    assert kinds.count("cx.customer.linked.v1") == 1
    assert [one["type"] for one in comparison.missing()] == kinds[1:]
    for one in events:
        comparison.see(record(one))
    comparison.end()
    assert results(comparison) == {"matched": 2}


def test_some_conversations_are_given_as_examples() -> None:
    comparison = compared([event(f"{number}", number) for number in range(9)], [])
    (of_type,) = comparison.types.values()

    assert of_type.examples == {"missing": ["talk-0", "talk-1", "talk-2"]}
