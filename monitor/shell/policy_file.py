"""The policy as a TOML file: reading, writing and comparing it."""

from __future__ import annotations

import json
import textwrap
import tomllib
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from monitor.core.policy import FROM_FILE, NAMES, Policy, range_of, reason_of
from monitor.operator_error import OperatorError
from monitor.shell.settings import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.shell.settings import Settings

_POLICY = TypeAdapter(Policy)
_WIDTH = 96


class PolicyError(OperatorError):
    """A policy file cannot be used. The message names the file, the key and what it may be."""


def load_policy(path: Path | None) -> Policy:
    """The policy of a file, or the default one. What the file leaves out has its default.

    Raises:
        PolicyError: the file is not there, is no TOML, or holds what it must not.
    """
    if path is None:
        return Policy()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return _POLICY.validate_python(content, context=FROM_FILE)
    except OSError as error:
        fix = "give a file that this user can read; outcome-monitor policy show writes one"
        raise PolicyError(f"{path}: {error.strerror}; fix: {fix}") from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        lines = [f"{path}: {_say(one['loc'], one['msg'])}" for one in found]
        raise PolicyError("\n".join(lines)) from None
    except ValueError as error:
        raise PolicyError(f"{path}: {error}") from None


def policy_of(settings: Settings) -> Policy:
    """The policy that the settings name.

    Raises:
        PolicyError: as for a file; the setting is named as well.
    """
    try:
        return load_policy(settings.policy_file)
    except PolicyError as error:
        lines = [f"{PREFIX}POLICY_FILE: {line}" for line in str(error).splitlines()]
        raise PolicyError("\n".join(lines)) from None


def show(policy: Policy) -> str:
    """The whole policy as a file with comments, ready to be changed."""
    tables, parts = [], []
    for name in NAMES:
        comment = textwrap.wrap(_about(name), _WIDTH, initial_indent="# ", subsequent_indent="# ")
        value = dump(policy)[name]
        if isinstance(value, dict):
            tables.append("\n".join([*comment, *_table(name, value)]))
        else:
            parts.append("\n".join([*comment, f"{name} = {json.dumps(value)}"]))
    return "\n\n".join([*parts, *tables]) + "\n"


def difference(one: Policy, other: Policy) -> list[str]:
    """What differs, key by key."""
    before, after = dump(one), dump(other)
    return [line for name in NAMES for line in _differ(name, before[name], after[name])]


def dump(policy: Policy) -> dict[str, Any]:
    """The policy as plain values, lengths with their units."""
    plain: dict[str, Any] = _POLICY.dump_python(policy, mode="json")
    plain["compatible_groups"] = sorted(sorted(pair) for pair in policy.compatible_groups)
    return plain


def _table(path: str, table: dict[str, Any]) -> Iterator[str]:
    """A table of TOML and, after its own rows, the tables within it."""
    within = {key: value for key, value in table.items() if isinstance(value, dict)}
    yield f"[{path}]"
    for key, value in table.items():
        if key not in within:
            yield f"{json.dumps(key)} = {json.dumps(value)}"
    for key, value in within.items():
        yield ""
        yield from _table(f"{path}.{json.dumps(key)}", value)


def _differ(path: str, before: object, after: object) -> Iterator[str]:
    """What differs between two values, down to the last key of tables."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from _differ(f"{path}.{key}", before.get(key), after.get(key))
    elif before != after:
        yield f"{path}: {_plain(before)} -> {_plain(after)}"


def _plain(value: object) -> str:
    return "nothing" if value is None else json.dumps(value)


def _about(name: str) -> str:
    reason, span = reason_of(name), range_of(name)
    return f"{reason} ({span})" if span else reason


def _say(place: tuple[int | str, ...], message: str) -> str:
    dotted = ".".join(str(part) for part in place)
    plain = message.removeprefix("Value error, ").replace("a valid frozenset", "a list")
    span = range_of(str(place[0])) if place and place[0] in NAMES else ""
    if plain == "Unexpected keyword argument":
        plain = "there is no such key; outcome-monitor policy show lists them"
    elif span and span not in plain:
        plain = f"{plain}; it may be {span}"
    return f"{dotted}: {plain}" if dotted else plain
