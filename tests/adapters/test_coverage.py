"""What a mapping can feed follows from its rules, and what is missing is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.adapters.coverage import FULL, NOT, PARTLY, Sight, coverage
from monitor.adapters.coverage_table import CUSTOMER, MEASURES, SILENT_FAILURES, spelled
from monitor.adapters.mapping import load_mapping
from monitor.adapters.mapping_check import DATA_MODELS
from monitor.core.catalogue import METRICS
from schemas.decode import TOPIC_OF, read
from schemas.vocabulary import Vocabulary
from tests.adapters.records import STARTED, turn

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.adapters.records import Record

HEAD = """
about = "Claims of a desk."
source = "'desk'"
conversation = "record.talk"
customer = "record.who"
time = "record.at"
identity = "record"

[record]
fields = ["what", "at", "talk", "who", "by"]
wording = ["text"]

[[rules]]
name = "spoke"
when = { what = "spoke" }
classify = { kind = { by = "customer_kind", of = "text" } }

[[rules.events]]
type = "cx.message.created.v1"
data = { message_id = "id", actor = "'customer'", kind = "class.kind" }

[[rules]]
name = "solved"
when = { what = "solved" }
remember = { by = "'human'" }

[[rules.events]]
type = "cx.resolution.claimed.v1"
"""
SOURCES = sorted(
    {
        source
        for family in (*MEASURES, *SILENT_FAILURES)
        for need in (*family.needs, *family.sharpened_by)
        for source in need.any_of
    }
)


def answers(directory: Path, text: str) -> dict[str, tuple[str, set[str]]]:
    path = directory / "desk.toml"
    path.write_text(text, encoding="utf-8")
    return {
        one.family.name.partition(" ")[0]: (one.answer, {need.what for need in one.missing})
        for one in coverage(load_mapping(path).file, Sight())
    }


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_of_the_table_is_of_the_contract(source: str) -> None:
    type_, *fields = source.split(" ")
    if source == CUSTOMER:
        return
    models = [model for name, model in DATA_MODELS.items() if type_ in ("*", name[3:-3])]

    assert models, type_
    for field in fields:
        name, _, words = field.partition("=")
        if name == CUSTOMER:
            continue
        infos = [model.model_fields[name] for model in models if name in model.model_fields]
        assert infos, name
        kind = infos[0].annotation
        if words and isinstance(kind, type) and issubclass(kind, Vocabulary):
            assert set(words.split("|")) <= {str(word) for word in kind}


def test_every_outcome_metric_is_in_a_family() -> None:
    named = {name for family in (*MEASURES, *SILENT_FAILURES) for name in family.metrics}
    outcomes = {
        name
        for name in METRICS
        if not name.endswith("_retractions_total") and not name.startswith("cx_monitor_")
    }

    assert named <= METRICS.keys()
    assert outcomes - named == {
        "cx_events_total",
        "cx_dead_letters_total",
        "cx_clock_skewed_total",
        "cx_state_bounds_total",
    }


def test_every_silent_failure_is_a_family() -> None:
    assert [family.name[:5] for family in SILENT_FAILURES] == [f"SF-{n:02}" for n in range(1, 21)]


def test_claims_of_people_show_durability_and_no_failure_of_the_ai(tmp_path: Path) -> None:
    told = answers(tmp_path, HEAD + "data = { by = \"'human'\" }\n")

    assert told["durability"][0] == PARTLY
    assert "the AI's claims of resolution" in told["durability"][1]
    assert told["SF-01"] == (NOT, {"the AI's claims of resolution"})


@pytest.mark.parametrize(("by", "answer"), [("record.by", PARTLY), ("memory.by", NOT)])
def test_a_word_that_the_records_decide_may_be_any(tmp_path: Path, by: str, answer: str) -> None:
    told = answers(tmp_path, f'{HEAD}data = {{ by = "{by}" }}\n')

    assert told["SF-01"][0] == answer


def test_a_customer_for_each_conversation_is_never_seen_again(tmp_path: Path) -> None:
    text = HEAD.replace('"record.who"', '"record.talk"')
    told = answers(tmp_path, text + "data = { by = \"'ai'\" }\n")

    assert "one customer over several conversations" in told["durability"][1]
    assert told["identity"][0] == NOT


def test_tickets_without_messages_show_durability_where_customers_are_known(
    tmp_path: Path,
) -> None:
    text = HEAD.replace("cx.message.created.v1", "cx.conversation.started.v1")
    text = text.replace('message_id = "id", actor = "\'customer\'", kind = "class.kind"', "")
    text += "data = { by = \"'human'\" }\n"
    unknown = text.replace('"record.who"', '"record.talk"')

    assert answers(tmp_path, text)["durability"][0] == PARTLY
    assert answers(tmp_path, unknown)["durability"] == (NOT, {"the customer's return"})


def test_unknown_is_no_word(tmp_path: Path) -> None:
    text = HEAD.replace('"class.kind"', "\"'unknown'\"")
    told = answers(tmp_path, text + "data = { by = \"'ai'\" }\n")

    assert "thanks told from questions" in told["SF-01"][1]


def test_what_is_left_out_has_the_word_of_the_contract(tmp_path: Path) -> None:
    text = HEAD.replace("'customer'", "'ai'") + "data = { by = \"'ai'\" }\n"
    reopened = """
