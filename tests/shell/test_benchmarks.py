"""Benchmark scores on the page, from a file that somebody else writes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from monitor.shell.benchmarks import Benchmarks
from monitor.shell.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def shown(benchmarks: Benchmarks) -> list[str]:
    registry = CollectorRegistry()
    registry.register(benchmarks)
    page = generate_latest(registry).decode()
    return [line for line in page.splitlines() if not line.startswith("#")]


def write(path: Path, text: str, at: int) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (at, at))


def test_scores_are_shown_by_suite_and_version(tmp_path: Path) -> None:
    path = tmp_path / "scores.toml"
    write(path, '["tau2-retail"]\n"gpt-4.1" = 0.74\nv2 = 1\n', at=1)

    assert shown(Benchmarks(path)) == [
        'cx_benchmark_score{ai_version="gpt-4.1",suite="tau2-retail"} 0.74',
        'cx_benchmark_score{ai_version="v2",suite="tau2-retail"} 1.0',
    ]


def test_a_changed_file_is_read_again_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "scores.toml"
    write(path, "[suite]\nv1 = 0.5\n", at=1)
    benchmarks = Benchmarks(path)
    write(path, "[suite]\nv1 = 0.6\n", at=2)
    changed = shown(benchmarks)
    write(path, "[suite\n", at=3)
    broken = shown(benchmarks)
    path.unlink()

    assert changed == ['cx_benchmark_score{ai_version="v1",suite="suite"} 0.6']
    assert broken == changed
    assert shown(benchmarks) == changed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[suite]\nv1 = 74\n", "suite.v1: Input should be less than or equal to 1"),
        ("v1 = 0.5\n", "v1: Input should be a valid dictionary"),
        ("[suite\n", "Expected"),
    ],
)
def test_a_wrong_file_stops_the_start_and_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "scores.toml"
    write(path, text, at=1)

    with pytest.raises(SettingsError, match=r"OUTCOME_MONITOR_BENCHMARKS_FILE") as raised:
        Benchmarks(path)
    assert said in str(raised.value)


def test_a_missing_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        Benchmarks(tmp_path / "none.toml")
