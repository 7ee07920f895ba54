"""The form of the state: every struct, word and label that bytes in a changelog are read by."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import msgspec

from monitor.core import notes, rows, sight, snapshot
from monitor.core.catalogue import METRICS
from monitor.shell.changelog import Position

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITTEN = (
    rows._Row,  # noqa: SLF001  # who asks for the form looks behind names
    snapshot._Time,  # noqa: SLF001
    sight._Now,  # noqa: SLF001
    sight.Beat,
    notes.Note,
    Position,
)
_MODULE = re.compile(r"\b(?:[a-z_]+\.)+(?=\w)|<class '|<enum '|'>")


def form() -> str:
    """All of it as text, a line each."""
    found: dict[str, str] = {}
    for kind in WRITTEN:
        _describe(kind, found)
    metrics = [
        f"{one.name}: {one.kind} of {', '.join(one.labels)} {list(one.buckets)}".rstrip(" []")
        for one in METRICS.values()
    ]
    lines = [*sorted(found.values()), f"series: {', '.join(sight.SERIES)}", *sorted(metrics)]
    return "\n".join(lines) + "\n"


def _describe(kind: Any, found: dict[str, str]) -> None:
    """Describe a type, and all that it is made of."""
    name = getattr(kind, "__name__", "")
    if name in found:
        return
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        defaults = len(kind.__struct_fields__) - len(kind.__struct_defaults__)
        fields = [
            f"{field}: {_MODULE.sub('', str(hints[field]))}{'' if place < defaults else ' = …'}"
            for place, field in enumerate(kind.__struct_fields__)
        ]
        tag = f" ({kind.__struct_config__.tag})" if kind.__struct_config__.tag else ""
        found[name] = f"{name}{tag}: {'; '.join(fields)}"
        for field in kind.__struct_fields__:
            _describe(hints[field], found)
    elif isinstance(kind, type) and issubclass(kind, Enum):
        found[name] = f"{name}: {', '.join(sorted(str(word.value) for word in kind))}"
    else:
        for part in _parts(kind):
            _describe(part, found)


def _parts(kind: Any) -> Iterator[Any]:
    for part in get_args(kind):
        yield from part if isinstance(part, list) else (part,)
