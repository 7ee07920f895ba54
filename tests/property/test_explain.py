"""Whatever producers say can be explained, and nothing that was decided is left out."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core import rules
from monitor.core.outputs import Duplicate, Late
from monitor.core.standing import standing
from monitor.core.timeline import timeline
from monitor.core.trace import Trace
from monitor.core.tracker import customer_key
from schemas.conversations import CustomerLinked
from schemas.published import Finding
from tests.driver import Driver
from tests.property.vocabulary import any_event

if TYPE_CHECKING:
    from monitor.core.outputs import Output
    from schemas.envelope import Envelope


def traced(log: list[Envelope], until: str) -> Driver:
    keys = {customer_key(event) for event in log}
    for event in log:
        if isinstance(event, CustomerLinked):
            keys |= {event.data.customer_ref, event.data.other_ref}
    driver = Driver()
    driver.tracker.trace = Trace(keys)
    return driver.tell(*sorted(log, key=lambda event: event.time)).until(until)


def is_about_nobody(output: Output) -> bool:
    """Of repeats and late events there is no step, and SF-20 is about the monitor."""
    blind = isinstance(output, Finding) and output.sf == "SF-20"
    return blind or isinstance(output, Duplicate | Late)


@settings(max_examples=200)
@given(st.lists(any_event(), min_size=10, max_size=60), st.sampled_from(["3d 00:00", "100d 00:00"]))
def test_a_trace_has_everything_that_was_said(log: list[Envelope], until: str) -> None:
    driver = traced(log, until)
    assert driver.tracker.trace is not None
    steps = driver.tracker.trace.steps

    assert [output for step in steps for output in step.outputs] == [
        output for output in driver.outputs if not is_about_nobody(output)
    ]


@settings(max_examples=200)
@given(st.lists(any_event(), min_size=10, max_size=60), st.sampled_from(["3d 00:00", "100d 00:00"]))
def test_every_conversation_can_be_explained(log: list[Envelope], until: str) -> None:
    driver = traced(log, until)
    assert driver.tracker.trace is not None
    applied = [step for step in driver.tracker.trace.steps if step.event is not None]
    for name in {name_of(event) for event in log} - {""}:
        explained = timeline(driver.tracker, name)
        told = [entry["event"]["id"] for entry in explained["timeline"] if "event" in entry]

        assert [step.event.id for step in applied if step.event and name in step.about] == [
            one for one in told if one in {event.id for event in log if name_of(event) == name}
        ]
        assert said_of(name, driver.outputs) == Counter(
            one["rule"]
            for entry in explained["timeline"]
            for one in entry["decided"]
            if one.get("conversation_id") == name
        )
        json.dumps(explained)


@given(st.lists(any_event(), min_size=10, max_size=60))
def test_every_journey_can_be_shown_as_it_stands(log: list[Envelope]) -> None:
    tracker = traced(log, "3d 00:00").tracker
    for customer in tracker.customers.values():
        for journey in customer.journeys:
            told = standing(customer, journey, tracker.watermark, tracker.policy, lambda _: "hash")

            assert {one["id"] for one in told["conversations"]} == {
                one.id for one in customer.conversations.values() if one.journey == journey
            }
            json.dumps(told)


def name_of(event: Envelope) -> str:
    return str(getattr(event.data, "conversation_id", ""))


def said_of(name: str, outputs: list[Output]) -> Counter[str]:
    """What was said of a conversation, by the rules."""
    ours = [one for one in outputs if getattr(one, "conversation_id", None) == name]
    return Counter(rules.of_output(one).id for one in ours)
