"""The command line with all of its commands, for tests that look at each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from monitor.cli import app

if TYPE_CHECKING:
    from collections.abc import Iterator


def listed() -> TyperGroup:
    """Give the program as it starts: its commands are imported when they are called."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return group


def whole() -> TyperGroup:
    """Give the program with every command imported."""
    group = listed()
    for name, one in group.commands.items():
        group.commands[name] = one.make_context(name, [], resilient_parsing=True).command
    return group


def commands() -> dict[str, str]:
    """Give the help of every command, by the words that call it."""
    return dict(_below(whole()))


def _below(group: TyperGroup, *path: str) -> Iterator[tuple[str, str]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _below(command, *path, name)
        else:
            yield " ".join((*path, name)), command.help or ""
