"""The feed keeps the newest findings, each once, and knows which of them still stand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.shell.web_feed import Kept, Place, place_of
from schemas.published import Confidence, Finding


def finding(number: int, **more: object) -> Finding:
    told = {
        "id": f"f{number}",
        "journey": f"j{number % 3}",
        "conversation_id": f"c{number}",
        "decided_at": datetime(2026, 3, 2, tzinfo=UTC),
        "ai_version": "v1",
        "intent_group": "billing",
        "channel": "chat",
        "policy_version": "1",
        "sf": "SF-04",
        "name": "Phantom handoff",
        "subject": "h1",
        "confidence": Confidence.CONFIRMED,
    }
    return Finding.model_validate(told | more)


def kept(*findings: Finding, at_most: int = 100) -> Kept:
    feed = Kept(at_most)
    for number, one in enumerate(findings):
        feed.add(Place(1000 + number, 0, number), one)
    return feed


def ids(feed: Kept) -> list[str]:
    return [one.id for one in feed.page({}, None, 200).findings]


def test_the_newest_stands_first_wherever_it_was_written() -> None:
    feed = Kept()
    feed.add(Place(2000, 1, 7), finding(1))
    feed.add(Place(1000, 0, 9), finding(2))
    feed.add(Place(2000, 2, 3), finding(3))

    assert ids(feed) == ["f3", "f1", "f2"]


def test_what_is_published_again_after_a_crash_is_there_once() -> None:
    feed = kept(finding(1), finding(2))

    assert not feed.add(Place(5000, 0, 99), finding(1))
    assert ids(feed) == ["f2", "f1"]


def test_a_kind_of_a_newer_worker_is_passed_over() -> None:
    assert ids(kept(finding(1), finding(2, sf="SF-98"))) == ["f1"]


def test_however_much_is_found_only_so_much_is_kept() -> None:
    feed = kept(*map(finding, range(50)), at_most=10)

    assert len(feed) == 10
    assert ids(feed) == [f"f{number}" for number in range(49, 39, -1)]


def test_what_is_older_than_all_that_is_kept_is_not_told() -> None:
    feed = kept(*map(finding, range(10)), at_most=10)

    assert not feed.add(Place(999, 0, 77), finding(77))
    assert "f77" not in ids(feed)


def test_what_is_overturned_does_not_stand_and_neither_does_what_says_so() -> None:
    feed = kept(finding(1), finding(2, retracted=True, replaces="f1"), finding(3))

    stands = {one.id: one.stands for one in feed.page({}, None, 200).findings}
    assert stands == {"f1": False, "f2": False, "f3": True}
    assert [one.id for one in feed.page({}, None, 200, standing=True).findings] == ["f3"]


def test_a_place_that_was_filtered_out_is_no_end() -> None:
    feed = kept(finding(1), finding(2, channel="voice"), finding(3))
    wanted = {"channel": frozenset({"chat"})}
    first = feed.page(wanted, None, 1)
    assert first.next is not None
    second = feed.page(wanted, place_of(first.next), 1)

    assert [one.id for one in (*first.findings, *second.findings)] == ["f3", "f1"]
    assert second.next is None


@pytest.mark.parametrize("cursor", ["", "1.2", "1.2.x", "-1.2.3", "1.2.3.4", "9" * 99 + ".1.1"])
def test_what_is_no_cursor_is_told_from_one(cursor: str) -> None:
    assert place_of(cursor) is None
    assert str(place_of("12.3.45")) == "12.3.45"
