"""A journey is told over its channels, from how it stands and from what was found in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.core import rules
from monitor.core.policy import Policy
from monitor.core.standing import standing
from monitor.core.storyline import storyline
from monitor.core.tracker import Tracker
from schemas.api import Found
from schemas.decode import TOPICS
from schemas.published import Evidence, Finding
from tests.build import (
    ai_says,
    claimed,
    clock,
    handoff_requested,
    moment,
    promised,
    says,
    started,
    topic_of,
)

if TYPE_CHECKING:
    from schemas.api import Entry, Timeline
    from schemas.envelope import Envelope

NAME = "0" * 32
CALL = {"conversation_id": "call", "channel": "voice"}
SAME = {"case_id": "case"}


def told(*events: Envelope, until: str = "2d 09:00") -> tuple[list[dict[str, Any]], list[Found]]:
    """Return how the journey of these events stands, and what was found in it."""
    tracker, now = Tracker(Policy()), moment(until)
    outputs = [one for event in events for one in tracker.receive(topic_of(event), event, now)]
    for topic in TOPICS:
        outputs += tracker.pass_time(topic, now)
    found = [shown(one) for one in outputs if isinstance(one, Finding)]
    facts = standing(tracker.customers["ann"], 1, tracker.watermark, tracker.policy, str)
    return [facts | {"event_time": clock(until).isoformat()}], found


def shown(finding: Finding) -> Found:
    more = {"cursor": "1.0.1", "because": rules.of_finding(finding.sf).says, "stands": True}
    return Found.model_validate(finding.model_dump() | more)


def of(timeline: Timeline, what: str) -> list[Entry]:
    return [entry for entry in timeline.entries if entry.what == what]


def hop() -> tuple[list[dict[str, Any]], list[Found]]:
    return told(
        started("ann", "09:00", **SAME),
        claimed("ann", "09:40"),
        started("ann", "1d 09:00", **CALL, **SAME),
    )


def test_a_return_by_another_channel_is_told_on_that_channel() -> None:
    timeline = storyline(NAME, *hop(), [])

    contacts = of(timeline, "contact")
    assert [(one.at, one.channel) for one in contacts] == [
        (clock("09:00"), "chat"),
        (clock("1d 09:00"), "voice"),
    ]
    # What began the call is told with the contact, and is no second entry.
    assert [one.type for one in contacts[1].evidence] == ["cx.conversation.started.v1"]
    assert [(one.told, one.channel) for one in of(timeline, "event")] == [
        ("resolution claimed", "chat")
    ]
    (verdict,) = of(timeline, "verdict")
    assert (verdict.at, verdict.rule) == (clock("1d 09:00"), "durability.repeat_other_channel")


def test_a_finding_has_its_rule_and_its_evidence() -> None:
    timeline = storyline(NAME, *hop(), [])

    (finding,) = of(timeline, "finding")
    assert (finding.rule, finding.confidence) == ("SF-02", "probable")
    assert finding.because == rules.of_finding("SF-02").says
    assert [one.type for one in finding.evidence] == [
        "cx.resolution.claimed.v1",
        "cx.conversation.started.v1",
    ]


def events_of(*events: Envelope, until: str = "2d 09:00", only: str = "") -> list[str]:
    """Return what is told of events, by ``only`` how the journey stands, or what was found."""
    standings, found = told(*events, until=until)
    if only:
        standings, found = (standings, []) if only == "standings" else ([], found)
    timeline = storyline(NAME, standings, found, [])
    return [one.told for one in of(timeline, "event")]


def test_who_wrote_is_told_where_it_is_known() -> None:
    began = started("ann", "09:00", ai_version="v1")
    asked = says("ann", "09:01", requests_human=True)
    went_on = [ai_says("ann", f"09:0{minute}") for minute in (2, 3)]
    assert events_of(began, asked, until="09:20") == ["the customer asked for a human"]
    # The finding rests on it, when nothing else remembers it any more.
    ignored = events_of(began, asked, *went_on, claimed("ann", "09:10"))
    assert "the customer asked for a human" in ignored

    back = events_of(began, claimed("ann", "09:40", by="human"), says("ann", "10:00"))
    assert back == ["resolution claimed", "the customer wrote"]
    asks, timed_out = ai_says("ann", "09:01", "question"), claimed("ann", "10:00", by="system")
    for only in ("standings", "found"):
        mute = events_of(began, ai_says("ann", "09:01"), says("ann", "09:02"), only=only)
        assert mute == ["a message that nobody has answered"]
        left = events_of(began, asks, timed_out, only=only)
        assert left == ["the AI asked, or failed to answer", "resolution claimed"]


def test_who_wrote_what_takes_a_finding_back_is_not_guessed() -> None:
    """An answer that comes late is no message of the customer's."""
    late = ai_says("ann", "09:03")
    _, found = told(started("ann", "09:00"), ai_says("ann", "09:01"), says("ann", "09:02"))
    (mute,) = [one for one in found if one.sf == "SF-12"]
    proof = Evidence(event_id=late.id, source=late.source, type=late.type, occurred_at=late.time)
    back = mute.model_copy(update={"retracted": True, "evidence": (proof,)})

    assert [one.told for one in of(storyline(NAME, [], [back], []), "event")] == [
        "a message was written"
    ]


