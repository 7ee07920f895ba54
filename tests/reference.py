"""The pages of docs/ that are made from code: the events and the commands; see ``make gen``.

tests/test_docs.py compares them, so that neither can be stale.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import typer
from typer.cli import get_docs_for_click

from schemas.json_schema import of_topics
from tests.commands import whole
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from schemas.json_schema import Schema

_EVENTS = (
    "What producers send, field by field. How it is read, and what else a record must be, stands "
    "in `schemas/README.md`; the same as JSON Schema and AsyncAPI lies in `schemas/json`. "
    "A field in bold is required. Written by `make gen`; do not edit it."
)
TOPICS = ("cx.conversations", "cx.handoffs", "cx.followups")


def pages() -> dict[str, str]:
    """The text of each generated page, by the name of its file."""
    return {"events.md": "\n".join(_events()) + "\n", "commands.md": _commands()}


def _commands() -> str:
    command = whole()
    context = typer.Context(command, info_name="outcome-monitor")
    text = get_docs_for_click(obj=command, ctx=context, name="outcome-monitor", title="Commands")
    # What is shown in a terminal is no HTML.
    return html.unescape(text).rstrip() + "\n"


def _events() -> Iterator[str]:
    yield from ("# Events", "", _EVENTS)
    words: dict[str, Schema] = {}
    for topic in TOPICS:
        schema = of_topics()[topic]
        models = schema["$defs"]
        words |= {name: one for name, one in models.items() if "x-known-values" in one}
        events = [models[_name(ref)] for ref in schema["oneOf"]]
        every = [_data(event, models)["properties"] for event in events]
        counted = Counter(name for fields in every for name in fields)
        common = {
            name: one
            for name, one in every[0].items()
            if counted[name] > len(every) / 2 and name not in _data(events[0], models)["required"]
        }
        yield from ("", f"## {topic}", "", "What most of them may have:", "")
        yield from _table({"properties": common})
        for event in events:
            yield from ("", f"### {_type(event)}", "", _plain(event["description"]), "")
            yield from _table(_data(event, models), common)
    yield from ("", "## Vocabularies", "", "A word that is not listed is read as `unknown`.")
    for name, one in sorted(words.items()):
        meaning = _plain(one["description"]).removesuffix(" Any other string is read as `unknown`.")
        known = ", ".join(f"`{word}`" for word in one["x-known-values"])
        yield from ("", f"### {name}", "", meaning, "", known)


def _type(event: Schema) -> str:
    return str(event["properties"]["type"]["const"])


def _data(event: Schema, models: dict[str, Schema]) -> Schema:
    model: Schema = models[_name(event["properties"]["data"])]
    return model


def _table(data: Schema, told: Collection[str] = ()) -> Iterator[str]:
    """One row for each field, but those that were told of and may be left out."""
    required = data.get("required", ())
    yield "| field of `data` | form | says |"
    yield "|---|---|---|"
    for name, field in data["properties"].items():
        if name in required or name not in told:
            shown = f"**`{name}`**" if name in required else f"`{name}`"
            yield f"| {shown} | {_form(field)} | {_plain(field.get('description', ''))} |"


def _form(field: Schema) -> str:
    """How a value is written."""
    kinds = [one for one in field.get("anyOf", [field]) if one.get("type") != "null"]
    return " or ".join(_kind(one) for one in kinds)


def _kind(one: dict[str, Any]) -> str:
    if "$ref" in one or "allOf" in one:
        name = _name(one if "$ref" in one else one["allOf"][0])
        return f"[{name}](#{name.lower()})"
    if one.get("format") == "date-time":
        return "time"
    if one.get("type") == "array":
        return f"list of {_kind(one['items'])}"
    limits = [
        f"{word} {one[key]}"
        for key, word in (("minimum", "at least"), ("maximum", "at most"), ("maxLength", "up to"))
        if key in one
    ]
    return ", ".join([str(one.get("type", "any")), *limits])


def _name(ref: dict[str, Any]) -> str:
    return str(ref["$ref"]).rpartition("/")[2]


def _plain(text: str) -> str:
    """A docstring as one line of Markdown."""
    return re.sub(r"\s+", " ", text.replace("``", "`")).replace("|", "\\|").strip()


def main() -> None:
    """Write the pages anew."""
    for name, text in pages().items():
        (ROOT / "docs" / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
