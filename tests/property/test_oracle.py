"""What is counted is what an independent reading of the definitions counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.moments import DAY
from monitor.core.policy import Policy
from tests.build import FIRST_DAY, contact, said
from tests.driver import Driver
from tests.oracle import Contact, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from schemas.envelope import Envelope

    Telling = Callable[..., Envelope]

# Nothing is forgotten, so that every contact can be held against every other.
POLICY = replace(Policy(), gap=366 * DAY, gap_by_intent_group={})
# Around each edge of age, for that is where mistakes are made.
HOURS = [0, 1, 2, 5, 6, 7, 23, 24, 25, 71, 72, 73, 167, 168, 169, 336, 719, 720, 721, 900]

hours = st.frozensets(st.sampled_from(HOURS), max_size=4)


@st.composite
def histories(draw: st.DrawFn) -> list[Contact]:
    """Up to four conversations of one customer; no two begin in the same hour."""
    starts = draw(st.lists(st.sampled_from(HOURS), min_size=1, max_size=4, unique=True))
    return [
        Contact(
            start,
            draw(st.sampled_from([None, None, "case-1"])),
            draw(st.sampled_from(["refund", "parcel"])),
            *(frozenset(start + hour for hour in draw(hours)) for _ in range(5)),
        )
        for start in starts
    ]


def events(history: list[Contact]) -> Iterator[Envelope]:
    """Everything that happened, and thanks, which undo nothing."""
    for number, one in enumerate(history):
        context = {"conversation_id": f"c{number}", "case_id": one.case, "intent": one.intent}

        def told(
            type_: str, hour: float, context: dict[str, Any] = context, **more: Any
        ) -> Envelope:
            data = contact("ann", context, **more)
            name = f"{type_} {context['conversation_id']} {hour} {more}"
            return said(type_, FIRST_DAY + timedelta(hours=hour), data | {"id": name})

        def wrote(hour: float, kind: str, told: Telling = told) -> Envelope:
            spoken = {"message_id": f"{kind} {hour}", "actor": "customer", "kind": kind}
            return told("message.created", hour, **spoken)

        yield told("conversation.started", one.start)
        for hour in one.claims:
            yield told("resolution.claimed", hour, by="ai")
            yield wrote(hour + 1, "thanks")
        for hour in one.messages:
            yield wrote(hour, "question")
        for hour in one.reopened_by_customer:
            yield told("conversation.reopened", hour, actor="customer")
        for hour in one.reopened_by_staff | one.reopened_by_mistake:
            yield told("conversation.reopened", hour, actor="human")
        for hour in one.reopened_by_mistake:
            yield told("conversation.closed", hour + 1 / 20, actor="human")


@settings(max_examples=400)
@given(histories(), st.sampled_from([*HOURS, 1700]))
def test_failures_exposure_and_what_matured_are_those_of_the_definitions(
    history: list[Contact], until: int
) -> None:
    driver = Driver(POLICY).tell(*events(history)).until(f"{until}:00")
    want = judge(history, until)

    assert driver.counts("cx_resolution_failures_total", "bound", "age") == {
        f"{bound}/{age}": n for (bound, age), n in sorted(want["failures"].items()) if n
    }
    assert driver.counts("cx_resolutions_matured_total", "bound", "horizon", "result") == {
        "/".join(cell): n for cell, n in sorted(want["matured"].items()) if n
    }
    for bound in ("explicit", "same_issue", "any_issue"):
        got = {age: hours for age, hours in driver.hours_exposed(bound).items() if hours}
        assert got == pytest.approx(
            {age: n for (of, age), n in want["exposure"].items() if of == bound and n}, abs=1e-5
        )
