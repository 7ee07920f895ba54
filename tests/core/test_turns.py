"""Who has a conversation: the owner by every step, and takeovers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import ai_says, handoff, handoff_requested, human_says, says, started
from tests.driver import Driver

ASKED = handoff_requested("ann", "09:10")
TAKEOVERS = "cx_ai_takeovers_total"


def owner(*events: Any) -> str:
    driver = Driver().tell(started("ann", "08:00"), *events).until("12:00")
    return str(driver.tracker.customers["ann"].conversations["ann-1"].turns.owner)


def given_back(*events: Any) -> bool:
    driver = Driver().tell(started("ann", "08:00"), *events).until("12:00")
    return driver.tracker.customers["ann"].conversations["ann-1"].turns.given_back


def takeovers(*events: Any) -> dict[str, float]:
    driver = Driver().tell(started("ann", "08:00", ai_version="v1"), *events).until("12:00")
    return driver.counts(TAKEOVERS, "initiator", "ai_version")


def test_a_conversation_is_nobody_s_until_the_ai_speaks() -> None:
    assert owner(says("ann", "09:00")) == "nobody"
    assert owner(ai_says("ann", "09:00", visibility="internal")) == "nobody"
    assert owner(ai_says("ann", "09:00", "greeting")) == "ai"


@pytest.mark.parametrize(
    ("kind", "then"),
    [
        ("ai_human", "queue"),
        ("a new kind", "queue"),
        ("ai_ai", "ai"),
        ("human_ai", "ai"),
        ("human_human", "human"),
    ],
)
def test_a_request_passes_it_on(kind: str, then: str) -> None:
    human = human_says("ann", "09:00")

    assert owner(human, handoff_requested("ann", "09:10", kind=kind)) == then


@pytest.mark.parametrize("step", ["accepted", "first_reply"])
@pytest.mark.parametrize(
    ("kind", "then"),
    [("ai_human", "human"), ("human_human", "human"), ("ai_ai", "ai"), ("human_ai", "ai")],
)
def test_who_accepts_has_it(step: str, kind: str, then: str) -> None:
    asked = handoff_requested("ann", "09:10", kind=kind)

    assert owner(asked, handoff(step, "ann", "09:20")) == then


@pytest.mark.parametrize("step", ["failed", "expired"])
def test_what_nobody_takes_from_the_queue_is_lost(step: str) -> None:
    assert owner(ASKED, handoff(step, "ann", "09:20")) == "lost"
    taken = handoff("accepted", "ann", "09:15")
    assert owner(ASKED, taken, handoff(step, "ann", "09:20")) == "human"


def test_a_request_that_was_passed_on_loses_nothing_when_it_expires() -> None:
    again = handoff_requested("ann", "09:12", "h2")

    assert owner(ASKED, again, handoff("expired", "ann", "09:20")) == "queue"
    assert owner(ASKED, again, handoff("expired", "ann", "09:20", "h2")) == "lost"


def test_the_ai_takes_up_what_was_lost_by_an_answer() -> None:
    lost = handoff("failed", "ann", "09:20")

    assert owner(ASKED, lost, ai_says("ann", "09:30", turn_outcome="empty")) == "lost"
    assert owner(ASKED, lost, ai_says("ann", "09:30")) == "ai"


@pytest.mark.parametrize(
    ("kind", "then"),
    [
        ("ai_human", ("ai", True)),
        ("ai_ai", ("ai", True)),
        ("human_human", ("human", False)),
        ("human_ai", ("human", False)),
    ],
)
def test_what_is_given_back_goes_where_it_came_from(kind: str, then: tuple[str, bool]) -> None:
    asked = handoff_requested("ann", "09:10", kind=kind)
    story = (asked, handoff("accepted", "ann", "09:20"), handoff("returned", "ann", "09:30"))

    assert (owner(*story), given_back(*story)) == then


def test_it_is_given_back_until_the_ai_answers_or_a_human_speaks() -> None:
    back = (ASKED, handoff("returned", "ann", "09:30"))

    assert given_back(*back, ai_says("ann", "09:40", turn_outcome="failed"))
    assert not given_back(*back, ai_says("ann", "09:40"))
    assert not given_back(*back, human_says("ann", "09:40"))


def test_a_step_by_another_conversation_concerns_the_one_that_asked() -> None:
    elsewhere = handoff("accepted", "ann", "09:20", conversation_id="ann-2")

    assert owner(ASKED, elsewhere) == "human"


def test_a_step_of_a_handoff_of_a_conversation_that_is_forgotten_concerns_its_own() -> None:
    anew, back = says("ann", "45d 09:00"), handoff("returned", "ann", "45d 10:00")
    driver = Driver().tell(ASKED, anew, back).until("45d 11:00")
    turns = driver.tracker.customers["ann"].conversations["ann-1"].turns

    assert (str(turns.owner), turns.given_back) == ("ai", True)


def test_an_acceptance_that_nobody_asked_for_is_one_all_the_same() -> None:
    assert owner(ai_says("ann", "09:00"), handoff("accepted", "ann", "09:20", "h9")) == "human"


def test_a_step_that_comes_late_does_not_change_the_owner_of_today() -> None:
    driver = Driver().tell(started("ann", "08:00"), human_says("ann", "10:00")).until("11:00")
    driver.tell(handoff_requested("ann", "09:00")).until("12:00")

    assert str(driver.tracker.customers["ann"].conversations["ann-1"].turns.owner) == "human"


def test_a_human_who_speaks_while_the_ai_has_it_takes_over_once() -> None:
    spoken = [human_says("ann", "09:10"), human_says("ann", "09:20")]

    assert takeovers(ai_says("ann", "09:00"), *spoken) == {"human/v1": 1}


def test_a_human_who_was_asked_or_speaks_first_takes_nothing_over() -> None:
    assert takeovers(human_says("ann", "09:20")) == {}
    assert takeovers(ai_says("ann", "09:00"), ASKED, human_says("ann", "09:20")) == {}
    noted = human_says("ann", "09:20", visibility="internal")
    assert takeovers(ai_says("ann", "09:00"), noted) == {}


def test_policy_takes_over_from_the_ai_by_asking_for_a_human() -> None:
    by_policy = handoff_requested("ann", "09:10", requested_by="policy")
    to_ai = handoff_requested("ann", "09:10", requested_by="policy", kind="ai_ai")

    assert takeovers(ai_says("ann", "09:00"), by_policy) == {"policy/v1": 1}
    assert takeovers(ai_says("ann", "09:00"), to_ai) == {}
    assert takeovers(by_policy) == {}
    again = handoff_requested("ann", "09:11", requested_by="policy", id="again")
    assert takeovers(ai_says("ann", "09:00"), by_policy, again) == {"policy/v1": 1}


def test_a_human_of_whom_is_heard_late_took_nothing_over_that_the_ai_got_since() -> None:
    driver = Driver().tell(started("ann", "08:00"), ai_says("ann", "10:00")).until("11:00")

    assert driver.tell(human_says("ann", "09:00")).until("12:00").count(TAKEOVERS) == 0


def test_in_a_contact_that_we_began_nothing_is_taken_over() -> None:
    driver = Driver().tell(
        started("ann", "08:00", origin="proactive"),
        ai_says("ann", "09:00"),
        human_says("ann", "09:10"),
    )

    assert driver.until("12:00").counts(TAKEOVERS, "initiator") == {}


def test_a_restart_changes_neither_owner_nor_takeover() -> None:
    driver = Driver().tell(started("ann", "08:00"), ai_says("ann", "09:00")).until("09:05")
    driver.restart().tell(human_says("ann", "09:10")).until("12:00")

    assert driver.counts(TAKEOVERS, "initiator") == {"human": 1}
