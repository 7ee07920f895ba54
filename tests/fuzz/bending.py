"""Bytes that are nearly right: what was valid, bent in a few places."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

# What parsers stumble over: ends, lengths, quotes, numbers that are too large, half of a letter.
_TROUBLE = (
    *(b"", b"\x00", b"\xff", b"\xc1", b"\xdf\xff\xff\xff\xff", b"\xed\xa0\x80", b"\x80", b"\n"),
    *(b'"', b"'", b"[[", b"]]", b"{", b"}", b"=", b"-1", b"1e999", b"nan", b"null", b"true"),
    *(b"9" * 5000, b"[" * 2000, b"\xef\xbb\xbf", b"0001-01-01T00:00:00Z", b"\\ud800", b"\x93\x05"),
)


@st.composite
def bent(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """One of these, or nothing like them, with up to six cuts in which something else is put."""
    content = draw(st.sampled_from(seeds) | st.binary(max_size=200))
    for _ in range(draw(st.integers(0, 6))):
        begin = draw(st.integers(0, len(content)))
        end = min(len(content), begin + draw(st.sampled_from((0, 0, 1, 1, 2, 8, 100, 10**9))))
        other = draw(st.sampled_from(seeds))
        middle = draw(
            st.sampled_from(_TROUBLE)
            | st.binary(max_size=8)
            | st.integers(0, len(other)).map(partial(_piece, other))
        )
        content = content[:begin] + middle + content[end:]
    return content


def _piece(of: bytes, at: int) -> bytes:
    return of[at : at + 40]
