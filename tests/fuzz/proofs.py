"""What proves a request, written anew from the vendors' pages, with no line of the gateway's."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime

WINDOW_SECONDS = 300
# Requests whose time is that near to the window's end are not made: clocks go on meanwhile.
MARGIN_SECONDS = 30

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(Z|\+00:00)")
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Source:
    """One sender of the gateway that is tried."""

    name: str
    signature: str
    mapping: str
    secrets: tuple[bytes, ...]


def proof(signature: str, secret: bytes, body: bytes, now: float) -> Headers:
    """Prove a body as the vendor does."""
    if signature == "bearer":
        return [(b"Authorization", b"Bearer " + secret)]
    if signature == "github":
        return [(b"X-Hub-Signature-256", b"sha256=" + _hex(secret, body, "sha256"))]
    if signature in ("intercom", "zammad"):
        return [(b"X-Hub-Signature", b"sha1=" + _hex(secret, body, "sha1"))]
    if signature == "zendesk":
        at = datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
        made = base64.b64encode(hmac.new(secret, at + body, hashlib.sha256).digest())
        return [
            (b"X-Zendesk-Webhook-Signature", made),
            (b"X-Zendesk-Webhook-Signature-Timestamp", at),
        ]
    at = b"%d" % now
    made = b"sha256=" + _hex(secret, at + b"." + body, "sha256")
    return [(b"X-Chatwoot-Signature", made), (b"X-Chatwoot-Timestamp", at)]


def is_proved(source: Source, headers: Headers, body: bytes, now: float) -> bool:
    """Whether one of the source's secrets says so of this request, and of now."""
    return any(
        _is_proved(source.signature, secret, headers, body, now) for secret in source.secrets
    )


def _is_proved(signature: str, secret: bytes, headers: Headers, body: bytes, now: float) -> bool:
    wanted = proof(signature, secret, body, now)
    found = []
    for name, _ in wanted:
        values = [value.strip(b" \t") for key, value in headers if key.lower() == name.lower()]
        if len(values) != 1:
            return False
        found.append(values[0])
    if len(wanted) > 1:
        at = _seconds(signature, found[1])
        if at is None or abs(now - at) > WINDOW_SECONDS:
            return False
        wanted = proof(signature, secret, body, at)
    return found == [value for _, value in wanted]


def _hex(secret: bytes, signed: bytes, digest: str) -> bytes:
    return hmac.new(secret, signed, digest).hexdigest().encode()


def _seconds(signature: str, written: bytes) -> float | None:
    text = written.decode("latin-1")
    if signature == "chatwoot":
        return float(text) if re.fullmatch("[0-9]{1,15}", text) else None
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    try:
        year, month, day, hour, minute, second = map(int, found.groups()[:6])
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
