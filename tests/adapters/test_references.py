"""Customers leave a mapping under one reference wherever they turn up, and under no address."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters.mapping import MappingError, load_mapping
from monitor.adapters.references import References, email_address, phone_number
from schemas.decode import TOPIC_OF, read

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.adapters.records import Event, Record

KEY, FORMER = b"a key of the test", b"the key before it"
DESK = """
about = "A desk that knows its customers by several names."
source = "'desk'"
conversation = "record.talk"
customer = "record.who"
time = "record.at"
identity = "record"

[record]
fields = ["what", "at", "talk", "who"]
wording = ["mail", "phone"]

[[rules]]
name = "start"
when = { what = "start" }

[[rules.events]]
type = "cx.conversation.started.v1"

[[rules.events]]
type = "cx.customer.linked.v1"
data = { assurance = "'asserted'", other_ref = { of = "mail", contact = "email" } }

[[rules.events]]
type = "cx.customer.linked.v1"
data = { assurance = "'asserted'", other_ref = { of = "phone", contact = "phone", region = "DE" } }
"""


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("Ann.Lee+shop@Example.COM", "email:ann.lee+shop@example.com"),
        ("  mailto:ann@example.com\n", "email:ann@example.com"),
        ("ann@bücher.example", "email:ann@xn--bcher-kva.example"),
        ("ann", None),
        ("ann@", None),
        ("@example.com", None),
        ("ann@localhost", None),
        ("Ann <ann@example.com>", None),
        ("a@b@example.com", None),
        ("ann@" + "x" * 70 + ".com", None),
        ("", None),
    ],
)
def test_an_address_is_written_in_one_way(written: str, wanted: str | None) -> None:
    assert email_address(written) == wanted


@pytest.mark.parametrize(
    ("written", "region", "wanted"),
    [
        ("+49 30 901820", None, "tel:+4930901820"),
        ("030 901820", "DE", "tel:+4930901820"),
        ("tel:+49-30-901820", None, "tel:+4930901820"),
        ("whatsapp:+4930901820", None, "tel:+4930901820"),
        ("(0)30/90 18 20", "DE", "tel:+4930901820"),
        ("0044 20 7946 0958", "DE", "tel:+442079460958"),
        ("030 901820", None, None),
        ("+49 30 901820 ext. 7", None, None),
        ("anonymous", "DE", None),
        ("110", "DE", None),
        ("+266696687", None, None),
        ("", "DE", None),
    ],
)
def test_a_number_is_written_as_e164(written: str, region: str | None, wanted: str | None) -> None:
    assert phone_number(written, region) == wanted


@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    for normalised in (email_address(text), phone_number(text, "DE")):
        assert normalised is None or normalised.startswith(("email:", "tel:+"))


def record(**more: object) -> Record:
    return {"what": "start", "at": "2026-01-05T09:00:00Z", "talk": "t1", "who": "c-1"} | more


def mapped(directory: Path, *records: Record, text: str = DESK, **keys: Any) -> list[Event]:
    path = directory / "desk.toml"
    path.write_text(text, encoding="utf-8")
    mapping = load_mapping(path, References(**({"key": KEY} | keys)))
    events = list(mapping.events(records))
    for event in events:
        read(TOPIC_OF[event["type"]], event)
    return events


def links(events: list[Event]) -> list[tuple[str, str]]:
    linked = [event for event in events if event["type"] == "cx.customer.linked.v1"]
    return [(event["data"]["customer_ref"], event["data"]["other_ref"]) for event in linked]


def test_what_a_record_knows_of_a_customer_is_linked(tmp_path: Path) -> None:
    known = record(mail="Ann@example.com", phone="030 901820")
    started, *_ = events = mapped(tmp_path, known)
    customer = started["data"]["customer_ref"]
    (_, mail), (_, phone) = links(events)

    assert [type_["type"] for type_ in events].count("cx.customer.linked.v1") == 2
    assert {ref for ref, _ in links(events)} == {customer}
    assert len({customer, mail, phone}) == 3


def test_no_address_and_no_id_leaves_in_plain_words(tmp_path: Path) -> None:
    told = json.dumps(mapped(tmp_path, record(mail="Ann@example.com", phone="030 901820")))

    assert not any(word in told.lower() for word in ("c-1", "ann", "example", "901820", "tel:"))


@pytest.mark.parametrize("unknown", [{}, {"mail": "none", "phone": "-"}, {"mail": 5, "phone": []}])
def test_what_is_no_address_links_nobody(tmp_path: Path, unknown: dict[str, object]) -> None:
    assert links(mapped(tmp_path, record(**unknown))) == []


def test_one_address_is_one_reference_in_two_mappings(tmp_path: Path) -> None:
    text = DESK.replace('customer = "record.who"', 'customer = { of = "mail", contact = "email" }')
    other = mapped(tmp_path, record(mail="ANN@example.com"), text=text)
    ((_, mail),) = links(mapped(tmp_path, record(mail="ann@example.com")))

    assert other[0]["data"]["customer_ref"] == other[0]["partitionkey"] == mail
    # Nobody is linked with himself.
    assert links(other) == []


def test_another_key_gives_another_reference(tmp_path: Path) -> None:
    ((ours, _),) = links(mapped(tmp_path, record(mail="ann@example.com")))
    ((theirs, _),) = links(mapped(tmp_path, record(mail="ann@example.com"), key=FORMER))

    assert ours != theirs


def test_addresses_want_a_key(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="REFERENCE_KEY_FILE"):
        mapped(tmp_path, key=None)


def test_without_addresses_and_without_a_key_references_stay(tmp_path: Path) -> None:
    unlinked, _, _ = DESK.partition('\n[[rules.events]]\ntype = "cx.customer.linked')
    (event,) = mapped(tmp_path, record(), text=unlinked, key=None)

    assert event["data"]["customer_ref"] == "c-1"


def test_while_the_former_key_is_known_customers_keep_their_past(tmp_path: Path) -> None:
    records = [record(), record(at="2026-01-05T10:00:00Z"), record(who="c-2", talk="t2")]
    before = [event["partitionkey"] for event in mapped(tmp_path, *records, key=FORMER)]
    events = mapped(tmp_path, *records, former=FORMER)
    now = [event["partitionkey"] for event in events if "subject" in event]

    assert links(events) == [(now[0], before[0]), (now[2], before[2])]
    assert [("subject" in event) for event in events] == [False, True, True, False, True]
    assert events[0]["sequence"] < events[1]["sequence"]


def test_a_link_to_the_former_reference_has_one_id_however_often_it_is_said(tmp_path: Path) -> None:
    first, again = (mapped(tmp_path, record(), former=FORMER)[0] for _ in range(2))

    assert first["id"] == again["id"]


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ('region = "DE"', 'region = "Germany"', "'Germany' is none that phone numbers have"),
        ('contact = "email" }', 'contact = "email", region = "DE" }', "'DE' is none that phone"),
        ('contact = "email" }', 'contact = "fax" }', "contact: Input should be 'email' or 'phone'"),
        ('of = "mail"', 'of = "post"', "the record has no declared field post"),
        (
            "\n[[rules.events]]",
            '\nremember = { who = { of = "mail", contact = "email" } }\n\n[[rules.events]]',
            "remember.who: an address can only be the customer, or a link's other_ref",
        ),
        (
            'started.v1"',
            'started.v1"\ndata = { case_id = { of = "mail", contact = "email" } }',
            "data.case_id: an address can only be the customer, or a link's other_ref",
        ),
    ],
)
def test_a_mistake_about_an_address_is_named(
    tmp_path: Path, right: str, wrong: str, complaint: str
) -> None:
    with pytest.raises(MappingError) as refused:
        mapped(tmp_path, text=DESK.replace(right, wrong, 1))

    assert complaint in str(refused.value)
