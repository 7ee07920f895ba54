"""Counts over windows are exact, whoever owned the partitions meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.rules.story import Story

if TYPE_CHECKING:
    from pathlib import Path

FAILURES = "cx_silent_failures_total"
LABELS = {"sf": "SF-14", "confidence": "probable", "ai_version": "v1", "value_band": "low"}
COUNT = "cx:silent_failures:count1h"


def story() -> Story:
    """Tell of partition 0, which w1 owns."""
    return Story()


def owned(told: Story, partition: str, instance: str, when: str) -> Story:
    """Say when a worker shows a partition."""
    return told.tell(
        "cx_monitor_watermark_timestamp_seconds", when, partition=partition, instance=instance
    )


def test_a_partition_that_moves_and_comes_back_counts_once(promtool: str, tmp_path: Path) -> None:
    told = story()
    # w1 counts to 12, hands over and stays on as a zombie; w2 counts to 15; w1 has it again.
    told.tell(FAILURES, "10x70 11 12 12 12 12 12 _x10 15 15 16 16x40", **LABELS)
    told.tell(FAILURES, "_x73 13 13 14 15 15 15 15 _x60", **LABELS, instance="w2")

    # While both show it, and after.
    told.expect(77, COUNT, 5).expect(110, COUNT, 6).hold(promtool, tmp_path)


def test_a_crash_forgets_nothing(promtool: str, tmp_path: Path) -> None:
    told = story()
    told.tell(FAILURES, "4x80 5 5 5 _x60", **LABELS, partition="1", instance="w2")
    told.tell(FAILURES, "_x85 5x60", **LABELS, partition="1", instance="w3")
    owned(told, "1", "w2", "1x83 _x60")
    owned(told, "1", "w3", "_x85 1x60")

    told.expect(110, COUNT, 1).hold(promtool, tmp_path)


def test_a_label_set_that_first_appears_at_one_counts_one(promtool: str, tmp_path: Path) -> None:
    told = story().tell(FAILURES, "_x90 1x60", **LABELS)

    told.expect(110, COUNT, 1).hold(promtool, tmp_path)


def test_a_new_prometheus_does_not_take_the_past_for_news(promtool: str, tmp_path: Path) -> None:
    told = story().tell(FAILURES, "10000x30 10003x90", **LABELS)

    told.expect(20, COUNT, 0).expect(50, COUNT, 3).expect(80, COUNT, 3)
    told.hold(promtool, tmp_path)


def test_a_partition_that_appears_late_does_not_tell_its_past(
    promtool: str, tmp_path: Path
) -> None:
    told = story().tell(FAILURES, "1x200", **LABELS)
    told.tell(FAILURES, "_x90 5000x40 5002x60", **LABELS, partition="1", instance="w2")
    owned(told, "1", "w2", "_x90 1x200")

    told.expect(100, COUNT, 0).expect(150, COUNT, 2).hold(promtool, tmp_path)


def test_a_partition_that_was_unowned_for_half_an_hour_is_no_spike(
    promtool: str, tmp_path: Path
) -> None:
    told = story().tell(FAILURES, "7x200", **LABELS)
    told.tell(FAILURES, "900x100 _x30 904x100", **LABELS, partition="1", instance="w2")
    owned(told, "1", "w2", "1x100 _x30 1x100")

    # While it is away, right after, and when the window begins in the gap.
    told.expect(120, COUNT, 0).expect(140, COUNT, 4).expect(180, COUNT, 4).expect(195, COUNT, 0)
    told.hold(promtool, tmp_path)


def test_what_is_taken_back_is_not_counted(promtool: str, tmp_path: Path) -> None:
    told = story().jump(FAILURES, 5, **LABELS)
    told.tell("cx_silent_failures_retractions_total", "_x20 2x90", **LABELS)

    told.expect(15, COUNT, 5).expect(30, COUNT, 3).hold(promtool, tmp_path)


def test_nothing_is_negative_when_more_is_taken_back_than_counted(
    promtool: str, tmp_path: Path
) -> None:
    told = story().jump(FAILURES, 5, **LABELS)
    told.tell("cx_silent_failures_retractions_total", "0x80 3x90", **LABELS)

    told.expect(90, COUNT, 0).hold(promtool, tmp_path)


def test_a_state_that_begins_anew_is_no_spike_and_then_counts(
    promtool: str, tmp_path: Path
) -> None:
    told = story().tell(FAILURES, "500x50 0x20 2x200", **LABELS)

    told.expect(100, COUNT, 0).expect(150, "cx:silent_failures:count1h", 0)
    told.expect(125, "cx:silent_failures:count1h", 2).hold(promtool, tmp_path)


def test_two_deployments_are_not_mixed(promtool: str, tmp_path: Path) -> None:
    told = story().jump(FAILURES, 5, **LABELS).jump(FAILURES, 2, **LABELS, job="staging")
    told.tell("cx_monitor_watermark_timestamp_seconds", "1x90", job="staging")

    told.expect(30, f'{COUNT}{{job="staging"}}', 2)
    told.expect(30, f'{COUNT}{{job="outcome-monitor"}}', 5).hold(promtool, tmp_path)


def test_before_anything_is_seen_nothing_is_told(promtool: str, tmp_path: Path) -> None:
    story().absent(30, COUNT).hold(promtool, tmp_path)
