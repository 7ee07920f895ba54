"""Logs that the command line names, read through a mapping.

The records of several files are one log, in the order in which they are named.
"""

from __future__ import annotations

import secrets
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from monitor.adapters.mapping import load_mapping, read_mapping
from monitor.adapters.records import lines_of
from monitor.adapters.references import References
from monitor.shell.replay import followed
from monitor.shell.settings import read_settings
from monitor.usage import require_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

    from rich.progress import Progress

    from monitor.adapters.mapping import Mapping
    from monitor.adapters.records import Event
    from monitor.shell.mapping_trial import Trial

#: How commands are told of a mapping.
MapOption = Annotated[
    str | None,
    typer.Option("--map", help="Mapping file, or one of ours: outcome-monitor map list."),
]

STDIO = Path("-")
_KEY_BYTES = 16


def mapping_of(name: str, *, leaves: bool = True) -> Mapping:
    """Load a mapping with the keys that the settings name.

    Args:
        name: of one of ours, or the path of a file.
        leaves: whether its events are seen by anybody; if not, any key will do.

    Raises:
        MappingError: there is none, it has mistakes, or it wants a key and has none.
        SettingsError: a key cannot be read.
    """
    key, former = read_settings().reference_keys()
    if key is None and not leaves and read_mapping(name).names_contacts:
        key = secrets.token_bytes(_KEY_BYTES)
    return load_mapping(name, References(key, former))


def mapped(trial: Trial, records: list[Path], progress: Progress) -> Iterator[Event]:
    """Give the events of all parts, and show how far each has been read."""
    for part in records:
        size = None if part == STDIO else part.stat().st_size
        task = progress.add_task("stdin" if size is None else part.name, total=size)
        with opened(part) as file:
            lines = followed(file, partial(progress.update, task)) if size else lines_of(file)
            yield from trial.events(lines)


@contextmanager
def opened(records: Path) -> Iterator[BufferedReader]:
    """Open a log, or stdin where it is -."""
    if records == STDIO:
        yield cast("BufferedReader", sys.stdin.buffer)
        return
    require_files([records])
    with records.open("rb") as file:
        yield file
