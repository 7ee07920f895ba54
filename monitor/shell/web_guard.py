"""Who may read what the pages tell of single journeys, and how browsers are to treat the pages.

Where there is a token it must be shown for everything but the bare page, which tells nothing, and
what machines ask all the time: ``/metrics``, ``/healthz`` and ``/readyz`` name no conversation.
On loopback without a token requests must be for loopback by name, too: else a website could have
its own name lead there, and read along in its visitor's browser. Where clients show certificates,
that is TLS' to prevent: under another name the pages' own certificate is not believed.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from monitor.shell.proofs import in_bytes
from monitor.shell.settings import is_loopback

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

GUARDED = ("/api/", "/explain", "/internal/")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Lets requests through to the pages, or not."""

    def __init__(self, token: str | None, web_url: str | None, *, certified: bool) -> None:
        """Want ``token``; without one, only requests for loopback or the host of ``web_url``.

        Where clients are ``certified``, they have proved themselves before they ask.
        """
        self._token = token
        self._certified = certified
        self._host = urlsplit(web_url).hostname if web_url else None

    def see_to(self, site: web.Application) -> None:
        """Stand before all pages of a site."""
        site.middlewares.append(self._middleware())
        site.on_response_prepare.append(_dress)

    def _middleware(self) -> Middleware:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith(GUARDED) and not self._may_read(request):
                return self._refusal()
            return await handler(request)

        return guard

    def _may_read(self, request: web.Request) -> bool:
        if self._token is None:
            host = _name_in(request.host)
            return self._certified or is_loopback(host) or host == self._host
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(in_bytes(shown), self._token.encode())

    def _refusal(self) -> web.Response:
        if self._token is None:
            told = "without a token these pages answer on loopback only"
            return web.json_response({"error": told}, status=403)
        told = "show the token of WEB_TOKEN_FILE: Authorization: Bearer TOKEN"
        return web.json_response(
            {"error": told}, status=401, headers={"WWW-Authenticate": "Bearer"}
        )


def _name_in(host: str) -> str:
    """The name in a Host header, without the port; nothing if it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


async def _dress(request: web.Request, response: web.StreamResponse) -> None:
    del request
    response.headers.update(_HEADERS)