def test_what_was_due_and_what_is_to_come_is_told() -> None:
    timeline = storyline(
        NAME,
        *told(
            started("ann", "09:00"),
            promised("ann", "09:30", "10:00"),
            handoff_requested("ann", "09:50"),
        ),
        [],
    )

    assert [(one.at, one.told) for one in of(timeline, "due")] == [
        (clock("10:00"), "promised by now: callback"),
        (clock("10:20"), "somebody should have taken over by now"),
    ]
    (broken,) = of(timeline, "verdict")
    assert (broken.told, broken.rule) == ("the promise is broken", "promise.broken")
    pending = of(timeline, "pending")
    assert pending
    assert all(one.at > clock("2d 09:00") and one.because for one in pending)
    assert [one.at for one in timeline.entries] == sorted(one.at for one in timeline.entries)


def test_a_journey_that_has_ended_is_told_as_it_stood_with_its_end() -> None:
    (facts,), found = hop()
    over = {"as_of": facts["event_time"], "ended_at": clock("40d 09:00").isoformat()}
    timeline = storyline(NAME, [facts | over | {"verdict": "failed", "pending": []}], found, [])

    assert (timeline.open, timeline.as_of) == (False, clock("2d 09:00"))
    assert timeline.ended_at == clock("40d 09:00")
    assert [one.channel for one in of(timeline, "contact")] == ["chat", "voice"]
    last = timeline.entries[-1]
    assert (last.told, last.rule, last.at) == (
        "the journey ends",
        "journey.failed",
        timeline.ended_at,
    )
    assert of(timeline, "pending") == []


def test_a_journey_that_has_ended_is_told_by_what_was_found() -> None:
    _, found = told(
        started("ann", "09:00"), says("ann", "09:01"), handoff_requested("ann", "09:50")
    )
    timeline = storyline(NAME, [], found, [3, 1])

    assert (timeline.open, timeline.event_time, timeline.without_answer) == (False, None, (1, 3))
    assert (timeline.as_of, timeline.ended_at) == (None, None)
    assert [(one.conversation_id, one.channel) for one in timeline.contacts] == [("ann-1", "chat")]
    # It was in the only conversation there is.
    assert [(one.told, one.channel) for one in of(timeline, "event")] == [
        ("handoff requested", "chat")
    ]
    assert [one.rule for one in of(timeline, "finding")] == ["SF-05"]


def test_of_a_journey_in_which_nothing_was_found_is_told_how_it_stands() -> None:
    standings, _ = hop()
    timeline = storyline(NAME, standings, [], [])

    assert timeline.open
    assert of(timeline, "finding") == []
    assert {one.channel for one in of(timeline, "contact")} == {"chat", "voice"}
