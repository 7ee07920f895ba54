"""HTTP/1.1 by hand: requests that no client would make, and what came back."""

from __future__ import annotations

import socket

from monitor.shell.child import LOOPBACK

PATIENCE_SECONDS = 20.0
CLOSED = 0
"""Instead of a status: the gateway hung up without an answer."""


def head(path: str, headers: list[tuple[bytes, bytes]]) -> bytes:
    """Write a request's head without its end."""
    lines = [b"%s: %s\r\n" % header for header in headers]
    return b"POST %s HTTP/1.1\r\nHost: gateway\r\n" % path.encode() + b"".join(lines)


def whole(path: str, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Write a request as it should be, the last on its connection."""
    length = [(b"Content-Length", b"%d" % len(body)), (b"Connection", b"close")]
    return head(path, headers + length) + b"\r\n" + body


def chunked(
    path: str, headers: list[tuple[bytes, bytes]], chunks: list[bytes], end: bytes
) -> bytes:
    """Write a request whose body comes in pieces and ends as ``end`` says."""
    framing = [(b"Transfer-Encoding", b"chunked"), (b"Connection", b"close")]
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks if chunk)
    return head(path, headers + framing) + b"\r\n" + pieces + end


def sent(port: int, raw: bytes) -> list[int]:
    """Send bytes, and give the statuses of all answers until the gateway hangs up, or waits."""
    answer = b""
    with socket.create_connection((LOOPBACK, port), timeout=PATIENCE_SECONDS) as connection:
        try:
            connection.sendall(raw)
            while piece := connection.recv(65_536):
                answer += piece
                if _is_slow(answer):
                    break
        except ConnectionError:
            pass  # It hung up while we sent, and may have answered before.
    return _statuses(answer) or [CLOSED]


def _statuses(answer: bytes) -> list[int]:
    return [int(line.split(b" ")[1]) for line in answer.splitlines() if line.startswith(b"HTTP/1.")]


def _is_slow(answer: bytes) -> bool:
    """Whether the gateway has given up waiting; it would still look on for a while."""
    return b"\r\n\r\n" in answer and 408 in _statuses(answer)
