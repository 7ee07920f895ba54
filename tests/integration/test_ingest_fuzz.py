"""No forged or copied request is taken, nothing breaks the gateway, and it stays small.

`make fuzz-ingest` goes on where this ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz.campaign import SPOILERS
from tests.fuzz.drafts import JUNK
from tests.fuzz.run import fuzz

if TYPE_CHECKING:
    from pathlib import Path


def test_nothing_forged_is_taken_and_nothing_breaks(tmp_path: Path) -> None:
    campaign = fuzz(tmp_path, seed=1, seconds=0, examples=1000)

    assert campaign.tried.keys() >= SPOILERS.keys() | JUNK.keys()
    assert len(campaign.taken) >= 50