[[rules]]
name = "reopened"
when = { what = "reopened" }
events = [{ type = "cx.conversation.reopened.v1" }]
"""

    assert answers(tmp_path, text)["SF-01"][0] == NOT
    assert answers(tmp_path, text + reopened)["SF-01"][0] == PARTLY


def test_tau2_can_show_what_the_ai_abandoned(tmp_path: Path) -> None:
    del tmp_path
    told = {one.family.name[:5]: one.answer for one in coverage(load_mapping("tau2").file, Sight())}

    assert (told["SF-03"], told["SF-05"], told["SF-09"]) == (FULL, NOT, NOT)


def test_a_source_is_spelled_as_a_mapping_writes_it() -> None:
    assert (
        spelled("message.created actor=ai|human kind")
        == "cx.message.created.v1 with actor = ai or human and kind"
    )


def seen_in(mapping: str, *records: Record) -> dict[str, tuple[str, set[str]]]:
    loaded = load_mapping(mapping)
    sight = Sight()
    for event in loaded.events(records):
        sight.see(read(TOPIC_OF[event["type"]], event))
    return {
        one.family.name.partition(" ")[0]: (one.seen, {need.what for need in one.unseen})
        for one in coverage(loaded.file, sight)
    }


def complaint(customer: str | None) -> Record:
    opened = turn("complaint.received", "customer", channel="Phone", product="Mortgage")
    return opened | {"case_id": "c-1", "customer_id": customer}


def test_a_customer_whom_no_record_names_was_not_seen() -> None:
    unnamed = seen_in("cfpb", complaint(None))

    assert unnamed["identity"] == (NOT, {"one customer over several conversations"})
    assert seen_in("cfpb", complaint("c-1")) == unnamed
    assert seen_in("cfpb", complaint("ann"))["identity"] == (PARTLY, set())


def test_without_a_sample_nothing_was_seen() -> None:
    assert seen_in("tau2")["SF-12"] == (NOT, {"the customer's messages", "the AI's messages"})


def test_what_no_rule_gives_is_missing_and_not_unseen() -> None:
    told = seen_in("cfpb", complaint("ann"))

    assert told["promises"] == (NOT, set())


def test_a_word_was_seen_only_where_it_was_said() -> None:
    asks = turn("message", "customer", text="Where is it?")
    answers = turn("message", "ai", at="01", text="It is on its way.")

    assert "the AI's messages" in seen_in("tau2", STARTED, asks)["SF-12"][1]
    assert seen_in("tau2", STARTED, asks, answers)["SF-12"] == (FULL, set())


def test_a_word_that_the_contract_does_not_know_was_not_seen() -> None:
    sight = Sight()
    sight.see(
        read(
            "cx.conversations",
            {
                "specversion": "1.0",
                "id": "1",
                "source": "desk",
                "type": "cx.conversation.started.v1",
                "time": "2026-01-05T09:00:00Z",
                "data": {"conversation_id": "t1", "channel": "pigeon"},
            },
        )
    )

    assert "* channel" not in sight.sources
    assert "conversation.started" in sight.sources
