"""Proofs that are made of the body as it is read: a JSON Web Token, and a form with its address.

Rule: a token says with which algorithm it is signed, and is not believed: there is one.
"""

from __future__ import annotations

import hmac
import math
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from monitor.adapters.records import form_of
from monitor.shell.proofs import TOLERANCE_SECONDS, AsSent, in_bytes, is_one_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Token:
    """The body is a JSON Web Token, signed with HMAC-SHA-256 (RFC 7515 and RFC 7519)."""

    headers: tuple[str, ...] = ()
    signs_body: bool = True

    def proves(
        self, given: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: float
    ) -> bool:
        """Whether one of the secrets signed it, and it is valid now, where it says until when."""
        del given
        signed, _, claimed = body.strip().rpartition(b".")
        if not is_one_of(claimed, [_signature(secret, signed) for secret in secrets]):
            return False
        try:
            head, claims = map(_object, signed.split(b"."))
            return _is_ours(head) and _is_valid(claims, now)
        except ValueError:
            return False

    def said(self, body: bytes) -> bytes:
        """Give what the token says; there may be spaces around it, which nobody signed."""
        return self.content(body)

    def content(self, body: bytes) -> bytes:
        """Give what the token says."""
        return _decoded(body.strip().split(b".")[1])

    def sign(self, secret: bytes, content: bytes, head: bytes = b'{"alg":"HS256"}') -> bytes:
        """Give the body by which a sender proves what it says."""
        signed = _encoded(head) + b"." + _encoded(content)
        return signed + b"." + _signature(secret, signed)


@dataclass(frozen=True, slots=True)
class Form(AsSent):
    """A keyed hash of the address, as the sender knows it, and of all fields of a form."""

    header: str
    url: str = ""
    signs_body: bool = True

    @property
    def headers(self) -> tuple[str, ...]:
        """The signature."""
        return (self.header,)

    def proves(
        self, given: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: float
    ) -> bool:
        """Whether one of the secrets signed this form for this address."""
        del now
        try:
            proofs = [self._made(secret, body) for secret in secrets]
        except ValueError:
            return False
        return is_one_of(in_bytes(given[self.header]), proofs)

    def said(self, body: bytes) -> bytes:
        """Give the fields as they are signed: in their order, and nothing between them."""
        # A field that comes twice with the same value is signed once.
        return "".join(name + value for name, value in sorted(set(form_of(body)))).encode()

    def sign(self, secret: bytes, body: bytes) -> dict[str, str]:
        """Give the header by which a sender proves a form."""
        return {self.header: self._made(secret, body).decode()}

    def _made(self, secret: bytes, body: bytes) -> bytes:
        return b64encode(hmac.digest(secret, self.url.encode() + self.said(body), "sha1"))


def _signature(secret: bytes, signed: bytes) -> bytes:
    return _encoded(hmac.digest(secret, signed, "sha256"))


def _is_ours(head: dict[str, Any]) -> bool:
    """Tell whether the head asks for nothing else than what was done."""
    return head.get("alg") == "HS256" and "crit" not in head


def _is_valid(claims: dict[str, Any], now: float) -> bool:
    since, until = claims.get("nbf", -math.inf), claims.get("exp", math.inf)
    if not (isinstance(since, int | float) and isinstance(until, int | float)):
        return False
    return since - TOLERANCE_SECONDS <= now <= until + TOLERANCE_SECONDS


def _object(part: bytes) -> dict[str, Any]:
    found = from_json(_decoded(part))
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004  # any refusal is one
    return found


def _encoded(part: bytes) -> bytes:
    return urlsafe_b64encode(part).rstrip(b"=")


def _decoded(part: bytes) -> bytes:
    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))
