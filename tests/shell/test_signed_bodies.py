"""No token and no form is taken that was not signed with one of the secrets, as it was sent."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.shell.proofs import TOLERANCE_SECONDS
from monitor.shell.signatures import SCHEMES, scheme_of
from monitor.shell.signed_bodies import Form, Token

NOW = 1_772_442_000.0
SECRET, OTHER = b"a secret of sixteen bytes", b"another of sixteen bytes"
CONTENT = b'{"call_id": 1, "state": "hangup"}'
URL = "https://events.example.com/v1/calls"
HEADER = "X-Twilio-Signature"
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
FIELDS = st.dictionaries(TEXT.filter(bool), TEXT, min_size=1, max_size=5)


def told(body: bytes, *secrets: bytes, now: float = NOW) -> bool:
    return Token().proves({}, body, secrets or (SECRET,), now)


def claims(**more: object) -> bytes:
    return json.dumps(more).encode()


def test_a_published_token_is_right() -> None:
    # RFC 7515, A.1: the token, the octets of its key, and what it says.
    key = urlsafe_b64decode(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow=="
    )
    body = (
        b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
        b".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
        b"cnVlfQ"
        b".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    )

    assert told(body, key, now=1_300_819_380.0)
    assert not told(body, key, now=1_300_819_380.0 + TOLERANCE_SECONDS + 1)
    assert json.loads(Token().content(body))["iss"] == "joe"


@given(value=st.dictionaries(TEXT, TEXT | st.integers(), max_size=5))
def test_what_a_secret_signed_is_right_and_is_what_is_read(value: dict[str, object]) -> None:
    assume(not value.keys() & {"exp", "nbf"})
    body = Token().sign(SECRET, claims(**value))

    assert told(body)
    assert told(body, OTHER, SECRET)
    assert told(body + b"\n")
    assert json.loads(Token().content(body)) == value
    assert not told(body, OTHER)


@pytest.mark.parametrize(
    "head",
    [
        b'{"alg":"none"}',
        b'{"alg":"HS384"}',
        b'{"alg":"RS256"}',
        b'{"alg":"hs256"}',
        b'{"alg":["HS256"]}',
        b'{"alg":"HS256","crit":["b64"],"b64":false}',
        b"{}",
        b"[]",
        b"HS256",
        b"",
    ],
)
def test_a_token_that_is_signed_in_another_way_proves_nothing(head: bytes) -> None:
    assert not told(Token().sign(SECRET, CONTENT, head))


def test_a_token_without_a_signature_proves_nothing() -> None:
    head, content = (urlsafe_b64encode(part).rstrip(b"=") for part in (b'{"alg":"none"}', CONTENT))
    longer = hmac.digest(SECRET, head + b"." + content, "sha512")

    for end in (b"", b"e30", urlsafe_b64encode(longer).rstrip(b"=")):
        assert not told(head + b"." + content + b"." + end)
    assert not told(CONTENT)
    assert not told(b"")


@given(place=st.integers(min_value=0), letter=st.characters(codec="ascii"))
def test_no_letter_of_a_token_may_be_another(place: int, letter: str) -> None:
    right = Token().sign(SECRET, CONTENT)
    at = place % len(right)
    assume(right[at : at + 1] != letter.encode())
    wrong = right[:at] + letter.encode() + right[at + 1 :]
    assume(wrong.strip() != right)

    assert not told(wrong)


@given(body=st.binary(max_size=200))
def test_what_is_no_token_proves_nothing(body: bytes) -> None:
    assert not told(body)


@given(parts=st.lists(st.binary(max_size=20), max_size=4))
def test_what_is_signed_and_no_token_proves_nothing(parts: list[bytes]) -> None:
    signed = b".".join(parts)
    proof = urlsafe_b64encode(hmac.digest(SECRET, signed, "sha256")).rstrip(b"=")

    assert not told(signed + b"." + proof)


@pytest.mark.parametrize(
    ("more", "valid"),
    [
        ({"exp": NOW}, True),
        ({"exp": NOW - TOLERANCE_SECONDS}, True),
        ({"exp": NOW - TOLERANCE_SECONDS - 1}, False),
        ({"nbf": NOW + TOLERANCE_SECONDS}, True),
        ({"nbf": NOW + TOLERANCE_SECONDS + 1}, False),
        ({"exp": "soon"}, False),
        ({"nbf": None}, False),
    ],
)
def test_a_token_is_valid_for_as_long_as_it_says(more: dict[str, object], valid: bool) -> None:  # noqa: FBT001
    assert told(Token().sign(SECRET, claims(**more))) == valid


def test_the_example_of_twilio_is_right() -> None:
    # The request that the tests of Twilio's own libraries sign.
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    body = b"To=%2B18005551212&From=%2B14158675309&Digits=1234&CallSid=CA1234567890ABCDE"
    body += b"&Caller=%2B14158675309"
    given_ = {HEADER: "RSOYDt4T1cUTdK1PDd93/VVr8B8="}

    assert scheme_of("twilio", url).proves(given_, body, [b"12345"], NOW)
    assert not scheme_of("twilio", url.replace("1&", "2&")).proves(given_, body, [b"12345"], NOW)


@given(fields=FIELDS)
def test_a_form_is_signed_for_one_address_in_whatever_order(fields: dict[str, str]) -> None:
    scheme, there = Form(HEADER, URL), Form(HEADER, URL + "/")
    headers = scheme.sign(SECRET, urlencode(fields).encode())
    turned = urlencode(list(reversed(fields.items()))).encode()

    assert scheme.proves(headers, turned, [OTHER, SECRET], NOW)
    assert scheme.content(turned) == turned
    assert not scheme.proves(headers, turned, [OTHER], NOW)
    assert not there.proves(headers, turned, [SECRET], NOW)


@given(fields=FIELDS, others=FIELDS)
def test_a_signature_is_of_one_form(fields: dict[str, str], others: dict[str, str]) -> None:
    def run_together(form: dict[str, str]) -> str:
        return "".join(name + value for name, value in sorted(form.items()))

    # Twilio's rule puts nothing between names and values, so these two are one to it.
    assume(run_together(fields) != run_together(others))
    scheme = Form(HEADER, URL)
    headers = scheme.sign(SECRET, urlencode(fields).encode())

    assert not scheme.proves(headers, urlencode(others).encode(), [SECRET], NOW)


@given(forged=st.text(max_size=60))
def test_no_other_signature_of_a_form_is_taken(forged: str) -> None:
    scheme, body = Form(HEADER, URL), b"EventType=task.created"
    assume(forged != scheme.sign(SECRET, body)[HEADER])

    assert not scheme.proves({HEADER: forged}, body, [SECRET], NOW)


@pytest.mark.parametrize("body", [b"", b"{}", b"a=%FF", b"a=\xff", b"a=1&" * 1001 + b"a=1"])
def test_what_is_no_form_proves_nothing(body: bytes) -> None:
    proof = {HEADER: "RSOYDt4T1cUTdK1PDd93/VVr8B8="}

    assert not Form(HEADER, URL).proves(proof, body, [SECRET], NOW)


def test_only_a_form_is_told_its_address() -> None:
    assert scheme_of("twilio", URL) == Form(HEADER, URL)
    assert scheme_of("dialpad", None) == SCHEMES["dialpad"] == Token()
