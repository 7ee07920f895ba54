"""What people see of the live page, in a real Chromium, beside what /metrics and the API say."""

from __future__ import annotations

import gzip
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from monitor.core import overview
from monitor.core.policy import Policy
from monitor.shell.embedded import EmbeddedBroker
from monitor.shell.web_files import DIRECTORY
from tests.build import clock
from tests.integration.traffic import heartbeats
from tests.integration.worker import Worker
from tests.page.browser import PHONE, WIDE, chromium, looking
from tests.page.conftest import TOKEN
from tests.page.stories import LATENESS, broken_promise, tell
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from schemas.api import Estimate
    from tests.page.browser import Look
    from tests.page.conftest import Pair

POLICY = Policy()
WEIGHT_MAX = 300_000
PAINTS = 3
# Those who wait for each processor.
BUSY = 3
PICTURES = ROOT / "docs" / "page"
FIRST = ".finding >> nth=0"
#: Of the letters of the chart, as they are on the screen.
HEIGHTS = """[...document.querySelectorAll('#curves text')].map((one) =>
  parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def look(browser: Browser, pair: Pair) -> Iterator[Look]:
    with looking(browser, pair.one) as look:
        look.open()
        yield look


def share(estimate: Estimate | None, why: str) -> str:
    """How an estimate is written in a cell."""
    if estimate is None:
        return why
    low, high = 100 * estimate.lower95, 100 * estimate.upper95
    digits = 1 if high - low < 1 else 0
    return f"{100 * estimate.value:.1f} %\n{low:.{digits}f}–{high:.{digits}f} %"  # noqa: RUF001


def cells(look: Look, where: str) -> dict[str, str]:
    """The cells of a row by what they are of."""
    found = look.page.locator(f"{where} [data-of]").all()
    return {str(one.get_attribute("data-of")): one.inner_text() for one in found}


def test_the_numbers_are_those_of_metrics(look: Look, pair: Pair) -> None:
    reading = pair.reading()
    for version in overview.versions(reading, POLICY):
        row = f"#durability [data-version='{version.ai_version}']"
        told = cells(look, row)
        assert told.pop("on_trial") == f"{version.on_trial:,}"
        for held in version.curve:
            if held.is_horizon:
                written = told.pop(held.age)
                assert written.startswith(share(held.durable, "no data"))
        assert told == {}
        if version.paper:
            told = cells(look, f"#paper [data-version='{version.ai_version}']")
            assert told["paper"] == f"{100 * version.paper.value:.1f} %"
            assert told["practice"] == share(version.practice, "nothing is 7 days old")
    for failure in overview.silent_failures(reading):
        told = cells(look, f"[data-failure='{failure.sf}/{failure.confidence}']")
        assert told["standing"] == f"{failure.standing:,}"
        assert told["per_100"] == f"{failure.per_100:.1f}"
    for escalation in overview.escalations(reading):
        told = cells(look, f"[data-kind='{escalation.kind}']")
        assert told["requested"] == f"{escalation.requested:,}"
        counted = {f"ended.{name}": n for name, n in escalation.ended.items()}
        counted |= {f"needed.{name}": n for name, n in escalation.needed.items()}
        assert {name: told[name] for name in counted} == {k: f"{n:,}" for k, n in counted.items()}
    for effort in overview.effort(reading):
        told = cells(look, f"[data-effort='{effort.at}/{effort.outcome}']")
        assert told["journeys"] == f"{effort.journeys:,}"
        assert told["contacts"] == f"{effort.contacts:.1f}"
        assert (told["repeated_requests"] == "no data") == (effort.repeated_requests is None)
    for name, n in overview.counts(reading).items():
        assert f"{n:,} " in look.text("#counts"), name


def test_it_says_who_wins_on_paper_and_who_in_practice(look: Look) -> None:
    headline = look.text("#headline")

    assert headline.startswith("v2 (100.0 %) wins on paper, v1 (")
    assert headline.endswith(" %) in practice.")


def test_it_shows_the_customers_time(look: Look) -> None:
    assert look.text("#when") == "Customers’ time 11 Mar 2026, 12:00 UTC"  # noqa: RUF001


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_keeps_people_out(
    browser: Browser, pair: Pair, scheme: Any, size: tuple[int, int]
) -> None:
    with looking(browser, pair.one, size, color_scheme=scheme) as look:
        look.open()
        look.page.wait_for_selector(".finding")
        assert look.barriers() == []
        look.page.click(FIRST)
        look.page.wait_for_selector("#way li")
        assert look.barriers() == []


def test_it_fits_on_a_phone(browser: Browser, pair: Pair) -> None:
    with looking(browser, pair.one, PHONE) as look:
        look.open()
        look.page.wait_for_selector(".finding")
        width = look.page.evaluate("document.documentElement.scrollWidth")

    assert width <= PHONE[0]


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_text_of_the_chart_can_be_read(
    browser: Browser, pair: Pair, size: tuple[int, int]
) -> None:
    with looking(browser, pair.one, size) as look:
        look.open()
        look.page.wait_for_selector("#curves text")
        assert min(look.page.evaluate(HEIGHTS)) >= 11
        look.page.set_viewport_size({"width": 320, "height": 700})
        look.until("document.querySelector('#curves svg').clientWidth < 300")
        assert min(look.page.evaluate(HEIGHTS)) >= 11
        inside = "(one) => one.getBoundingClientRect().right <= innerWidth"
        assert look.page.evaluate(f"[...document.querySelectorAll('#curves text')].every({inside})")


def test_whose_row_it_is_stays_in_sight(browser: Browser, pair: Pair) -> None:
    """However far a table is scrolled sideways, as on a phone."""
    with looking(browser, pair.one, PHONE) as look:
        look.open()
        for where in ("paper", "durability", "silent", "escalations", "effort"):
            look.page.wait_for_selector(f"#{where} tbody th")
            table, name = look.page.locator(f"#{where}"), f"#{where} tbody th >> nth=0"
            table.evaluate("(one) => one.scrollTo(9999, 0)")
            assert table.evaluate("(one) => one.scrollLeft") > 0
            box, edge = look.page.locator(name).bounding_box(), table.bounding_box()
            assert box is not None
            assert edge is not None
            assert box["x"] == pytest.approx(edge["x"], abs=1)
            # There is room for the others beside it.
            assert box["width"] < edge["width"] / 2


def test_a_finding_is_opened_and_closed_by_keys_alone(look: Look) -> None:
    page = look.page
    page.wait_for_selector(".finding")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to what failed silently"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    chosen = page.evaluate("document.activeElement.closest('li').dataset.id")
    assert chosen == page.locator("#feed li").nth(1).get_attribute("data-id")
    page.keyboard.press("Enter")
    page.wait_for_selector("#way li")
    page.keyboard.press("Escape")

    page.wait_for_selector("#journey:not([open])", state="attached")
    assert page.evaluate("document.activeElement.closest('li').dataset.id") == chosen


def test_a_timeline_tells_the_channels_the_rule_and_its_evidence(look: Look, pair: Pair) -> None:
    (hop, *_) = pair.get("/api/v1/findings?kind=SF-02")["findings"]
    look.page.click(f"[data-id='{hop['id']}'] .finding")
    look.page.wait_for_selector("#way li")

    assert {"chat", "voice"} <= set(look.texts("#way .channel"))
    found = look.text("#way .finding-entry")
    assert "False resolution, channel hop, probable" in found
    assert hop["because"] in found
    assert "[SF-02]" in found
    for proof in hop["evidence"]:
        assert proof["event_id"] in found
    stops = look.texts("#way li")
    order = [next(n for n, stop in enumerate(stops) if what in stop) for what in ("claimed", "hop")]
    assert order == sorted(order)
    assert any("if nothing happens until then" in stop for stop in stops)


def test_what_a_link_names_is_shown(browser: Browser, pair: Pair) -> None:
    """An alert's labels are the parameters of its evidence."""
    with looking(browser, pair.one) as look:
        look.open("/?sf=SF-05&ai_version=v1")
        look.page.wait_for_selector(".finding")

        assert set(look.texts(".finding strong")) == {"Orphaned handoff"}


