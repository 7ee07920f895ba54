"""What all schemes of signatures share.

Rule: what is compared with a secret, or with what is made of one, is compared in constant time.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOLERANCE_SECONDS = 300.0
"""How far the sender's clock, and the way of a request, may be away from ours."""


class Scheme(Protocol):
    """A way to prove that a request is the sender's."""

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that a request must have, each once."""

    @property
    def signs_body(self) -> bool:
        """Whether it is of the body; otherwise it proves something before there is one."""

    def proves(
        self, given: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: float
    ) -> bool:
        """Whether one of the secrets made this proof."""

    def said(self, body: bytes) -> bytes:
        """Give what of a body was proved, which is the same in each copy of it."""

    def content(self, body: bytes) -> bytes:
        """Give what a body that was proved is to be read as."""


class AsSent:
    """Of the schemes whose proof is no part of the body."""

    __slots__ = ()

    def said(self, body: bytes) -> bytes:
        """Give the body."""
        return body

    def content(self, body: bytes) -> bytes:
        """Give the body."""
        return body


def is_one_of(claimed: bytes, proofs: list[bytes]) -> bool:
    """Compare with all of them, so that the time it takes does not tell which one it was."""
    found = False
    for proof in proofs:
        found |= hmac.compare_digest(claimed, proof)
    return found


def in_bytes(text: str) -> bytes:
    """Give a header as it came: what it has that is no UTF-8 comes as surrogates."""
    return text.encode("utf-8", "surrogateescape")
