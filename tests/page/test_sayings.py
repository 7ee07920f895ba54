"""What the page says of boards and findings that it is given, rather than by its worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.page.browser import chromium, looking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.page.conftest import Pair

V2 = "#paper [data-version='v2']"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (("paper", "practice", "involved"), "no answer of the AI was recorded"),
        (("practice",), "no version was watched for long enough"),
    ],
)
def test_where_nothing_is_compared_it_says_why(
    browser: Browser, pair: Pair, changed: tuple[str, ...], why: str
) -> None:
    board = pair.get("/api/v1/board")
    for version in board["versions"]:
        for name in changed:
            version.pop(name, None)
    with looking(browser, pair.one) as look:
        look.show(board)

        assert why in look.text("#headline")
        paper, practice = (look.text(f"{V2} [data-of='{of}']") for of in ("paper", "practice"))
        assert (paper == "no answer recorded") == ("paper" in changed)
        assert (practice == "nothing is 7 days old") == ("paper" not in changed)


@pytest.mark.parametrize(
    ("failed", "trial", "told"),
    [
        (0, 54, "v1 claims 50.0 %, and no customer came back about the 54 on trial."),
        (0, 0, "v1 claims 50.0 %, and no customer came back about any."),
        (3, 54, "v1 claims 50.0 %, and 50.0 % stay resolved."),
    ],
)
def test_who_was_never_contradicted_is_called_untested(
    browser: Browser, pair: Pair, failed: int, trial: int, told: str
) -> None:
    share = {"value": 0.5, "lower95": 0.4, "upper95": 0.6}
    one = {"ai_version": "v1", "on_trial": trial, "claimed": 60, "failed": failed, "curve": []}
    one |= {"involved": 120, "paper": share, "practice": share}
    with looking(browser, pair.one) as look:
        look.show(pair.get("/api/v1/board") | {"versions": [one]})

        assert look.text("#headline") == told
        assert ("a claim of v1: untested" in look.text("#untested")) == (not failed)


def test_who_has_claimed_nothing_is_not_said_to_be_young(browser: Browser, pair: Pair) -> None:
    board = pair.get("/api/v1/board")
    none = {"value": 0.0, "lower95": 0.0, "upper95": 0.1}
    idle = {
        "ai_version": "v3",
        "on_trial": 0,
        "claimed": 0,
        "failed": 0,
        "involved": 9,
        "curve": [],
    }
    with looking(browser, pair.one) as look:
        look.show(board | {"versions": [idle | {"paper": none}]})

        assert look.text("#headline").endswith("the AI has claimed no resolution.")


def test_what_is_found_late_stands_where_its_time_has_it(browser: Browser, pair: Pair) -> None:
    known = pair.get("/api/v1/findings?confidence=confirmed&confidence=probable")["findings"]
    times = [one["decided_at"] for one in known]
    at = next(n for n, time_ in enumerate(times) if time_ < times[0])
    late = known[at] | {"id": "late"}
    older = known[-1] | {"id": "older", "decided_at": "2026-01-01T00:00:00Z"}
    with looking(browser, pair.one) as look:
        look.show(pair.get("/api/v1/board"), late, older)
        look.page.wait_for_selector("[data-id='late']")

        ids = [one.get_attribute("data-id") for one in look.page.locator("#feed li").all()]
        assert ids.index("late") == at
        assert "older" not in ids
        shown = [
            str(one.get_attribute("datetime")) for one in look.page.locator("#feed time").all()
        ]
        assert shown == sorted(shown, reverse=True)
