"""The numbers of the demo that README.md shows are those that it has now."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime

from rich.console import Console

from monitor.core.moments import SECOND, moment_of
from monitor.core.policy import Policy
from monitor.core.reading import reading_of
from monitor.core.tracker import Tracker
from monitor.shell import player
from monitor.shell.board import Examples, board
from schemas.decode import decode
from tests.following import assert_said, blocks_of, words_of
from tests.paths import ROOT

#: When the demo was run that is shown, and how many days of the recordings it plays.
ENDS = datetime(2026, 11, 27, 12, 29, tzinfo=UTC)
DAYS = 25
#: Which of them is the newest hangs on how the partitions take turns.
EXAMPLE = re.compile(r"SF-\d\d +[a-z]+ +\S+")


def test_the_summary_of_the_demo_is_the_one_that_is_shown() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = [text for _, _, text in blocks_of(page) if text.startswith("Customers' time")]
    tracker = Tracker(Policy())
    for at, topic, event in player.load(DAYS, ENDS).events:
        tracker.advance_to(moment_of(at))
        tracker.receive(topic, decode(topic, (), json.dumps(event).encode()))
    tracker.advance_to(moment_of(ENDS) + SECOND)
    reading, printed = reading_of(tracker.totals, tracker.watermark), io.StringIO()
    summary = board(reading, Policy(), Examples(), ENDS.timestamp())
    Console(file=printed, width=80).print(summary)

    lines = [line for line in shown.splitlines() if not re.fullmatch("─+", line)]
    kept = [line for line in lines if not EXAMPLE.fullmatch(line)]
    assert lines != kept
    assert_said("\n".join(kept), words_of(printed.getvalue()))
