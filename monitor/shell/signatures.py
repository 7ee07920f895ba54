"""How senders prove that a request is theirs.

A scheme that signs the time as well refuses a request that is old. A copy of one that it would take
is recognised by what it says (`deliveries.py`).
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from monitor.shell.proofs import TOLERANCE_SECONDS, AsSent, in_bytes, is_one_of
from monitor.shell.signed_bodies import Form, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from monitor.shell.proofs import Scheme


@dataclass(frozen=True, slots=True)
class Hmac(AsSent):
    """A keyed hash of the body, or of the time and the body."""

    header: str
    digest: str
    encoded: Callable[[bytes], str]
    prefix: str = ""
    timestamp: str | None = None
    separator: bytes = b""
    time_of: Callable[[str], float] = float
    signs_body: bool = True

    @property
    def headers(self) -> tuple[str, ...]:
        """The signature, and the time if it is signed."""
        return (self.header,) if self.timestamp is None else (self.header, self.timestamp)

    def proves(
        self, given: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: float
    ) -> bool:
        """Whether one of the secrets signed this, and lately, where that can be known."""
        signed = body
        if self.timestamp is not None:
            written = given[self.timestamp]
            if not self._is_near(written, now):
                return False
            signed = in_bytes(written) + self.separator + body
        claimed = in_bytes(given[self.header])
        return is_one_of(claimed, [self._made(secret, signed) for secret in secrets])

    def sign(self, secret: bytes, body: bytes, written: str = "") -> dict[str, str]:
        """Give the headers by which a sender proves a request; ``written`` is the time."""
        if self.timestamp is None:
            return {self.header: self._made(secret, body).decode()}
        signed = in_bytes(written) + self.separator + body
        return {self.header: self._made(secret, signed).decode(), self.timestamp: written}

    def _made(self, secret: bytes, signed: bytes) -> bytes:
        return in_bytes(self.prefix + self.encoded(hmac.digest(secret, signed, self.digest)))

    def _is_near(self, written: str, now: float) -> bool:
        try:
            return abs(now - self.time_of(written)) <= TOLERANCE_SECONDS
        except (ValueError, OverflowError):
            return False


@dataclass(frozen=True, slots=True)
class Bearer(AsSent):
    """The secret itself, for senders that are one's own."""

    headers: tuple[str, ...] = ("Authorization",)
    signs_body: bool = False

    def proves(
        self, given: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: float
    ) -> bool:
        """Whether it is one of the secrets."""
        del body, now
        claimed = in_bytes(given["Authorization"])
        return is_one_of(claimed, [b"Bearer " + secret for secret in secrets])


@dataclass(frozen=True, slots=True)
class Nothing(AsSent):
    """No proof at all; the configuration sees to it that only this machine is heard."""

    headers: tuple[str, ...] = ()
    signs_body: bool = False

    def proves(
        self, given: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: float
    ) -> bool:
        """Whether anybody says anything."""
        del given, body, secrets, now
        return True


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode()


def _rfc3339(text: str) -> float:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without its offset")
    return at.timestamp()


def _unix(text: str) -> float:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("no number of seconds")
    return float(text)


_HUB_SHA1 = Hmac("X-Hub-Signature", "sha1", bytes.hex, prefix="sha1=")

SCHEMES: dict[str, Scheme] = {
    "bearer": Bearer(),
    # "Securing your webhooks", GitHub.
    "github": Hmac("X-Hub-Signature-256", "sha256", bytes.hex, prefix="sha256="),
    # "Set up Webhooks", Intercom.
    "intercom": _HUB_SHA1,
    # "Webhook payload", Zammad.
    "zammad": _HUB_SHA1,
    # "Verifying webhook authenticity", Zendesk.
    "zendesk": Hmac(
        "X-Zendesk-Webhook-Signature",
        "sha256",
        _base64,
        timestamp="X-Zendesk-Webhook-Signature-Timestamp",
        time_of=_rfc3339,
    ),
    # "Create webhook", API reference of Dialpad.
    "dialpad": Token(),
    # "Security", Twilio.
    "twilio": Form("X-Twilio-Signature"),
    # "Add a webhook", API reference of Chatwoot.
    "chatwoot": Hmac(
        "X-Chatwoot-Signature",
        "sha256",
        bytes.hex,
        prefix="sha256=",
        timestamp="X-Chatwoot-Timestamp",
        separator=b".",
        time_of=_unix,
    ),
    "none": Nothing(),
}


def scheme_of(name: str, url: str | None) -> Scheme:
    """Give a scheme; one that signs the address too must know it, as the sender does."""
    scheme = SCHEMES[name]
    return replace(scheme, url=url) if isinstance(scheme, Form) and url is not None else scheme
