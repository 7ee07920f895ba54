"""Names with dots, as objects in objects."""

from __future__ import annotations

from typing import Any


def put(nested: dict[str, Any], name: str, value: object) -> None:
    """Put a value under ``a.b`` as ``{a: {b: value}}``; what else has the name ``a`` stays."""
    *parents, last = name.split(".")
    for parent in parents:
        nested = nested.setdefault(parent, {})
        if not isinstance(nested, dict):
            return
    if not isinstance(nested.get(last), dict):
        nested[last] = value
