"""SF-14: the AI says the same again, or the customer does and gets nothing new."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.policy import Policy
from schemas.published import Finding
from tests.build import acted, ai_says, handoff_requested, human_says, says, started
from tests.driver import Driver

LOOP = ("probable", False)


def findings(driver: Driver) -> list[tuple[str, bool]]:
    return [
        (finding.confidence, finding.retracted)
        for finding in driver.said(Finding)
        if finding.sf == "SF-14"
    ]


def found(*events: Any, origin: str = "inbound") -> list[tuple[str, bool]]:
    begun = started("ann", "08:00", intent="refund", origin=origin)
    return findings(Driver().tell(begun, *events).until("2d 00:00"))


def answers(*hashes: str | None, kind: str = "answer") -> list[Any]:
    return [
        ai_says("ann", f"09:{minute:02}:30", kind, content_simhash=simhash)
        for minute, simhash in enumerate(hashes)
    ]


def turns(*more: dict[str, Any]) -> list[Any]:
    return [says("ann", f"09:{minute:02}", **said) for minute, said in enumerate(more)]


@pytest.mark.parametrize("kind", ["answer", "question", "error", "other", "unknown"])
def test_the_same_again_is_a_loop(kind: str) -> None:
    assert found(*answers("a", "b", "a", kind=kind)) == [LOOP]


@pytest.mark.parametrize("kind", ["greeting", "handoff_notice", "commitment"])
def test_greetings_and_notices_are_alike_by_nature(kind: str) -> None:
    assert found(*answers("a", "a", kind=kind)) == []


def test_the_last_four_are_remembered() -> None:
    assert found(*answers("a", "b", "c", "d", "a")) == [LOOP]
    assert found(*answers("a", "b", "c", "d", "e", "a")) == []


def test_how_many_are_remembered_is_policy() -> None:
    driver = Driver(replace(Policy(), loop_memory=1))

    assert findings(driver.tell(*answers("a", "b", "a")).until("12:00")) == []


def test_what_the_customer_never_got_is_no_repetition() -> None:
    failed = [
        ai_says("ann", f"09:0{n}", content_simhash="a", turn_outcome="failed") for n in (1, 2)
    ]
    noted = [ai_says("ann", f"09:1{n}", content_simhash="a", visibility="internal") for n in (1, 2)]

    assert found(*failed, *noted) == []


def test_it_is_found_once_and_names_the_repetition() -> None:
    told = answers("a", "a", "a")
    begun = started("ann", "08:00")
    (finding,) = Driver().tell(begun, *told).until("12:00").said(Finding)

    assert finding.sf == "SF-14"
    assert [proof.event_id for proof in finding.evidence] == [told[1].id]
    assert finding.subject == "ann-1"


def test_a_restart_forgets_no_answer() -> None:
    first, again = answers("a", "a")
    driver = Driver().tell(first).until("09:00:45").restart().tell(again)

    assert findings(driver.until("12:00")) == [LOOP]


def test_three_turns_about_the_same_without_anything_new_are_a_loop() -> None:
    asked = turns({}, {}, {})

    assert found(*asked, *answers(None, None, kind="question")) == [LOOP]
    assert found(*asked[:2], *answers(None, None, kind="question")) == []


def test_several_messages_without_a_reply_are_one_turn() -> None:
    assert found(*turns({}, {}, {}, {})) == []
    assert found(*turns({}, {}, {}, {}), *answers(None, kind="question")) == []


def test_thanks_are_no_turn() -> None:
    asked = turns({}, {"kind": "thanks"}, {})

    assert found(*asked, *answers(None, None, kind="question")) == []


def test_a_new_answer_is_progress() -> None:
    asked = turns({}, {}, {}, {})
    question, answer = answers(None, kind="question"), answers(None, "new")[1:]

    assert found(*asked, *question, *answer, *answers(None, None, None, kind="error")[2:]) == []


def test_an_answer_without_a_hash_may_be_new() -> None:
    assert found(*turns({}, {}, {}, {}), *answers(None, None, None)) == []


def test_another_intent_begins_a_run_of_its_own() -> None:
    replies = answers(None, None, None, None, kind="question")
    other = {"intent": "address"}

    assert found(*turns({}, {}, other, {}), *replies) == []
    assert found(*turns({}, {}, other, {}, {}), *replies) == [LOOP]


def test_an_unknown_intent_is_no_intent() -> None:
    driver = Driver().tell(started("ann", "08:00"), *turns({}, {}, {}))

    assert findings(driver.tell(*answers(None, None, kind="error")).until("12:00")) == []


@pytest.mark.parametrize(
    "help_",
    [
        acted("ann", "09:01:45", "ai"),
        human_says("ann", "09:01:45"),
        handoff_requested("ann", "09:01:45"),
    ],
)
def test_an_action_or_a_human_ends_the_run(help_: Any) -> None:
    asked, replies = turns({}, {}, {}, {}), answers(None, None, None, kind="question")

    assert found(*asked, *replies, help_) == []


def test_the_turn_after_an_action_is_the_first_of_another_run() -> None:
    replies = answers(None, None, None, kind="question")[1:]

    assert found(*turns({}, {}, {}, {}), *replies, acted("ann", "09:00:30", "ai")) == [LOOP]


def test_reminders_in_a_contact_that_we_began_are_no_loop() -> None:
    assert found(*answers("a", "a"), origin="proactive") == []
