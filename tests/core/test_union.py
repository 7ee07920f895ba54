"""No field of a row is forgotten when two rows become one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_type_hints

import msgspec
import pytest

from monitor.core import fold, memory, state, union
from monitor.core.policy import Policy
from monitor.core.state import Conversation, Customer
from monitor.core.twice import RULES, put_together
from schemas.vocabulary import Channel, Origin
from tests.build import claimed, linked, merged, moment, says, started
from tests.driver import Driver

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = list(RULES)


def test_every_field_of_a_row_has_its_place() -> None:
    assert sorted((*union.OWN, *union.WHOLES, *union.GROUPS)) == sorted(Customer.__struct_fields__)


@pytest.mark.parametrize("kind", PARTS)
def test_every_field_of_a_conversation_has_its_rule(kind: type[msgspec.Struct]) -> None:
    assert list(RULES[kind]) == list(kind.__struct_fields__)


def test_what_a_conversation_is_made_of_has_rules_of_its_own() -> None:
    hints = get_type_hints(Conversation)
    parts = [kind for kind in hints.values() if kind in vars(state).values()]

    assert {Conversation, *(kind for kind in parts if kind is not state.Mark)} >= set(PARTS)
    assert {kind for kind in parts if kind in PARTS} == set(PARTS) - {Conversation}


def test_every_deadline_belongs_to_something() -> None:
    kinds = [*memory.OF_CONVERSATION, *union.OF_JOURNEY, *union.OF_ROW]
    kinds += [kind for group in union.OF_GROUP.values() for kind in group]

    assert sorted({*fold.ON_DEADLINE, "row"}) == sorted(kinds)
    assert set(union.OF_GROUP) <= set(union.GROUPS)


def test_only_conversations_know_the_number_of_their_journey() -> None:
    numbers = [
        (kind.__name__, name)
        for kind in structs()
        for name in kind.__struct_fields__
        if name.startswith("journey")
    ]

    assert numbers == [
        ("Conversation", "journey"),
        ("Customer", "journeys"),
        ("Customer", "journeys_begun"),
    ]


def structs() -> Iterator[type[msgspec.Struct]]:
    for one in vars(state).values():
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            yield one


def test_what_one_does_not_know_the_other_adds() -> None:
    later = Conversation("c", 1, 10, handoffs=["h2"], human_actions=1, closed_at=5)
    earlier = Conversation(
        *("c", 2, 5, Channel.EMAIL, Origin.INBOUND),
        handoffs=["h1", "h2"],
        human_actions=2,
        intent="where",
        closed_at=3,
    )
    one = put_together(later, earlier)

    assert (one.channel, one.origin, one.intent) == (Channel.EMAIL, Origin.INBOUND, "where")
    assert (one.started_at, one.closed_at, one.human_actions) == (5, 5, 3)
    assert one.handoffs == ["h1", "h2"]


def test_effort_is_added_up() -> None:
    later = state.Effort(50, None, 1, 2, 3, waits_on=0, since=60, waited=[1, 2, 3, 4])
    earlier = state.Effort(40, 45, 1, 1, 1, waits_on=2, since=55, waited=[9])

    assert put_together(later, earlier) == state.Effort(40, 45, 2, 3, 4, 0, 60, [10, 2, 3, 4])


SAME = {"intent": "where", "intent_group": "other"}


def test_the_same_claim_is_on_trial_once() -> None:
    told = {"id": "claim", "conversation_id": "c"}
    driver = Driver().tell(started("ann", "09:00", conversation_id="c"))
    driver.tell(started("ben", "09:00", conversation_id="c", id="other"))
    driver.tell(claimed("ann", "09:30", **told), claimed("ben", "09:30", **told))
    driver.tell(linked("ann", "ben", "10:00")).until("11:00")
    (conversation,) = driver.tracker.customers["ann"].conversations.values()

    assert len(conversation.episodes) == 1
    assert {n for n, _ in driver.tracker.totals.risk.values()} == {0, 1}
    driver.until("200d 00:00")
    assert {n for n, _ in driver.tracker.totals.risk.values()} == {0}
    assert driver.tracker.customers == {}


def test_when_two_rows_have_too_many_conversations_the_oldest_are_let_go() -> None:
    driver = Driver(replace(Policy(), conversations_max=2))
    for hour, name in enumerate(("ann", "ben", "cid"), start=6):
        driver.tell(started(name, f"0{hour}:00"), claimed(name, f"0{hour}:30"))
    driver.tell(linked("ann", "ben", "10:00"), linked("ann", "cid", "10:01")).until("11:00")

    assert list(driver.tracker.customers["ann"].conversations) == ["ben-1", "cid-1"]
    assert driver.counts("cx_resolution_censored_total", "reason") == {"eviction": 1}


@pytest.mark.parametrize(("first", "second"), [("ann", "dev"), ("dev", "ann")])
def test_a_conversation_whose_journey_has_ended_goes_on_as_another(first: str, second: str) -> None:
    # The claim of the first can be contradicted for sixty days, so its journey is remembered.
    driver = (
        Driver()
        .tell(
            started(first, "09:00", conversation_id="c"),
            claimed(first, "09:30", conversation_id="c"),
            says(second, "45d 10:00", conversation_id="c"),
            linked("ann", "dev", "45d 11:00"),
        )
        .until("45d 12:00")
    )
    row = driver.tracker.customers["ann"]
    (conversation,) = row.conversations.values()
    (journey,) = row.journeys.values()

    assert conversation.journey == journey.id
    if second == "dev":
        assert (journey.ended, journey.started_at) == (False, moment("45d 10:00"))


@pytest.mark.parametrize("gone", ["ann", "dev"])
def test_what_is_merged_goes_into_the_conversation_that_goes_on(gone: str) -> None:
    goes_on = "dev" if gone == "ann" else "ann"
    driver = Driver().tell(
        started(gone, "09:00", conversation_id="c"),
        started(goes_on, "45d 10:00", conversation_id="c"),
        linked("ann", "dev", "45d 11:00"),
        merged("ann", "45d 12:00", "c", conversation_id="again"),
    )
    row = driver.until("45d 13:00").tracker.customers["ann"]
    (journey,) = row.journeys.values()

    assert sorted(journey.conversations) == ["again", "c"]
    assert journey.started_at == moment("45d 10:00")
