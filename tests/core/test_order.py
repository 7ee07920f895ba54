from __future__ import annotations

from itertools import permutations

import pytest

from monitor.core.order import rank_of
from monitor.core.outputs import Claimed
from schemas.decode import TOPIC_OF
from schemas.published import EpisodeOutcome
from tests.build import claimed, heartbeat, reopened, said, says, started
from tests.driver import Driver


def test_every_event_but_a_heartbeat_has_its_place() -> None:
    ranks = {}
    for type_ in set(TOPIC_OF) - {"cx.heartbeat.v1"}:
        ranks[type_] = rank_of(
            said("issue.opened", "09:00", ISSUE).model_copy(update={"type": type_})
        )

    assert len(set(ranks.values())) == len(TOPIC_OF) - 1


ISSUE = {"conversation_id": "c", "issue_id": "i"}


def test_a_claim_follows_the_message_that_it_answers() -> None:
    events = [started("ann", "09:00"), says("ann", "09:00"), claimed("ann", "09:00")]
    for order in permutations(events):
        driver = Driver().tell(*order).until("10:00")

        assert len(driver.said(Claimed)) == 1
        assert driver.said(EpisodeOutcome) == []


def test_a_reopening_by_the_customer_follows_the_claim() -> None:
    events = [claimed("ann", "09:00"), reopened("ann", "09:00", "customer")]
    for order in permutations(events):
        driver = Driver().tell(started("ann", "08:00"), *order).until("10:00")

        assert [outcome.age_seconds for outcome in driver.said(EpisodeOutcome)] == [0]


def test_what_the_source_says_of_its_order_comes_first() -> None:
    events = [
        started("ann", "09:00", sequence="1"),
        claimed("ann", "09:00", sequence="2"),
        says("ann", "09:00", sequence="3"),
    ]
    for order in permutations(events):
        driver = Driver().tell(*order).until("10:00")

        assert [outcome.verdict for outcome in driver.said(EpisodeOutcome)] == ["failed"]


def test_alike_events_of_one_moment_are_applied_in_one_order_however_they_arrive() -> None:
    twins = [
        claimed("ann", "09:00", id=f"twin-{number}", basis=basis)
        for number, basis in enumerate(["operator", "workflow", "agent_judged"])
    ]
    winners = {
        Driver().tell(*order).until("10:00").said(Claimed)[0].basis for order in permutations(twins)
    }

    assert len(winners) == 1


def test_a_heartbeat_is_never_ordered() -> None:
    with pytest.raises(KeyError):
        rank_of(heartbeat("09:00"))
