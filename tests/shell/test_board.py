"""The board shows what is known, and a dash where nothing is."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console

from monitor.core.policy import Policy
from monitor.core.reading import reading_of
from monitor.core.totals import Totals
from monitor.shell.board import Examples, board
from schemas.published import Confidence, Finding
from tests.build import moment

if TYPE_CHECKING:
    from monitor.core.reading import Reading

POLICY = Policy()
# Whole, for who wants it explained.
CASE = "tau2-36be136d-df5c-41fd-9e7b-727ce1964d68"
DASH = "–"  # noqa: RUF001  # as it is printed


def shown(reading: Reading, *findings: Finding, at: float | None = None) -> list[str]:
    """Return the lines of the board in a terminal of the usual width."""
    examples = Examples()
    for finding in findings:
        examples.note(finding)
    console = Console(file=StringIO(), width=80)
    console.print(board(reading, POLICY, examples, at))
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def line(lines: list[str], begin: str) -> list[str]:
    """Return the words of the only line that begins so."""
    (found,) = [line for line in lines if line.startswith(begin)]
    return found.removeprefix(begin).split()


def finding(sf: str, confidence: Confidence, conversation: str, *, retracted: bool) -> Finding:
    return Finding(
        id=conversation,
        journey="j",
        conversation_id=conversation,
        decided_at=datetime(2026, 3, 2, tzinfo=UTC),
        ai_version="v1",
        intent_group="billing",
        channel="chat",
        policy_version="1",
        sf=sf,
        name="Phantom handoff",
        subject="h1",
        confidence=confidence,
        retracted=retracted,
        replaces=None,
    )


def test_nothing_read_is_shown_as_dashes_and_never_as_zero() -> None:
    lines = shown({})

    headline = " ".join(lines[:2])
    assert headline == (
        f"Customers' time not begun · {DASH} events · {DASH} journeys · "
        f"{DASH} claims of resolution · {DASH} dead letters"
    )
    assert [set(line.split()) for line in lines if line.startswith(DASH)] == [{DASH}] * 4


def test_time_and_counts_stand_on_top() -> None:
    topic = "cx.conversations"
    reading: Reading = {
        "cx_events_total": {
            (topic, "cx.message.created.v1", "applied"): 1200,
            (topic, "cx.heartbeat.v1", "applied"): 9,
        },
        "cx_journeys_total": {(): 7},
    }
    at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC).timestamp()

    said = " ".join(shown(reading, at=at)[:2])
    assert said.startswith(
        "Customers' time 02 Mar 09:30 UTC · 1,200 events · 7 journeys · 0 claims"
    )


def test_durability_is_shown_by_who_resolved() -> None:
    totals = Totals()
    for version in ("none", "gpt-4.1-2025-04-14"):
        for _ in range(50):
            totals.enter(("same_issue", "1h", version, "billing"), moment("09:00"))
    totals.leave(("same_issue", "1h", "none", "billing"), moment("09:30"))
    lines = shown(reading_of(totals, moment("10:00")))

    assert line(lines, "gpt-4.1-2025-04-14")[0] == "50"
    assert line(lines, "people")[0] == "49"


def test_who_was_never_contradicted_is_called_untested() -> None:
    totals = Totals()
    for version in ("none", "v1"):
        totals.enter(("same_issue", "1h", version, "billing"), moment("09:00"))
    reading = reading_of(totals, moment("10:00"))
    reading["cx_resolution_failures_total"] = {("same_issue", "1h", "none", "billing"): 1}
    said = "No customer came back about a claim of v1: untested rather than perfect"
    assert said in " ".join(shown(reading))
    reading["cx_resolution_failures_total"][("same_issue", "1h", "v1", "billing")] = 1

    assert "untested" not in " ".join(shown(reading))


def test_handoffs_are_shown_by_how_they_ended_and_whether_they_were_needed() -> None:
    reading: Reading = {
        "cx_handoffs_total": {("ai_human", "ai", "policy_required", "v1"): 5},
        "cx_handoff_terminal_total": {("ai_human", "served_in_sla", "true", "v1"): 3},
        "cx_handoff_verdict_total": {("ai_human", "needed", "policy_required", "v1"): 2},
    }

    words = line(shown(reading), "ai to human")
    assert words == ["5", "served", "in", "sla", "3", "needed", "2"]


def test_silent_failures_are_shown_with_an_example_that_still_stands() -> None:
    reading: Reading = {
        "cx_conversations_total": {("chat", "billing", "inbound", "v1"): 60},
        "cx_silent_failures_total": {
            ("SF-04", "confirmed", "v1"): 3,
            ("SF-04", "suspected", "v1"): 8,
        },
        "cx_silent_failures_retractions_total": {("SF-04", "suspected", "v1"): 2},
    }
    lines = shown(
        reading,
        finding("SF-04", Confidence.CONFIRMED, CASE, retracted=False),
        finding("SF-04", Confidence.SUSPECTED, "c2", retracted=False),
        finding("SF-04", Confidence.SUSPECTED, "c3", retracted=True),
    )

    assert line(lines, "SF-04 Phantom handoff   confirmed") == ["3", "5.0"]
    assert line(lines, "SF-04 Phantom handoff   suspected") == ["6", "10.0"]
    assert line(lines, "SF-04   confirmed") == [CASE]
    assert line(lines, "SF-04   suspected") == ["c2"]


def test_nothing_is_cut_off_at_the_usual_width() -> None:
    totals = Totals()
    for version in ("none", "gpt-4.1-2025-04-14"):
        for age in POLICY.ages:
            totals.enter(("same_issue", age, version, "billing"), moment("09:00"))

    assert not any("…" in line for line in shown(reading_of(totals, moment("60d 09:00"))))
