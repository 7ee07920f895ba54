"""What a mapping does with records, shown with a small mapping of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters import mapping as mapping_module
from monitor.adapters.mapping import (
    NO_RULE,
    NOT_REPEATED,
    SEEN_BEFORE,
    Mapping,
    MappingError,
    load_mapping,
    our_mappings,
)
from schemas.decode import TOPIC_OF, Invalid, read

if TYPE_CHECKING:
    from monitor.adapters.records import Event, Record

DESK = Path(__file__).with_name("desk.toml")


def desk() -> Mapping:
    return load_mapping(DESK)


def record(what: str, number: int = 1, **more: object) -> Record:
    return {
        "what": what,
        "at": f"2026-01-01T00:00:{number % 60:02}Z",
        "number": number,
        "talk": "t1",
        "who": "ann",
        **more,
    }


def mapped(*records: Record) -> list[Event]:
    return list(desk().events(records))


def test_an_event_is_a_cloudevent_with_the_records_facts() -> None:
    (event,) = mapped(record("start", 7, via={"kind": "Phone"}))

    assert event == {
        "specversion": "1.0",
        "id": event["id"],
        "source": "desk",
        "type": "cx.conversation.started.v1",
        "time": "2026-01-01T00:00:07Z",
        "subject": "t1",
        "partitionkey": "ann",
        "sequence": "0000000007.000.000000",
        "datacontenttype": "application/json",
        "data": {
            "conversation_id": "t1",
            "customer_ref": "ann",
            "channel": "voice",
            "origin": "inbound",
        },
    }


def test_a_value_that_a_table_does_not_know_becomes_the_default() -> None:
    (event,) = mapped(record("start", via={"kind": "Pigeon"}))

    assert event["data"]["channel"] == "unknown"


def test_a_number_is_looked_up_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "numbered.toml"
    path.write_text(DESK.read_text().replace("Phone =", "7 ="))
    records = [record("start", via={"kind": kind}) for kind in (7, True)]
    known, unknown = load_mapping(path).events(records)

    assert (known["data"]["channel"], unknown["data"]["channel"]) == ("voice", "unknown")


def test_a_value_that_is_no_word_becomes_the_default() -> None:
    (event,) = mapped(record("start", via={"kind": ["Phone"]}))

    assert event["data"]["channel"] == "unknown"


def test_a_later_record_knows_what_an_earlier_one_said() -> None:
    _, event = mapped(record("start", via={"kind": "Phone"}), record("stop", 2))

    assert event["data"]["channel"] == "voice"


def test_conversations_do_not_know_of_each_other() -> None:
    _, event = mapped(record("start", via={"kind": "Phone"}), record("stop", 2, talk="t2"))

    assert "channel" not in event["data"]


def test_what_is_forgotten_is_gone() -> None:
    _, _, event = mapped(
        record("start", via={"kind": "Phone"}), record("stop", 2), record("stop", 3)
    )

    assert "channel" not in event["data"]


def test_one_record_may_be_many_events_with_ids_of_their_own() -> None:
    events = mapped(record("again", times=3))

    assert len(events) == 6
    assert len({event["id"] for event in events}) == 6
    assert [event["data"]["reason"] for event in events[::2]] == ["0", "1", "2"]
    assert sorted(events, key=lambda event: str(event["sequence"])) == events


@pytest.mark.parametrize("times", [0, -1, 1001, 10**12, "3", 2.5, None])
def test_a_senseless_number_of_repetitions_is_no_event(times: object) -> None:
    mapping = desk()

    assert list(mapping.events([record("again", times=times)])) == []
    assert mapping.ignored == {NOT_REPEATED: 1}


def test_the_first_rule_that_fits_is_followed() -> None:
    mapping = desk()

    assert list(mapping.events([record("noise", loud=True), record("noise", 2)])) == []
    assert mapping.ignored == {"it is loud": 1, "it is noise": 1}


def test_a_record_that_fits_no_rule_is_counted() -> None:
    mapping = desk()

    assert list(mapping.events([record("surprise"), {}])) == []
    assert mapping.ignored == {NO_RULE: 2}


def test_the_log_may_come_in_parts() -> None:
    records = [record("start", via={"kind": "Phone"}), record("noise", 2), record("stop", 3)]
    mapping = desk()
    parts = [event for each in records for event in mapping.events([each])]

    assert parts == mapped(*records)
    assert mapping.ignored.total() == 1


def test_a_record_that_comes_twice_gives_the_same_events() -> None:
    records = [record("start", via={"kind": "Phone"}), record("again", 2, times=2)]

    assert mapped(*(each for each in records for _ in range(2))) == [
        *mapped(records[0]) * 2,
        *mapped(*records)[1:] * 2,
    ]


def test_a_record_that_comes_twice_leaves_the_memory_alone() -> None:
    start, toggle, stop = (
        record("start", via={"kind": "Phone"}),
        record("stop", 2),
        record("end", 3),
    )
    once = mapped(start, toggle, stop)
    twice = mapped(start, toggle, start, stop)

    assert [event for event in twice if event["id"] != once[0]["id"]] == once[1:]


def test_a_record_that_comes_twice_gives_no_new_id() -> None:
    mapping = desk()
    first = list(mapping.events([record("once")]))

    assert len(first) == 1
    assert list(mapping.events([record("once")])) == []
    assert mapping.ignored == {SEEN_BEFORE: 1}


@pytest.mark.parametrize("what", ["hum", "words"], ids=["ignored", "with events"])
def test_of_a_conversation_the_last_records_are_known(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping_module, "_RECORDS_MAX", 3)

    def again_after(others: int) -> list[Event]:
        between = [record(what, number) for number in range(others)]
        _, *rest = desk().events([record("once"), *between, record("once")])
        return [event for event in rest if event["type"] == "cx.conversation.reopened.v1"]

    assert not again_after(2)
    # Then it comes for the first time, as after a restart.
    assert again_after(3)


def test_ids_do_not_depend_on_where_the_log_begins() -> None:
    start, stop = record("start", via={"kind": "Phone"}), record("stop", 2)

    assert mapped(start, stop)[1]["id"] == mapped(stop)[0]["id"]


@pytest.mark.parametrize("lost", ["at", "talk"])
def test_what_the_record_lacks_the_contract_refuses(lost: str) -> None:
    broken = record("stop")
    del broken[lost]
    (event,) = mapped(broken)

    with pytest.raises(Invalid):
        read(TOPIC_OF[event["type"]], event)


@pytest.mark.parametrize("strange", [None, 5, ["t1"], {"a": 1}])
def test_a_strange_conversation_touches_nobodys_memory(strange: object) -> None:
    _, _, event = mapped(
        record("start", via={"kind": "Phone"}),
        record("start", 2, talk=strange, via={"kind": "Letter"}),
        record("stop", 3),
    )

    assert event["data"]["channel"] == "voice"


def test_a_class_decides_and_the_words_stay_behind() -> None:
    (event,) = mapped(record("words", text="Thanks for your help!"))

    assert event["data"]["kind"] == "thanks"
    assert "help" not in json.dumps(event)


def test_what_is_not_declared_changes_nothing() -> None:
    assert mapped(record("stop", unseen="a")) == mapped(record("stop", unseen="b"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
WHATS = st.sampled_from(["start", "stop", "words", "again", "noise", "once", "end", "other"])
MARK = "\N{SNOWMAN}"


@given(
    st.lists(
        st.fixed_dictionaries(
            {"what": WHATS, "number": st.integers(0, 5)},
            optional={"text": JSON, "via": JSON, "times": JSON, "loud": JSON, "unseen": JSON},
        ),
        max_size=12,
    )
)
def test_no_wording_reaches_an_event(shapes: list[Record]) -> None:
    plain = [record(**shape) for shape in shapes]
    wordy = [
        each | {"text": f"{MARK} {each['text']} {MARK}"} if "text" in each else each
        for each in plain
    ]
    written = json.dumps(mapped(*wordy), ensure_ascii=False)

    assert MARK not in written


@given(st.lists(st.fixed_dictionaries({"what": WHATS, "number": st.integers(0, 5)})))
def test_the_same_records_give_the_same_bytes(shapes: list[Record]) -> None:
    records = [record(**shape, times=2, via={"kind": "Phone"}) for shape in shapes]

    assert json.dumps(mapped(*records)) == json.dumps(mapped(*records))


@given(
    st.lists(st.fixed_dictionaries({"what": WHATS, "number": st.integers(0, 5)}), max_size=12),
    st.data(),
)
def test_repeated_records_add_no_ids(shapes: list[Record], data: st.DataObject) -> None:
    records = [record(**shape, times=2, via={"kind": "Phone"}) for shape in shapes]
    noisy = list(records)
    for each in records:
        # Somewhere after the first, as a broker would deliver it again.
        place = data.draw(st.integers(noisy.index(each) + 1, len(noisy)))
        noisy.insert(place, each)
    first_seen = {event["id"]: event for event in reversed(mapped(*noisy))}

    assert first_seen == {event["id"]: event for event in reversed(mapped(*records))}


def test_our_mappings_are_known_by_name() -> None:
    assert load_mapping("uci_incident").file.about
    assert load_mapping("tau2").file.about


def test_a_mapping_that_is_not_there_is_refused_with_the_names_that_are() -> None:
    with pytest.raises(MappingError) as refused:
        load_mapping("missing")

    assert str(refused.value) == (
        "missing: No such file or directory; "
        f"give a mapping file or one of the names {', '.join(our_mappings())}"
    )


def test_a_time_may_be_written_in_the_source_s_way(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    wanted = '{ of = "at", format = "%d.%m.%Y %H:%M", zone = "Europe/Berlin" }'
    path.write_text(DESK.read_text().replace('"record.at"', wanted))
    told = [record("start", at="05.01.2026 09:00"), record("start", 2, at="2026-01-05")]
    read_, unread = load_mapping(path).events(told)

    assert read_["time"] == "2026-01-05T09:00:00+01:00"
    assert "time" not in unread


@pytest.mark.parametrize(
    ("via", "channel"),
    [
        (["Mail", "Phone"], "voice"),
        (["Phone", "Mail"], None),
        ([], None),
        ({"-1": "Phone"}, "voice"),
        ("Phone", None),
    ],
)
def test_a_part_of_a_list_is_named_by_its_place(
    tmp_path: Path, via: object, channel: str | None
) -> None:
    path = tmp_path / "desk.toml"
    text = DESK.read_text().replace("via.kind", "via.-1").replace(', default = "unknown"', "")
    path.write_text(text.replace("\"'inbound'\"", "'record.via.\"-1\"'"))
    (event,) = load_mapping(path).events([record("start", via=via)])

    assert event["data"].get("channel") == channel
    found = via[-1] if isinstance(via, list) and via else None
    assert event["data"].get("origin") == (found or (channel and "Phone"))


def test_of_the_conversations_those_that_spoke_last_are_remembered() -> None:
    mapping = load_mapping(DESK, conversations_max=2)
    once = [record("once", number, talk=talk) for number, talk in enumerate("aabacab")]
    kinds = [event["type"].split(".")[2] for event in mapping.events(once)]

    # With c, b is forgotten: a has spoken since.
    assert kinds == ["closed", "reopened", "closed", "reopened", "closed", "reopened", "closed"]
