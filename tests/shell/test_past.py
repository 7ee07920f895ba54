"""A journey in which something was found is told when it is over, as it stood then."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from monitor.core.policy import Policy
from monitor.core.tracker import Tracker
from monitor.shell.inquiry import Inquiry
from monitor.shell.partition import OwnedPartition
from monitor.shell.past import Past
from monitor.shell.publish import keyed_hash
from schemas.decode import TOPICS
from schemas.published import Finding
from tests.build import claimed, moment, says, started, topic_of
from tests.shell.test_partition import record_of

if TYPE_CHECKING:
    from schemas.envelope import Envelope

KEY = b"a key that only this test holds"
SAME = {"case_id": "case"}
END = "90d 09:00"


class Told:
    """A partition, and a worker that is asked about it."""

    def __init__(self, past: Past) -> None:
        self.partition = OwnedPartition(Tracker(Policy()), past=past)
        self._inquiry = Inquiry(
            *(lambda: {0: self.partition.tracker}, dict, 1, KEY),
            pasts=lambda: {0: self.partition.past},
        )

    def tell(self, *events: Envelope) -> Told:
        for event in events:
            self.partition.fold(record_of(event, topic=topic_of(event)), moment(END))
        return self

    def until(self, at: str) -> Told:
        """Let time pass, and flush."""
        for topic in TOPICS:
            self.partition.pass_time(topic, moment(at))
        self.partition.changes()
        return self

    @property
    def findings(self) -> list[Finding]:
        return [one for one in self.partition.unpublished if isinstance(one, Finding)]

    def asked(self, case: str) -> list[dict[str, Any]]:
        _, answer = asyncio.run(self._inquiry.answer_for(case, {0}))
        journeys: list[dict[str, Any]] = answer["journeys"]
        return journeys


def published(who: str, number: int = 1) -> str:
    return keyed_hash(KEY, f"{who}\x1f{number}")


def hop(who: str = "ann") -> tuple[Envelope, ...]:
    """Come back by phone for what was claimed to be resolved, which is found."""
    chat, call = {"conversation_id": f"chat-{who}"}, {"conversation_id": f"call-{who}"}
    return (
        started(who, "09:00", **chat, **SAME),
        claimed(who, "09:40", **chat),
        started(who, "1d 09:00", channel="voice", **call, **SAME),
    )


def test_a_journey_that_is_over_is_told_as_it_stood_when_something_was_found() -> None:
    told = Told(Past()).tell(*hop()).until("2d 09:00")
    (open_,) = told.asked("chat-ann")
    told.until(END)

    for case in ("call-ann", published("ann")):
        (over,) = told.asked(case)
        assert over["conversations"] == open_["conversations"]
        assert [one["channel"] for one in over["conversations"]] == ["chat", "voice"]
        assert [one["sf"] for one in over["findings"]] == ["SF-02"]
        assert (over["journey"], over["as_of"]) == (published("ann"), open_["event_time"])
        assert (over["ended_at"] > over["as_of"], over["verdict"]) == (True, "failed")
        assert over["pending"] == []
    assert "as_of" not in open_
    assert "ann\x1f" not in str(told.asked("call-ann"))


def test_only_what_something_was_found_in_is_kept() -> None:
    told = Told(Past()).tell(started("ben", "09:00"), says("ben", "09:01")).until("2d 09:00")
    told.until(END)

    assert told.asked("ben-1") == []


def test_what_its_customer_began_since_does_not_take_its_place() -> None:
    told = Told(Past()).tell(*hop()).until("2d 09:00").until("89d 09:00")
    told.tell(started("ann", "89d 10:00", conversation_id="new")).until(END)

    assert [one["journey"] for one in told.asked(published("ann"))] == [published("ann")]
    (over,) = told.asked("chat-ann")
    assert {one["id"] for one in over["conversations"]} == {"chat-ann", "call-ann"}


def test_who_takes_the_partition_over_knows_nothing_of_it() -> None:
    told = Told(Past()).tell(*hop()).until("2d 09:00").until(END)
    told.partition = OwnedPartition(told.partition.tracker)

    assert told.asked("chat-ann") == []


@pytest.mark.parametrize(
    "past", [Past(journeys_max=1), Past(bytes_max=1000)], ids=["number", "bytes"]
)
def test_the_oldest_goes_when_there_are_too_many(past: Past) -> None:
    told = Told(past).tell(*hop("ann")).until("2d 09:00").tell(*hop("ben")).until("3d 09:00")
    told.until(END)

    assert (told.asked("chat-ann"), len(told.asked("chat-ben"))) == ([], 1)


def test_a_flush_in_which_the_journey_is_over_takes_nothing_away() -> None:
    """What is found last may be found when its journey ends, and its customer has another one."""
    told = Told(Past()).tell(*hop()).until("2d 09:00")
    (finding,) = (one for one in told.findings if one.sf == "SF-02")
    new = {"conversation_id": "new"}
    told.tell(started("ann", "31d 10:00", **new), claimed("ann", "31d 11:00", **new))
    told.until("31d 12:00").until("60d 12:00")
    assert list(told.partition.tracker.customers["ann"].journeys) == [3]
    told.partition.past.note(finding)
    told.tell(says("ann", "60d 13:00", **new)).until("60d 14:00")

    (over,) = told.asked("chat-ann")
    assert {one["id"] for one in over["conversations"]} == {"chat-ann", "call-ann"}


def test_the_end_of_a_later_journey_of_the_same_name_is_not_its_own() -> None:
    """Who was forgotten begins anew, with the first number."""
    told = Told(Past()).tell(*hop()).until("2d 09:00").until("89d 09:00")
    (before,) = told.asked("chat-ann")
    told.tell(started("ann", "89d 10:00", conversation_id="new")).until("199d 09:00")

    assert told.asked("chat-ann")[0]["ended_at"] == before["ended_at"]