def test_a_kind_in_the_table_filters_the_feed(look: Look) -> None:
    look.page.wait_for_selector(".finding")
    look.page.click("[data-failure='SF-05/confirmed'] .link")
    look.until(
        "((shown) => shown.length && shown.every((one) => one.textContent === 'Orphaned handoff'))"
        "([...document.querySelectorAll('.finding strong')])"
    )

    assert look.page.locator("#filter-kind").input_value() == "SF-05"


def test_older_findings_are_asked_for(look: Look, pair: Pair) -> None:
    everything = pair.get("/api/v1/findings?limit=200&confidence=confirmed&confidence=probable")
    look.page.wait_for_selector(".finding")
    while look.page.locator("#older").is_visible():
        shown = look.page.locator(".finding").count()
        look.page.click("#older")
        look.until(f"document.querySelectorAll('.finding').length > {shown}")

    ids = [one.get_attribute("data-id") for one in look.page.locator("#feed li").all()]
    assert ids == [one["id"] for one in everything["findings"]]


def test_it_weighs_little_and_asks_nobody_else(look: Look, pair: Pair) -> None:
    look.page.wait_for_selector(".finding")
    files = sum(len(gzip.compress(path.read_bytes())) for path in DIRECTORY.iterdir())

    assert look.hosts == {f"127.0.0.1:{pair.one.port}"}
    assert {"index.html", "app.js", "style.css"} <= {path.name for path in DIRECTORY.iterdir()}
    assert files < WEIGHT_MAX


