"""Chromium, as it looks at the live page."""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from monitor.shell.child import LOOPBACK
from tests.page.conftest import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

    from tests.integration.worker import Worker

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
SECONDS_MAX = 60
ASK_MILLISECONDS = 50
WIDE, PHONE = (1300, 900), (375, 812)
_BLOCKING = {"serious", "critical"}


def require(path: str | None, what: str) -> str:
    """Leave the test out where it cannot run, but never in CI."""
    if path is None and os.environ.get("CI"):
        pytest.fail(f"CI must look at the page: {what}")
    if path is None:
        pytest.skip(what)
    return path


@contextmanager
def chromium() -> Iterator[Browser]:
    """Keep a Chromium of the system's."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    program = require(found, "Chromium is not here (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@dataclass
class Look:
    """One look at a worker's page, and everything that its browser complained of or asked for."""

    page: Page
    worker: Worker
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def open(self, path: str = "/") -> None:
        """Open the page, and wait until it shows a board."""
        self.page.goto(f"http://{LOOPBACK}:{self.worker.port}{path}")
        self.page.wait_for_selector("#live.is-live")
        self.page.wait_for_selector("#when:text('Customers')")

    def show(self, board: dict[str, Any], *findings: dict[str, Any]) -> None:
        """Open the page, and tell it this instead of what the worker tells; then no more."""
        events = [("board", board), *(("finding", one) for one in findings)]
        told = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
        # The route that was added last is asked first.
        self.page.route("**/api/v1/stream", lambda _: None)
        self.page.route("**/api/v1/stream", lambda route: route.fulfill(body=told), times=1)
        self.page.goto(f"http://{LOOPBACK}:{self.worker.port}/")
        self.page.wait_for_selector("#when:text('Customers')")

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def texts(self, selector: str) -> list[str]:
        return self.page.locator(selector).all_inner_texts()

    def until(self, expression: str) -> None:
        """Wait until it holds on the page.

        Playwright's own `wait_for_function` asks again from within the page, whose policy forbids
        what it uses for that; it fails where the first answer is no.
        """
        deadline = time.monotonic() + SECONDS_MAX
        while not self.page.evaluate(expression):
            assert time.monotonic() < deadline, f"it did not come to {expression}"
            self.page.wait_for_timeout(ASK_MILLISECONDS)

    def barriers(self) -> list[str]:
        """Return what axe finds that keeps people out."""
        require(str(AXE) if AXE.exists() else None, "axe-core is not here (make browser)")
        # Not as an element of the page, which would refuse it.
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {one['help']}: {json.dumps([node['target'] for node in one['nodes']])}"
            for one in found["violations"]
            if one["impact"] in _BLOCKING
        ]


@contextmanager
def looking(
    browser: Browser,
    worker: Worker,
    size: tuple[int, int] = WIDE,
    *,
    token: str = TOKEN,
    **settings: Any,
) -> Iterator[Look]:
    """Look with a browser of its own; nothing may have been complained of in the end."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce", **settings
    )
    if token:
        context.add_init_script(f"sessionStorage.setItem('token', {json.dumps(token)})")
    page = context.new_page()
    look = Look(page, worker)

    def complain(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            look.complaints.append(message.text)

    def ask(request: Request) -> None:
        look.hosts.add(urlsplit(request.url).netloc)

    page.on("console", complain)
    page.on("pageerror", lambda error: look.complaints.append(str(error)))
    page.on("request", ask)
    try:
        yield look
        assert look.complaints == []
    finally:
        context.close()
