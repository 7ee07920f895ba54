"""Fold a log once with the code that is on the path, and print the CPU seconds it took.

Run by ``bench/core.py`` against two trees in turn; so it uses only what both of them have.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from pathlib import Path

from monitor.core.policy import Policy
from monitor.core.tracker import Tracker
from schemas.decode import TOPIC_OF, read


def main(path: Path) -> None:
    """Decode first, so that only the fold is timed."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    events = [(topic, read(topic, one)) for one in records for topic in (TOPIC_OF[one["type"]],)]
    tracker = Tracker(Policy())
    begun = time.process_time()
    for topic, event in events:
        tracker.receive(topic, event)
    tracker.finish()
    spent = time.process_time() - begun
    sys.stdout.write(json.dumps({"events": len(events), "cpu_seconds": spent}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
