"""The loads of docs/operations.md are told by what docs/performance.md has measured."""

from __future__ import annotations

import re

from bench import document, sizing


def test_the_table_is_made_of_what_the_page_says_now() -> None:
    table = sizing.sizing(document.PAGE.read_text())

    assert f"\n{table}\n" in sizing.OPERATIONS.read_text(), "run bench/sizing.py"


def test_recovery_was_measured_with_as_many_journeys_as_it_is_divided_by() -> None:
    section = document.section(document.TAKEOVER)

    assert f": {sizing.A_MILLION:,} open journeys in " in section
    assert "state engine `memory`" in section


def test_a_load_takes_what_was_measured_times_its_size() -> None:
    page = """\
| job | broker | engine | CPU µs/event (min-max) | peak MB | changelog bytes/event |
|---|---|---|--:|--:|--:|
| full | apache-kafka | outcome-monitor | 100.0 (90.0-110.0) | 200 | 300 |

| what | seconds |
|---|--:|
| a start without state | 1.0 |
| a start with all of it to read from the changelog | 6.0 |

| state engine | journeys | resident bytes per journey | files MB | s to recover |
|---|--:|--:|--:|--:|
| memory | 1,000,000 | 1,024 | 0 | 3.0 |
| disk | 10,000,000 | 10 | 10,000 | 1,000.0 |
| disk | 1,000,000 | 20 | 1,500 | 9.0 |
"""
    told = re.findall(r"^\| [0-9].*$", sizing.sizing(page), flags=re.MULTILINE)

    assert told == [
        "| 1,000 | 100,000 | memory | 2 | 298 | 0 | 300 | 2 |",
        "| 5,000 | 1,000,000 | memory | 2 | 1,177 | 0 | 1,500 | 4 |",
        "| 20,000 | 5,000,000 | memory | 4 | 2,642 | 0 | 6,000 | 8 |",
        "| 20,000 | 10,000,000 | disk | 4 | 296 | 7,500 | 6,000 | 251 |",
    ]
