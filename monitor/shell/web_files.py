"""The live page's own files: one page, one style, one script, read once and kept packed.

They tell nothing by themselves, so they are given to everybody; what is told comes from the API.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

DIRECTORY = Path(__file__).parent / "web_page"
_FIRST = "index.html"
_KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class _File:
    kind: str
    plain: bytes
    packed: bytes
    tag: str

    @classmethod
    def read(cls, path: Path) -> _File:
        plain = path.read_bytes()
        tag = hashlib.blake2b(plain, digest_size=8).hexdigest()
        return cls(_KINDS[path.suffix], plain, gzip.compress(plain, mtime=0), tag)


class Files:
    """The files by their names."""

    def __init__(self) -> None:
        """Read them."""
        self._files = {
            path.name: _File.read(path) for path in DIRECTORY.iterdir() if path.suffix in _KINDS
        }

    def add_to(self, site: web.Application) -> None:
        """Serve them on a site: the page at its root."""
        site.router.add_get("/", self._file)
        site.router.add_get("/page/{name}", self._file)

    async def _file(self, request: web.Request) -> web.Response:
        file = self._files.get(request.match_info.get("name", _FIRST))
        if file is None:
            raise web.HTTPNotFound
        # Asked for each time, so that a newer worker's page is shown, and sent only if it is new.
        response = web.Response(
            content_type=file.kind,
            charset="utf-8",
            headers={"Cache-Control": "no-cache", "Vary": "Accept-Encoding"},
        )
        response.etag = file.tag
        if any(tag.value == file.tag for tag in request.if_none_match or ()):
            response.set_status(304)
        elif "gzip" in request.headers.get("Accept-Encoding", ""):
            response.body = file.packed
            response.headers["Content-Encoding"] = "gzip"
        else:
            response.body = file.plain
        return response
