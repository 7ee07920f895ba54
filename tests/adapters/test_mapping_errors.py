"""A mapping file with a mistake is refused, and the message names file, rule and field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.adapters.mapping import MappingError, load_mapping

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
about = "A good file, to be spoiled in one place."
source = "'desk'"
conversation = "record.talk"
customer = "record.who"
time = "record.at"
identity = "record"
common = { channel = "memory.channel" }
tables = { channel = { Phone = "voice" }, actor = { Bot = "ai" } }

[record]
fields = ["what", "at", "talk", "who", "via.kind"]
wording = ["text", "via.note"]

[[rules]]
name = "start"
when = { what = "start" }
classify = { kind = { by = "customer_kind", of = "text" } }
where = "record.who"
remember = { channel = { table = "channel", of = "via.kind" } }
forget = ["channel"]
repeat = "`2`"

[[rules.events]]
type = "cx.message.created.v1"
where = "record.who"
data = { message_id = "id", actor = "'customer'", kind = "class.kind" }

[[rules.events]]
type = "cx.conversation.closed.v1"
data = { actor = { table = "actor", of = "via.kind", default = "human" } }

[[rules]]
name = "rest"
when = {}
ignore = "nothing to say"
"""


def refusal(directory: Path, text: str) -> str:
    path = directory / "spoiled.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MappingError) as refused:
        load_mapping(path)
    return str(refused.value)


def test_the_unspoiled_file_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "good.toml"
    path.write_text(GOOD, encoding="utf-8")

    assert load_mapping(path).file.rules[0].name == "start"


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        # What the file as a whole needs.
        ("source = \"'desk'\"\n", "", "source: Field required"),
        ('time = "record.at"', "time = 5", "time: an expression is a string of JMESPath"),
        ('time = "record.at"', 'tyme = "record.at"', "tyme: Extra inputs are not permitted"),
        ('time = "record.at"', 'time = "record.when"', "time: record.when is not declared"),
        ('time = "record.at"', 'time = "memory.at"', "time: memory.at is never remembered"),
        ('"memory.channel"', '"class.kind"', "common.channel: class.kind is not classified"),
        ("{ channel =", "{ chanel =", "common.chanel: 'chanel' is none of action_id"),
        ("{ channel =", "{ customer_ref =", "common.customer_ref: 'customer_ref' is none of"),
        ('"via.kind"]', '"via"]', "record: via.note lies within the field via"),
        ('"via.kind"]', '"via."]', "record.fields.4: a field is named like attrs.reason"),
        ('"via.kind"]', '"via.kind.of", "via.kind"]', "via.kind.of lies within the field via.kind"),
        ('fields = ["what"', 'format = "xml"\nfields = ["what"', "record.format: Input should be"),
        ('fields = ["what"', 'delimiter = ", "\nfields = ["what"', "record.delimiter: String"),
        (
            '"record.at"',
            '{ of = "when", format = "unix_s" }',
            "time.of: record.when is not declared",
        ),
        ('"record.at"', '{ of = "text", format = "unix_s" }', "time.of: record.text is wording"),
        ('"record.at"', '{ of = "at", format = "%H" }', "time: '%H' is none of unix_s, unix_ms"),
        (
            '"record.at"',
            '{ of = "at", format = "%c", zone = "Berlin" }',
            "time: 'Berlin' is no time zone",
        ),
        # Forms of a rule.
        ('name = "start"', 'name = "St art"', "rule 'St art': name: String should match"),
        ('name = "rest"', 'name = "start"', "rule 'start': there are two rules of this name"),
        (
            'ignore = "nothing to say"',
            "",
            "rule 'rest': a rule either has events or says with `ignore` why it has none",
        ),
        (
            '[[rules.events]]\ntype = "cx.conversation.closed.v1"\ndata = {',
            "[rules.extra]\ndata = {",
            "rule 'start': extra: Extra inputs are not permitted",
        ),
        (
            'type = "cx.conversation.closed.v1"',
            'type = "cx.conversation.closed.v1"\nwhere = "id"',
            "rule 'start': at least one event has no `where`; put the condition on the rule",
        ),
        # Names that nothing declares.
        ("{ what =", "{ that =", "rule 'start': when: the record has no declared field that"),
        ('of = "text"', 'of = "words"', "rule 'start': classify.kind.of: the record has no"),
        (
            '"customer_kind"',
            '"mood"',
            "rule 'start': classify.kind.by: 'mood' is none of ai_kind, customer_kind, ",
        ),
        (
            'where = "record.who"\nremember',
            'where = "record.text"\nremember',
            "rule 'start': where: record.text is wording, which no expression sees",
        ),
        (
            '{ table = "channel", of = "via.kind" }',
            '{ table = "canal", of = "via.kind" }',
            "rule 'start': remember.channel.table: 'canal' is none of actor, channel",
        ),
        ('forget = ["channel"]', 'forget = ["chanel"]', "forget: 'chanel' is none of channel"),
        ('repeat = "`2`"', 'repeat = "record.n"', "rule 'start': repeat: record.n is not declared"),
        (
            'repeat = "`2`"',
            'repeat = "double(id)"',
            "rule 'start': repeat: double() is no function of JMESPath",
        ),
        # Names that the contract does not know.
        ("message.created", "message.sent", "events.0 (cx.message.sent.v1): type: 'cx.message.se"),
        (
            'kind = "class',
            'kynd = "class',
            "events.0 (cx.message.created.v1): data.kynd: 'kynd' is",
        ),
        ("\"'customer'\"", "\"'client'\"", "data.actor: 'client' is none of ai, customer, human"),
        ('Bot = "ai"', 'Bot = "robot"', "(cx.conversation.closed.v1): data.actor: 'robot' is none"),
        ('default = "human"', 'default = "man"', "data.actor: 'man' is none of ai, customer"),
        ('Phone = "voice"', 'Phone = "phone"', "data.channel: 'phone' is none of chat, email"),
        (
            'by = "customer_kind"',
            'by = "handoff_reason"',
            "(cx.message.created.v1): data.kind: 'knowledge_gap' is none of ",
        ),
        ('message_id = "id", ', "", "(cx.message.created.v1): data.message_id: the event needs it"),
        (
            'message_id = "id"',
            'message_id = { table = "actor" }',
            "rule 'start': events.0.data.message_id.of: Field required",
        ),
        (
            'message_id = "id"',
            'message_id = "record."',
            "events.0.data.message_id: 'record.' is no JMESPath expression",
        ),
        (
            'message_id = "id"',
            'message_id = "id", customer_ref = "id"',
            "data.customer_ref: 'customer_ref' is none of",
        ),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, right: str, wrong: str, complaint: str) -> None:
    assert right in GOOD
    said = refusal(tmp_path, GOOD.replace(right, wrong, 1))

    assert said.startswith("spoiled.toml: ")
    assert complaint in said


def test_a_constant_for_every_event_is_checked_too(tmp_path: Path) -> None:
    said = refusal(tmp_path, GOOD.replace('"memory.channel"', "\"'phone'\""))

    assert "rule 'start': events.0 (cx.message.created.v1): data.channel: 'phone' is none" in said


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    said = refusal(tmp_path, GOOD.replace("record.who", "record.whom"))

    assert len(said.splitlines()) == 3


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "rules = [").startswith("spoiled.toml: ")


def test_a_rule_that_is_no_table_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, "rules = [5]\n" + GOOD.partition("[[rules]]")[0])

    assert "rule 0: Input should be a valid dictionary" in said