def test_a_page_is_painted_with_its_data_at_once(
    browser: Browser, pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    """It must be so within a second; how long it took is told, for a busy machine is no failure."""
    took = []
    for _ in range(PAINTS):
        with looking(browser, pair.one) as look:
            look.page.goto(f"http://127.0.0.1:{pair.one.port}/", wait_until="commit")
            look.page.wait_for_selector("#paper table")
            look.page.wait_for_selector(".finding")
            took.append(look.page.evaluate("performance.now()") / 1000)
    files = sum(len(gzip.compress(path.read_bytes())) for path in DIRECTORY.iterdir())
    with capsys.disabled():
        told = f"page with data after {min(took):.2f} s; its files have {files:,} bytes packed"
        print(f"\n{told}")  # noqa: T201
    is_busy = os.getloadavg()[0] > BUSY * (os.cpu_count() or 1)
    assert min(took) <= 1 or is_busy


def test_pictures_are_drawn(
    browser: Browser, pair: Pair, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """For docs/page, when they are wanted; else they are drawn all the same, and thrown away."""
    directory = PICTURES if request.config.getoption("--rewrite-pictures") else tmp_path
    directory.mkdir(exist_ok=True)
    for name, size, scheme in (("wide", WIDE, "light"), ("dark", WIDE, "dark")):
        with looking(browser, pair.one, size, color_scheme=scheme) as look:
            look.open()
            look.page.wait_for_selector(".finding")
            look.page.screenshot(path=directory / f"{name}.png")
            assert (directory / f"{name}.png").stat().st_size < WEIGHT_MAX
    with looking(browser, pair.one, PHONE) as look:
        look.open()
        look.page.wait_for_selector(".finding")
        look.page.screenshot(path=directory / "phone.png")
        look.page.locator("#durability-section").screenshot(path=directory / "phone-chart.png")
        look.page.click(":text('False resolution, channel hop') >> nth=0")
        look.page.wait_for_selector("#way li")
        look.page.screenshot(path=directory / "phone-way.png")


def test_a_broken_promise_appears_without_a_reload(
    look: Look, pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    look.page.wait_for_selector(".finding")
    look.page.evaluate("window.sameAsBefore = true")
    tell(pair.bootstrap, broken_promise("fresh", "9d 16:00"))
    since = time.monotonic()
    look.page.wait_for_selector("#feed li:first-child :text('v2 · chat · delivery · confirmed')")
    took = time.monotonic() - since

    assert look.page.evaluate("window.sameAsBefore")
    assert look.text("#news") == "New: Broken promise, v2"
    look.page.wait_for_selector("#when:text('16:00')")
    with capsys.disabled():
        print(f"\na broken promise was on the page {took:.2f} s after it was sent")  # noqa: T201


def test_who_has_no_token_is_asked_for_it(browser: Browser, pair: Pair) -> None:
    with looking(browser, pair.one, token="") as look:
        look.page.goto(f"http://127.0.0.1:{pair.one.port}/")
        look.page.fill("#token-word", "another word than the right one")
        look.page.click("#token-form button")
        look.page.wait_for_selector("#token-wrong:text('not its token')")
        assert look.page.locator(".finding").count() == 0
        look.page.fill("#token-word", TOKEN)
        look.page.click("#token-form button")
        look.page.wait_for_selector(".finding")
        # The browser itself complains of each answer that refuses.
        assert all("401" in one for one in look.complaints)
        look.complaints.clear()


def test_where_nothing_was_seen_there_is_no_zero(browser: Browser, tmp_path: Path) -> None:
    with (
        EmbeddedBroker() as broker,
        Worker(broker.bootstrap, "empty", tmp_path) as worker,
        looking(browser, worker, token="") as look,
    ):
        look.open()
        look.page.wait_for_selector("#feed-state:text('Nothing was found yet')")

        for section in ("paper", "durability", "silent", "escalations", "effort"):
            assert look.text(f"#{section}") == "no data"
        assert look.text("#counts") == "No data yet."
        assert look.text("#headline").startswith("Nothing to compare yet")
        assert look.text("#when") == "Customers’ time has not begun"  # noqa: RUF001
        assert look.barriers() == []


def test_a_journey_that_is_over_keeps_its_way(browser: Browser, pair: Pair) -> None:
    """Comes late, for time passes by it."""
    (hop, *_) = pair.get("/api/v1/findings?limit=1&kind=SF-02")["findings"]
    over = clock("99d 12:00")
    tell(pair.bootstrap, heartbeats(int(over.timestamp()), over + LATENESS))
    for worker in (pair.one, pair.other):
        worker.wait_until(lambda: set(worker.watermarks().values()) == {over.timestamp()})  # noqa: B023
    with looking(browser, pair.one) as look:
        look.open(f"/#journey={hop['journey']}")
        look.page.wait_for_selector("#way li")

        told = look.text(".facts")
        assert "it has ended, " in told
        assert "this is how it stood 11 Mar 2026, 12:00" in told
        assert look.texts("#way li.contact .channel") == ["chat", "voice"]
        assert "False resolution, channel hop, probable" in look.text("#way .finding-entry")
        assert "the journey ends" in look.texts("#way li")[-1]
        assert look.barriers() == []

        # As a worker answers that was started since.
        known = pair.get(f"/api/v1/journeys/{hop['journey']}")
        less = {name: one for name, one in known.items() if name not in {"as_of", "ended_at"}}
        look.page.route("**/api/v1/journeys/*", lambda route: route.fulfill(json=less))
        look.page.reload()
        look.page.wait_for_selector("#way li")
        assert "it is over: what was found is all that is remembered" in look.text(".facts")
        assert "outcome-monitor explain tells the rest" in look.text(".facts")


def test_what_is_missing_is_said_and_what_comes_back_is_shown(look: Look, pair: Pair) -> None:
    """Runs last, for it leaves no worker as it was."""
    look.page.wait_for_selector(".finding")
    theirs = ", ".join(map(str, sorted(pair.other.watermarks())))
    pair.other.kill()
    look.page.wait_for_selector(f".warning:text('Partitions {theirs} give no answer')")
    look.page.wait_for_selector(".warning:text('give no answer')", state="detached", timeout=60_000)
    assert pair.one.stop() == 0
    look.page.wait_for_selector("#live:text('trying again')")
    assert look.page.locator(".finding").count() > 0
    pair.one.start()
    look.page.wait_for_selector("#live.is-live")
    # While nobody was there the browser complained, which is what it should do.
    assert all("ERR_CONNECTION" in one or "ERR_INCOMPLETE" in one for one in look.complaints)
    look.complaints.clear()
