"""Issues of our own, written down as the public set of issues is, of which we keep nothing.

What the sets themselves come to is held against their sources where they lie beside the project;
this is the same for whoever has only the repository.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from monitor.adapters.mapping import load_mapping
from monitor.adapters.samples import write_lines
from tests.golden.recorded import cases_of, judged

if TYPE_CHECKING:
    from pathlib import Path

DONE = {"state_reason": "completed"}


def step(case: str, day: int, type_: str, actor: str, **attrs: Any) -> dict[str, Any]:
    return {
        "ts": f"2026-03-{day:02}T09:00:00Z",
        "case_id": case,
        "customer_id": None,
        "source": "github-issues",
        "kind": "conversation",
        "type": type_,
        "actor": actor,
        "attrs": attrs,
    }


def issue(case: str, *steps: dict[str, Any]) -> list[dict[str, Any]]:
    return [step(case, 1, "issue.opened", "customer"), *steps]


LOG = [
    *issue(
        "again",
        step("again", 2, "issue.closed", "human", **DONE),
        step("again", 3, "issue.reopened", "human"),
        step("again", 4, "issue.closed", "human", **DONE),
    ),
    *issue(
        "more to say",
        step("more to say", 2, "issue.closed", "human", **DONE),
        step("more to say", 3, "comment", "customer", by_opener=True, text="It still fails."),
    ),
    *issue(
        "content",
        step("content", 2, "issue.closed", "customer", **DONE),
        step("content", 3, "comment", "customer", by_opener=True, text="Thanks!"),
    ),
    *issue(
        "others",
        step("others", 2, "issue.closed", "human", **DONE),
        step("others", 3, "comment", "customer", by_opener=False, text="It fails for me."),
    ),
    *issue("stale", step("stale", 9, "issue.closed", "system", **DONE)),
    *issue("given up", step("given up", 2, "issue.closed", "human", state_reason="not_planned")),
]

# How often it was reopened, who claimed last and why, and by what that failed.
WANTED = {
    "again": (1, ("human", "agent_judged"), ["reopen"]),
    "more to say": (0, ("human", "agent_judged"), ["reopen"]),
    "content": (0, ("human", "customer_confirmed"), []),
    "others": (0, ("human", "agent_judged"), []),
    "stale": (0, ("system", "inactivity_timeout"), []),
    "given up": (0, None, []),
}


@pytest.fixture
def told(tmp_path: Path) -> dict[str, dict[str, Any]]:
    log = tmp_path / "issues.jsonl.gz"
    write_lines(log, sorted(LOG, key=lambda record: str(record["ts"])))
    return cases_of(judged(log, load_mapping("ghissues")))


@pytest.mark.parametrize("case", WANTED)
def test_an_issue_comes_to_what_happened_in_it(case: str, told: dict[str, dict[str, Any]]) -> None:
    one = told[case]
    last = (one["claims"][-1]["by"], one["claims"][-1]["basis"]) if one["claims"] else None

    assert (one["reopened"], last, [each["cause"] for each in one["failures"]]) == WANTED[case]
