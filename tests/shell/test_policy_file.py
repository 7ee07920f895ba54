"""The policy file: what is shown can be read back, and what is wrong is named."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.core.moments import DAY, MINUTE
from monitor.core.policy import Policy
from monitor.shell.policy_file import PolicyError, difference, load_policy, show

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "policy.toml"


def test_what_is_shown_reads_back_as_the_same_policy(file: Path) -> None:
    policy = replace(
        Policy(),
        version="strict",
        gap=2 * DAY,
        compatible_groups=frozenset({frozenset({"billing", "refunds"})}),
    )
    file.write_text(show(policy))

    assert load_policy(file) == policy
    assert load_policy(file).label == policy.label


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
        ("grace_share = 2", "grace_share: Input should be less than or equal to 1"),
        ('horizons = ["5d"]', "horizons: not among age_edges: 5d"),
        ('late_max = "30d"', "dedupe_window: must be at least late_max"),
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


def test_a_difference_is_said_key_by_key() -> None:
    other = replace(Policy(), gap=2 * DAY, grace_share=0.2)

    assert difference(Policy(), other) == ['gap: "7d" -> "2d"', "grace_share: 0.1 -> 0.2"]


def test_two_policies_of_one_name_have_different_labels() -> None:
    assert Policy().label != replace(Policy(), gap=2 * DAY).label
    assert replace(Policy(), version="a").label.startswith("a-")


def test_the_label_does_not_depend_on_the_order_of_pairs() -> None:
    pairs = [frozenset({"a", "b"}), frozenset({"c", "d"}), frozenset({"e", "f"})]
    one = replace(Policy(), compatible_groups=frozenset(pairs))
    other = replace(Policy(), compatible_groups=frozenset(reversed(pairs)))

    assert one.label == other.label
