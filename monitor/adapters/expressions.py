"""The expressions of a mapping file: JMESPath, cut down to what can be checked beforehand.

An expression reads a scope of five roots and nothing else: ``record`` (what the mapping declares
of the source's record), ``memory`` (what earlier records of the conversation left), ``class``
(what the rule's classifiers said), ``id`` (the record's identity) and ``repeat`` (the number of
the repetition, from 0).

JMESPath has no way out of the document it is given: no attributes, no imports, no loops without
end. We leave out projections, filters and pipes as well, because inside them a name means
something else; without them every name in a file can be compared with what the file declares.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Scope = dict[str, Any]
Path = tuple[str, ...]

ROOTS = ("record", "memory", "class", "id", "repeat")

_PLACE = re.compile(r"-?[0-9]{1,4}")
_BRANCHES = frozenset(
    {"comparator", "and_expression", "or_expression", "not_expression", "multi_select_list"}
)


class Expression:
    """One expression of a mapping file.

    On a record that it does not fit, it gives null: whether the event can do without that field
    is for the contract to say, which refuses the event by name.
    """

    __slots__ = ("_evaluate", "literal", "paths", "text")

    def __init__(self, text: str) -> None:
        """Compile an expression.

        Raises:
            ValueError: it is no JMESPath, or uses a part of it that mappings go without.
        """
        try:
            compiled = jmespath.compile(text)
        except JMESPathError as error:
            first_line = str(error).partition("\n")[0].rstrip(":")
            raise ValueError(f"{text!r} is no JMESPath expression: {first_line}") from None
        tree: Any = compiled.parsed
        self.text = text
        self.paths: tuple[Path, ...] = tuple(_paths(tree))
        self.literal: object = tree["value"] if tree["type"] == "literal" else None
        self._evaluate = _shortcut(tree) or compiled.search

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __call__(self, scope: Scope) -> Any:  # noqa: ANN401  # it gives whatever JSON holds
        """Evaluate in a scope."""
        try:
            return self._evaluate(scope)
        except (JMESPathError, ArithmeticError, TypeError, ValueError):
            # Its functions take infinity, and a text beside a number, without a look.
            return None

    def holds(self, scope: Scope) -> bool:
        """Tell whether the value is true as JMESPath sees it: 0 is, an empty list is not."""
        value = self(scope)
        return value is not None and value is not False and value not in ("", [], {})


def read_path(value: object, path: Path) -> object:
    """Follow a path into nested objects and lists; where it leads nowhere there is null."""
    for name in path:
        value = inside(value, name)
    return value


def inside(value: object, name: str) -> object:
    """Give what lies in an object under a name, or in a list at a place; -1 is the last."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list) and _PLACE.fullmatch(name) and -len(value) <= int(name) < len(value):
        return value[int(name)]
    return None


def _paths(node: dict[str, Any]) -> Iterator[Path]:
    """Every path that a tree reads, from the root on."""
    kind, children = node["type"], node["children"]
    path = _path(node)
    if path:
        if path[0] not in ROOTS:
            raise ValueError(f"{path[0]!r} is none of the roots {', '.join(ROOTS)}")
        yield path
    elif kind in _BRANCHES or kind == "function_expression":
        if kind == "function_expression" and node["value"] not in Functions.FUNCTION_TABLE:
            raise ValueError(f"{node['value']}() is no function of JMESPath")
        for child in children:
            yield from _paths(child)
    elif kind == "subexpression" and children[0]["type"] == "not_expression":
        raise ValueError("in JMESPath ! binds closer than the dot: write !(memory.name)")
    elif kind != "literal":
        strange = next((child["type"] for child in children if child["type"] != "field"), kind)
        part = strange if kind == "subexpression" else kind
        raise ValueError(f"mappings go without the {part.replace('_', ' ')} of JMESPath")


def _path(node: dict[str, Any]) -> Path | None:
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] == "subexpression" and all(
        child["type"] == "field" for child in node["children"]
    ):
        return tuple(child["value"] for child in node["children"])
    return None


def _shortcut(tree: dict[str, Any]) -> Callable[[Scope], object] | None:
    # Most values of a mapping are a constant or one field; the interpreter would cost these
    # ten times what they are.
    if tree["type"] == "literal":
        constant = tree["value"]
        return lambda _scope: constant
    path = _path(tree)
    return None if path is None else lambda scope: read_path(scope, path)
