"""Requests to fuzz the gateway with: a right one, and a hundred ways to spoil it.

A recipe is drawn by hypothesis and has no clock in it; `cook` makes the bytes of it when they are
sent, with an id that no other request has.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.fuzz import wire
from tests.fuzz.proofs import MARGIN_SECONDS, WINDOW_SECONDS, Headers, Source, proof

if TYPE_CHECKING:
    from collections.abc import Callable

STRUCTURED = (b"Content-Type", b"application/cloudevents+json")
GZIP = (b"Content-Encoding", b"gzip")
MANY = 10_485_760


@dataclass
class Draft:
    """A request that is being made."""

    source: Source
    path: str
    headers: Headers
    body: bytes
    made_at: float
    raw: bytes | None = None
    others: list[Source] = field(default_factory=list)

    def written(self) -> bytes:
        """Give what goes over the wire."""
        if self.raw is not None:
            return self.raw
        return wire.whole(self.path, self.headers, self.body)

    def proved_by(self, secret: bytes, now: float, body: bytes | None = None) -> None:
        """Put a proof in the place of the one there is."""
        made = proof(self.source.signature, secret, self.body if body is None else body, now)
        names = {name for name, _ in made}
        self.headers = made + [each for each in self.headers if each[0] not in names]

    def spoil(self, change: Callable[[bytes], bytes], which: int = 0) -> None:
        """Change one of the headers that prove something."""
        made = proof(self.source.signature, b"", b"", 0)
        name = made[which % len(made)][0]
        self.headers = [
            (key, change(value) if key == name else value) for key, value in self.headers
        ]


Spoiler = Any  # a function of a draft, the time and what was drawn

# ------------------------------------------------------------- proofs that are none


def bent_body(draft: Draft, now: float, drawn: tuple[int, int]) -> None:
    del now
    at = drawn[0] % len(draft.body)
    changed = draft.body[at] ^ drawn[1]
    draft.body = draft.body[:at] + bytes([changed]) + draft.body[at + 1 :]


def cut_body(draft: Draft, now: float, drawn: int) -> None:
    del now
    draft.body = draft.body[: drawn % len(draft.body)]


def longer_body(draft: Draft, now: float, drawn: bytes) -> None:
    del now
    draft.body += drawn


def other_letter(draft: Draft, now: float, drawn: tuple[int, int, int]) -> None:
    del now
    which, at, letter = drawn

    def change(value: bytes) -> bytes:
        place = at % len(value)
        return value[:place] + bytes([letter]) + value[place + 1 :]

    draft.spoil(change, which)


def cut_proof(draft: Draft, now: float, drawn: tuple[int, int]) -> None:
    del now
    draft.spoil(lambda value: value[: drawn[1] % len(value)], drawn[0])


def longer_proof(draft: Draft, now: float, drawn: tuple[int, bytes]) -> None:
    del now
    draft.spoil(lambda value: value + drawn[1], drawn[0])


def capitals(draft: Draft, now: float, drawn: int) -> None:
    del now
    draft.spoil(bytes.upper, drawn)


def any_proof(draft: Draft, now: float, drawn: tuple[int, bytes]) -> None:
    del now
    draft.spoil(lambda _: drawn[1], drawn[0])


def no_proof(draft: Draft, now: float, drawn: int) -> None:
    del now
    kept = [each for each in draft.headers if each[0] == STRUCTURED[0]]
    gone = [each for each in draft.headers if each[0] != STRUCTURED[0]]
    draft.headers = kept + [each for n, each in enumerate(gone) if n != drawn % len(gone)]


def proof_twice(draft: Draft, now: float, drawn: tuple[int, bytes, bool]) -> None:
    del now
    which, value, is_first = drawn
    name = draft.headers[which % (len(draft.headers) - 1)][0]
    more = [(name.lower(), value)]
    draft.headers = more + draft.headers if is_first else draft.headers + more


def swapped_source(draft: Draft, now: float, drawn: int) -> None:
    del now
    others = [other for other in draft.others if other.name != draft.source.name]
    draft.source = others[drawn % len(others)]
    draft.path = f"/v1/{draft.source.name}"


def others_secret(draft: Draft, now: float, drawn: int) -> None:
    others = [other for other in draft.others if other.name != draft.source.name]
    draft.proved_by(others[drawn % len(others)].secrets[0], now)


def empty_secret(draft: Draft, now: float, drawn: None) -> None:
    del drawn
    draft.proved_by(b"", now)


def of_no_body(draft: Draft, now: float, drawn: None) -> None:
    del drawn
    draft.proved_by(draft.source.secrets[0], now, b"")


def old_time(draft: Draft, now: float, drawn: int) -> None:
    draft.proved_by(draft.source.secrets[0], now + drawn)


def changed_time(draft: Draft, now: float, drawn: int) -> None:
    made = proof(draft.source.signature, b"", b"", now + drawn)
    if len(made) > 1:
        draft.spoil(lambda _: made[1][1], 1)


def no_time(draft: Draft, now: float, drawn: bytes) -> None:
    """Sign a time that is none, with the right secret."""
    del now
    draft.spoil(lambda _: drawn, len(proof(draft.source.signature, b"", b"", 0)) - 1)


# ------------------------------------------------------------- frames that are none


def pieces(draft: Draft, now: float, drawn: tuple[int, bytes]) -> None:
    del now
    at = drawn[0] % len(draft.body)
    chunks = [draft.body[:at], draft.body[at:]]
    draft.raw = wire.chunked(draft.path, draft.headers, chunks, drawn[1])


def wrong_length(draft: Draft, now: float, drawn: bytes) -> None:
    del now
    framed = [*draft.headers, (b"Content-Length", drawn)]
    draft.raw = wire.head(draft.path, framed) + b"\r\n" + draft.body


def two_lengths(draft: Draft, now: float, drawn: bytes) -> None:
    del now
    lengths = [(b"Content-Length", b"%d" % len(draft.body)), (b"Content-Length", drawn)]
    draft.raw = wire.head(draft.path, draft.headers + lengths) + b"\r\n" + draft.body


def length_and_pieces(draft: Draft, now: float, drawn: int) -> None:
    del now
    both = [(b"Content-Length", b"%d" % drawn), (b"Transfer-Encoding", b"chunked")]
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(draft.body), draft.body)
    draft.raw = wire.head(draft.path, draft.headers + both) + b"\r\n" + body


def odd_header(draft: Draft, now: float, drawn: tuple[bytes, bytes]) -> None:
    del now
    draft.headers = [*draft.headers, drawn]


def long_head(draft: Draft, now: float, drawn: tuple[int, int]) -> None:
    del now
    draft.headers = [*draft.headers, *[(b"X-More", b"a" * drawn[1])] * drawn[0]]


def cut_off(draft: Draft, now: float, drawn: int) -> None:
    del now
    raw = draft.written()
    draft.raw = raw[: drawn % len(raw)]


def anything(draft: Draft, now: float, drawn: bytes) -> None:
    del now
    draft.raw = drawn or b"\r\n"


NUMBERS = st.integers(min_value=0, max_value=10_000)
BYTES = st.binary(max_size=40)
# What a header may hold on the wire, and some that it may not.
VALUES = st.binary(max_size=60).map(lambda value: value.replace(b"\r", b"").replace(b"\n", b""))
TEXTS = st.text(max_size=20).map(str.encode).map(lambda text: text.translate(None, b"\r\n"))
FAR = st.integers(WINDOW_SECONDS + MARGIN_SECONDS, 10**9)
TIMES = [b"nan", b"inf", b"-1", b"0", b"", b"1e400", b"9" * 400, "\u0661\u0662".encode(), b"now"]
TIMES += [b"0001-01-01T00:00:00+23:59", b"2026-13-01T00:00:00Z", b"2026-01-01T00:00:00"]

FORGERIES: dict[str, tuple[Spoiler, st.SearchStrategy[Any]]] = {
    "another byte in the body": (bent_body, st.tuples(NUMBERS, st.integers(1, 255))),
    "a shorter body": (cut_body, NUMBERS),
    "a longer body": (longer_body, BYTES.filter(bool)),
    "another letter in the proof": (
        other_letter,
        st.tuples(NUMBERS, NUMBERS, st.integers(32, 255)),
    ),
    "a shorter proof": (cut_proof, st.tuples(NUMBERS, NUMBERS)),
    "a longer proof": (longer_proof, st.tuples(NUMBERS, VALUES)),
    "a proof in capitals": (capitals, NUMBERS),
    "bytes as a proof": (any_proof, st.tuples(NUMBERS, VALUES)),
    "text as a proof": (any_proof, st.tuples(NUMBERS, TEXTS)),
    "no proof": (no_proof, NUMBERS),
    "a proof twice": (proof_twice, st.tuples(NUMBERS, VALUES, st.booleans())),
    "another source": (swapped_source, NUMBERS),
    "another source's secret": (others_secret, NUMBERS),
    "an empty secret": (empty_secret, st.none()),
    "a proof of nothing": (of_no_body, st.none()),
    "an old time": (old_time, FAR.map(lambda seconds: -min(seconds, 1_700_000_000))),
    "a time to come": (old_time, FAR),
    "a time that was changed": (changed_time, st.integers(-600, 600)),
    "a time that is none": (no_time, st.sampled_from(TIMES)),
}
FRAMES: dict[str, tuple[Spoiler, st.SearchStrategy[Any]]] = {
    "pieces": (pieces, st.tuples(NUMBERS, st.just(b"0\r\n\r\n"))),
    "broken pieces": (
        pieces,
        st.tuples(
            NUMBERS,
            st.sampled_from([b"", b"0\r\n", b"xyz\r\n", b"-1\r\n\r\n", b"fffffffffffffffff\r\n"]),
        ),
    ),
    "a wrong length": (
        wrong_length,
        st.sampled_from([b"0", b"10", b"-1", b"+5", b"1e3", b"9" * 30]),
    ),
    "two lengths": (two_lengths, st.sampled_from([b"0", b"10", b"100000"])),
    "a length and pieces": (length_and_pieces, NUMBERS),
    "an odd header": (odd_header, st.tuples(VALUES, st.binary(max_size=60))),
    "a long head": (long_head, st.tuples(st.integers(1, 300), st.integers(0, 20_000))),
    "cut off": (cut_off, NUMBERS),
    "no HTTP": (anything, st.binary(max_size=200)),
}

# ------------------------------------------------------------- bodies that are none

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=6), inside),
    max_leaves=12,
)


def nested(depth: int) -> bytes:
    return b'{"data":' * depth + b"1" + b"}" * depth


def packed(body: bytes) -> tuple[bytes, Headers]:
    return gzip.compress(body), [GZIP]


def plain(body: bytes) -> tuple[bytes, Headers]:
    return body, []


JUNK: dict[str, st.SearchStrategy[tuple[bytes, Headers]]] = {
    "bytes": st.binary(max_size=300).map(plain),
    "any JSON": JSON.map(lambda value: plain(json.dumps(value).encode())),
    "half surrogates": st.just(plain(b'{"id":"\\ud800"}')),
    "a deep nest": st.integers(1, 100_000).map(lambda depth: plain(b"[" * depth)),
    "a deep nest that ends": st.integers(1, 50_000).map(lambda depth: plain(nested(depth))),
    "huge numbers": st.integers(1, 200_000).map(
        lambda digits: plain(b'{"id":' + b"9" * digits + b"}")
    ),
    "numbers beyond": st.sampled_from([b"1e400", b"-1e999999999", b"NaN", b"1e-400"]).map(plain),
    "another encoding": st.sampled_from(["utf-16", "utf-32", "utf-7", "cp037", "utf-8-sig"]).map(
        lambda codec: plain('{"id": "e"}'.encode(codec))
    ),
    "packed bytes": st.binary(max_size=300).map(packed),
    "cut gzip": st.integers(1, 15).map(lambda cut: (gzip.compress(b"{}")[:-cut], [GZIP])),
    "no gzip": st.binary(max_size=50).map(lambda body: (body, [GZIP])),
    "packed twice": st.just((gzip.compress(gzip.compress(b"{}")), [GZIP])),
    "another packing": st.sampled_from([b"br", b"deflate", b"gzip, gzip", b"\xff"]).map(
        lambda name: (b"{}", [(GZIP[0], name)])
    ),
}
# They are large, so they are made once and seldom sent.
LARGE: dict[str, tuple[bytes, Headers]] = {
    "ten megabytes": plain(b" " * MANY),
    "ten megabytes of JSON": plain(b"[" + b"1," * (MANY // 2) + b"1]"),
    "a bomb": packed(b" " * (20 * MANY)),
}
