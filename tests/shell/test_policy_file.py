"""The policy file: what is shown can be read back, and what is wrong is named."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from monitor.core.calendars import Calendar, Week
from monitor.core.moments import DAY, HOUR, MINUTE, moment_of
from monitor.core.policy import Policy
from monitor.shell.policy_file import PolicyError, difference, load_policy, policy_of, show
from monitor.shell.settings import PREFIX, Settings
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path


OFFICE = Calendar(
    "Europe/Berlin",
    Week(monday=((9 * HOUR, 12 * HOUR), (13 * HOUR, 17 * HOUR)), sunday=((0, DAY),)),
    (date(2026, 12, 25),),
)
CALENDAR = '[calendars.office]\ntime_zone = "Europe/Berlin"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "policy.toml"


def test_what_is_shown_reads_back_as_the_same_policy(file: Path) -> None:
    policy = replace(
        Policy(),
        version="strict",
        gap=2 * DAY,
        compatible_groups=frozenset({frozenset({"billing", "refunds"})}),
        calendars={"office": OFFICE, "bureau": replace(OFFICE, time_zone="America/Toronto")},
        calendar="office",
        calendar_by_queue={"desk 2": "bureau", "partners": ""},
    )
    file.write_text(show(policy))

    assert load_policy(file) == policy
    assert load_policy(file).label == policy.label


def test_every_number_is_shown_with_its_range() -> None:
    shown = show(Policy())

    assert "by this share of the time promised, (from 0 to 1)\n" in shown
    assert "every\n# verdict waits for it. (from 0s to 1d)\n" in shown


def test_what_a_file_leaves_out_has_its_default(file: Path) -> None:
    file.write_text('lateness = "5m"\n')

    assert load_policy(file) == replace(Policy(), lateness=5 * MINUTE)


def test_no_file_is_the_default_policy() -> None:
    assert load_policy(None) == Policy()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('gap = "1s"', "gap: must be from 1h to 366d"),
        ("gap = 5", "gap: must be a length of time with its unit, such as 90s, 15m, 36h or 7d"),
        ('lateness = "2 d"', "lateness: must be a length of time with its unit"),
        ('[gap_by_intent_group]\nbilling = "400d"', "gap_by_intent_group: must be from 0s to 366d"),
        ('gaap = "1d"', "gaap: there is no such key; outcome-monitor policy show lists them"),
        (
            "grace_share = 2",
            "grace_share: Input should be less than or equal to 1; it may be from 0 to 1",
        ),
        ("seen_max = 1.5", "; it may be from 100 to 10000000"),
        ('handoff_sla = "soon"', "36h or 7d; it may be from 1s to 30d"),
        ('escalate_intents = "fraud"', "escalate_intents: Input should be a list"),
        (
            'compatible_groups = [["a", "b", "c"]]',
            "compatible_groups: must be pairs of two different intent groups",
        ),
        ('compatible_groups = [["a", "a"]]', "compatible_groups: must be pairs"),
        ('horizons = ["4d"]', "horizons: not among age_edges: 4d"),
        ('late_max = "30d"', "dedupe_window: must be at least late_max"),
        (
            CALENDAR + '[calendars.office.hours]\nmonday = ["09:00-12:00", "9-17"]',
            'calendars.office.hours.monday.1: must be hours of one day, such as "09:00-17:30"',
        ),
        (
            CALENDAR + '[calendars.office.hours]\nmoday = ["09:00-12:00"]',
            "calendars.office.hours.moday: there is no such key",
        ),
        (CALENDAR, "calendars.office.hours: Field required"),
        (
            '[calendars.office]\ntime_zone = "Berlin"\nhours.monday = ["09:00-12:00"]',
            "calendars.office.time_zone: must be the IANA name of a time zone",
        ),
        ('[calendars."the office"]', "calendars.the office"),
        ('[calendar_by_channel]\nvoice = "phones"', "calendars: there is none named phones"),
        ('version = "a b"', "version: String should match pattern"),
        ("gap", "Expected '='"),
    ],
)
def test_a_wrong_value_is_refused_by_its_key_and_range(
    file: Path, content: str, complaint: str
) -> None:
    file.write_text(content)

    with pytest.raises(PolicyError) as refusal:
        load_policy(file)

    assert str(refusal.value).startswith(f"{file}: ")
    assert complaint in str(refusal.value)


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(PolicyError, match=r"policy\.toml: No such file"):
        load_policy(file)


def test_of_a_file_that_is_set_each_mistake_names_the_setting(file: Path) -> None:
    file.write_text('gap = "1s"\ngrace_share = 2\n')

    with pytest.raises(PolicyError) as refused:
        policy_of(Settings(policy_file=file))
    (one, other) = str(refused.value).splitlines()
    assert one.startswith(f"{PREFIX}POLICY_FILE: {file}: gap: ")
    assert other.startswith(f"{PREFIX}POLICY_FILE: {file}: grace_share: ")


def test_a_difference_is_said_key_by_key() -> None:
    other = replace(Policy(), gap=2 * DAY, grace_share=0.2)

    assert difference(Policy(), other) == ['gap: "7d" -> "2d"', "grace_share: 0.1 -> 0.2"]


def test_a_difference_in_a_table_is_said_down_to_its_key() -> None:
    one = replace(Policy(), calendars={"office": OFFICE}, gap_by_intent_group={"billing": DAY})
    toronto = replace(OFFICE, time_zone="America/Toronto", hours=Week(monday=((0, DAY),)))
    other = replace(Policy(), calendars={"office": toronto}, gap_by_intent_group={"bill": DAY})

    assert difference(one, other) == [
        'gap_by_intent_group.bill: nothing -> "1d"',
        'gap_by_intent_group.billing: "1d" -> nothing',
        'calendars.office.hours.monday: ["09:00-12:00", "13:00-17:00"] -> ["00:00-24:00"]',
        'calendars.office.hours.sunday: ["00:00-24:00"] -> []',
        'calendars.office.time_zone: "Europe/Berlin" -> "America/Toronto"',
    ]


def test_a_calendar_changes_the_label_wherever_it_stands() -> None:
    one = replace(Policy(), calendars={"a": OFFICE, "b": OFFICE})
    other = replace(Policy(), calendars={"b": OFFICE, "a": OFFICE})

    assert one.label == other.label != Policy().label


def test_the_calendars_of_the_documents_can_be_read(file: Path) -> None:
    page = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    file.write_text(example)
    office = load_policy(file).calendars["office"]
    asked = datetime(2026, 3, 5, 17, 50, tzinfo=ZoneInfo("Europe/Berlin"))
    due = datetime(2026, 3, 6, 9, 20, tzinfo=ZoneInfo("Europe/Berlin"))

    assert office.add(moment_of(asked), 30 * MINUTE, moment_of(due) + DAY) == moment_of(due)


def test_two_policies_of_one_name_have_different_labels() -> None:
    assert Policy().label != replace(Policy(), gap=2 * DAY).label
    assert replace(Policy(), version="a").label.startswith("a-")


def test_the_label_does_not_depend_on_the_order_of_pairs() -> None:
    pairs = [frozenset({"a", "b"}), frozenset({"c", "d"}), frozenset({"e", "f"})]
    one = replace(Policy(), compatible_groups=frozenset(pairs))
    other = replace(Policy(), compatible_groups=frozenset(reversed(pairs)))

    assert one.label == other.label
