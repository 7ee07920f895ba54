from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.calendars import Calendar, Week
from monitor.core.lengths import spell
from monitor.core.moments import DAY, HOUR, MINUTE, SECOND
from monitor.core.policy import Policy
from schemas.vocabulary import Channel

POLICY = Policy()
OFFICE = Calendar("Europe/Berlin", Week(monday=((9 * HOUR, 17 * HOUR),)))


@pytest.mark.parametrize(
    ("length", "name"),
    [
        (90 * MINUTE, "90m"),
        (HOUR, "1h"),
        (DAY, "24h"),
        (3 * DAY, "72h"),
        (5 * DAY, "5d"),
        (30 * DAY, "30d"),
        (100 * HOUR, "100h"),
    ],
)
def test_lengths_are_spelled_as_people_say_them(length: int, name: str) -> None:
    assert spell(length) == name


def test_each_bucket_is_called_by_its_upper_edge() -> None:
    assert POLICY.ages == ("1h", "6h", "24h", "48h", "72h", "5d", "7d", "14d", "30d")


@pytest.mark.parametrize(
    ("age", "bucket"),
    [
        (0, 0),
        (HOUR - 1, 0),
        (HOUR, 1),
        (6 * HOUR - 1, 1),
        (6 * HOUR, 2),
        (30 * DAY - 1, 8),
        (30 * DAY, None),
        (31 * DAY, None),
    ],
)
def test_an_edge_belongs_to_the_bucket_above_it(age: int, bucket: int | None) -> None:
    assert POLICY.bucket_of(age) == bucket


def test_an_edge_that_is_a_horizon_says_its_name() -> None:
    names = [POLICY.horizon_at(edge) for edge in range(1, len(POLICY.age_edges))]

    assert names == [None, None, "24h", None, "72h", None, "7d", None, "30d"]


def test_a_further_horizon_becomes_an_edge() -> None:
    policy = POLICY.with_horizons((4 * DAY,))

    assert policy.ages == ("1h", "6h", "24h", "48h", "72h", "4d", "5d", "7d", "14d", "30d")
    assert policy.horizons == (DAY, 3 * DAY, 4 * DAY, 7 * DAY, 30 * DAY)
    assert policy.with_horizons((4 * DAY, DAY)) == policy


@pytest.mark.parametrize(
    ("numbers", "complaint"),
    [
        ({"age_edges": (HOUR, DAY)}, "must start at 0 and rise"),
        ({"age_edges": (0, DAY, DAY)}, "must start at 0 and rise"),
        ({"horizons": (DAY, 4 * DAY)}, "not among age_edges: 4d"),
        ({"age_edges": (0, 90 * SECOND, DAY), "horizons": (DAY,)}, "must be whole minutes"),
        ({"dedupe_window": DAY}, "at least late_max"),
        ({"verdict_wait": HOUR}, "at least handoff_wall_max"),
        ({"calendar": "office"}, "calendars: there is none named office"),
        (
            {"calendars": {"office": OFFICE}, "calendar_by_queue": {"a": "desk", "b": "bureau"}},
            "there is none named bureau, desk",
        ),
        ({"calendar_by_channel": {"email": "office"}}, "there is none named office"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(
    numbers: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        replace(POLICY, **numbers)


def test_slow_matters_have_longer_gaps_and_hop_windows() -> None:
    gaps = [POLICY.gap_for(group) for group in (None, "refund", "shipping", "billing")]
    windows = [POLICY.hop_window_for(group) for group in (None, "refund", "shipping", "billing")]

    assert gaps == [7 * DAY, 7 * DAY, 14 * DAY, 35 * DAY]
    assert windows == [7 * DAY, 7 * DAY, 30 * DAY, 30 * DAY]


def test_the_calendar_of_a_queue_comes_before_its_channel_s_and_the_rest() -> None:
    policy = replace(
        POLICY,
        calendars=dict.fromkeys(("rest", "mail", "desk"), OFFICE),
        calendar="rest",
        calendar_by_channel={Channel.EMAIL: "mail", Channel.VOICE: ""},
        calendar_by_queue={"desk": "desk", "partners": ""},
    )

    assert policy.calendar_for(None, Channel.CHAT) == "rest"
    assert policy.calendar_for("other", Channel.EMAIL) == "mail"
    assert policy.calendar_for("desk", Channel.EMAIL) == "desk"
    assert policy.calendar_for("partners", Channel.EMAIL) == ""
    assert policy.calendar_for(None, Channel.VOICE) == ""
    assert POLICY.calendar_for("desk", Channel.EMAIL) == ""


def test_grace_is_a_tenth_of_the_promise_but_a_quarter_of_an_hour_at_least() -> None:
    assert POLICY.grace_for(10 * HOUR) == HOUR
    assert POLICY.grace_for(HOUR) == 15 * MINUTE
    assert POLICY.grace_for(-HOUR) == 15 * MINUTE
