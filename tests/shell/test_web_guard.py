"""Who may read the pages, and what browsers are told of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from monitor.shell.web_guard import GUARDED, Guard

if TYPE_CHECKING:
    from aiohttp import ClientResponse

TOKEN = "a-token-of-a-test"


async def _hello(request: web.Request) -> web.Response:
    del request
    return web.Response(text="hello")


def asked(
    path: str,
    token: str | None = None,
    url: str | None = None,
    *,
    certified: bool = False,
    **headers: str,
) -> ClientResponse:
    async def ask() -> ClientResponse:
        site = web.Application()
        site.router.add_get("/{path:.*}", _hello)
        Guard(token, url, certified=certified).see_to(site)
        async with TestClient(TestServer(site)) as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize("path", GUARDED)
def test_only_the_token_opens_what_is_guarded(path: str) -> None:
    assert asked(path, TOKEN).status == 401
    assert asked(path, TOKEN, Authorization="Bearer another").status == 401
    assert asked(path, TOKEN, Authorization=f"Bearer {TOKEN}").status == 200


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz", "/readyz"])
def test_what_tells_of_no_journey_is_open(path: str) -> None:
    assert asked(path, TOKEN).status == 200


@pytest.mark.parametrize("path", GUARDED)
def test_a_website_that_leads_its_name_to_loopback_reads_nothing(path: str) -> None:
    assert asked(path, Host="evil.example:9464").status == 403
    assert asked(path, Host="localhost:9464").status == 200
    assert asked(path, Host="[::1]:9464").status == 200


NO_TEXT = b"\xff".decode(errors="surrogateescape")


@pytest.mark.parametrize("shown", ["\u00ff", NO_TEXT])
def test_bytes_that_are_no_token_are_refused_like_another(shown: str) -> None:
    assert asked("/api/", TOKEN, Authorization=f"Bearer {shown}").status == 401


@pytest.mark.parametrize("host", ["[::1", "[", "[x]", "a]", "\u2100", NO_TEXT, ":"])
def test_what_is_no_host_is_refused_like_another(host: str) -> None:
    assert asked("/api/", Host=host).status == 403


def test_a_proxy_may_ask_by_the_name_that_is_set() -> None:
    assert asked("/api/", url="http://monitor.example:80", Host="monitor.example").status == 200


def test_behind_certificates_any_name_will_do_and_a_token_is_wanted_still() -> None:
    assert asked("/api/", certified=True, Host="monitor.example").status == 200
    assert asked("/api/", TOKEN, certified=True).status == 401


@pytest.mark.parametrize("path", ["/", "/api/", "/metrics"])
def test_browsers_are_told_to_load_nothing_foreign_and_to_frame_nothing(path: str) -> None:
    headers = asked(path).headers

    policy = dict(
        part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
