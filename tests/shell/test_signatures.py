"""No request is taken that was not signed with one of the secrets, or was signed long ago."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.shell.proofs import TOLERANCE_SECONDS
from monitor.shell.signatures import SCHEMES, Bearer, Hmac

NOW = 1_772_442_000.0
SECRET, OTHER = b"a secret of sixteen bytes", b"another of sixteen bytes"
SIGNED = sorted(name for name, scheme in SCHEMES.items() if isinstance(scheme, Hmac))
TIMED = [name for name in SIGNED if len(SCHEMES[name].headers) > 1]
BODIES = st.binary(max_size=200)


def scheme_of(name: str) -> Hmac:
    scheme = SCHEMES[name]
    assert isinstance(scheme, Hmac)
    return scheme


def written(name: str, at: float) -> str:
    if name == "zendesk":
        return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
    return str(int(at))


def signed(name: str, body: bytes, secret: bytes = SECRET, at: float = NOW) -> dict[str, str]:
    return scheme_of(name).sign(secret, body, written(name, at))


# What these senders publish as an example, or what their rule gives for one of our own.
@pytest.mark.parametrize(
    ("name", "secret", "body", "headers"),
    [
        (
            # The example of "Securing your webhooks".
            "github",
            b"It's a Secret to Everybody",
            b"Hello, World!",
            {
                "X-Hub-Signature-256": "sha256="
                # pragma: allowlist nextline secret
                "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
            },
        ),
    ],
)
def test_a_published_example_is_right(
    name: str, secret: bytes, body: bytes, headers: dict[str, str]
) -> None:
    assert SCHEMES[name].proves(headers, body, [secret], NOW)


@pytest.mark.parametrize("name", SIGNED)
@given(body=BODIES)
def test_what_a_secret_signed_is_right(name: str, body: bytes) -> None:
    headers = signed(name, body)

    assert SCHEMES[name].proves(headers, body, [SECRET], NOW)
    # While a secret is changed there are two.
    assert SCHEMES[name].proves(headers, body, [OTHER, SECRET], NOW)
    assert SCHEMES[name].proves(headers, body, [SECRET, OTHER], NOW)


@pytest.mark.parametrize("name", SIGNED)
@given(body=BODIES)
def test_another_secret_proves_nothing(name: str, body: bytes) -> None:
    assert not SCHEMES[name].proves(signed(name, body, OTHER), body, [SECRET], NOW)
    assert not SCHEMES[name].proves(signed(name, body), body, [], NOW)


@pytest.mark.parametrize("name", SIGNED)
@given(body=BODIES, other=BODIES)
def test_a_signature_is_of_one_body(name: str, body: bytes, other: bytes) -> None:
    assume(body != other)

    assert not SCHEMES[name].proves(signed(name, body), other, [SECRET], NOW)


@pytest.mark.parametrize("name", SIGNED)
@given(body=BODIES, forged=st.text(max_size=100), data=st.data())
def test_no_other_header_is_taken(name: str, body: bytes, forged: str, data: st.DataObject) -> None:
    headers = signed(name, body)
    header = data.draw(st.sampled_from(sorted(headers)))
    assume(forged != headers[header])

    assert not SCHEMES[name].proves(headers | {header: forged}, body, [SECRET], NOW)


@pytest.mark.parametrize("name", SIGNED)
@given(body=BODIES, place=st.integers(min_value=0), letter=st.characters(codec="ascii"))
def test_no_letter_of_a_signature_may_be_another(
    name: str, body: bytes, place: int, letter: str
) -> None:
    headers = signed(name, body)
    header = scheme_of(name).header
    right = headers[header]
    at = place % len(right)
    assume(right[at] != letter)
    wrong = right[:at] + letter + right[at + 1 :]

    assert not SCHEMES[name].proves(headers | {header: wrong}, body, [SECRET], NOW)


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_signature_is_good_for_some_minutes(name: str, sign: int) -> None:
    headers = signed(name, b"{}", at=NOW)

    assert SCHEMES[name].proves(headers, b"{}", [SECRET], NOW + sign * TOLERANCE_SECONDS)
    assert not SCHEMES[name].proves(headers, b"{}", [SECRET], NOW + sign * (TOLERANCE_SECONDS + 1))


@pytest.mark.parametrize("name", TIMED)
@given(at=st.one_of(st.text(max_size=30), st.sampled_from(["nan", "inf", "-1", "1e99", "\u0661"])))
def test_a_time_that_is_none_proves_nothing(name: str, at: str) -> None:
    headers = scheme_of(name).sign(SECRET, b"{}", at)
    try:
        near = abs(scheme_of(name).time_of(at) - NOW) <= TOLERANCE_SECONDS
    except (ValueError, OverflowError):
        near = False

    assert SCHEMES[name].proves(headers, b"{}", [SECRET], NOW) == near


# As the server gives them: bytes that are no text come as surrogates.
FOREIGN = st.binary(min_size=1, max_size=40).map(lambda sent: sent.decode(errors="surrogateescape"))


@pytest.mark.parametrize("name", sorted(SCHEMES.keys() - {"none"}))
@given(data=st.data())
def test_whatever_bytes_stand_in_a_header_prove_nothing(name: str, data: st.DataObject) -> None:
    scheme = SCHEMES[name]
    sent = signed(name, b"body") if name in SIGNED else {}
    for header in scheme.headers:
        given_ = dict.fromkeys(scheme.headers, "") | sent | {header: data.draw(FOREIGN)}

        assert not scheme.proves(given_, b"body", [SECRET], NOW)


@given(claimed=st.text(max_size=60))
def test_a_bearer_has_the_secret_or_not(claimed: str) -> None:
    right = f"Bearer {SECRET.decode()}"

    assert Bearer().proves({"Authorization": right}, b"", [OTHER, SECRET], NOW)
    assert Bearer().proves({"Authorization": claimed}, b"", [SECRET], NOW) == (claimed == right)
