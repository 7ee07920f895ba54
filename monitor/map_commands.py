"""The commands about mapping files: what there are, what one makes of a sample, and its events."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console

from monitor.adapters.mapping import load_mapping, our_mappings
from monitor.shell.mapping_pages import trial_page
from monitor.shell.mapping_trial import Trial
from monitor.shell.replay import dump, lines_of
from monitor.usage import require_files

map_app = typer.Typer(help="From the records of other systems to our events.", no_args_is_help=True)

STDIN = Path("-")
_PAGE_WIDTH = 160
_FIRST_SENTENCE = re.compile(r"(.+?[.!?])(?=\s+[A-Z]|\s*$)", flags=re.DOTALL)

_Mapping = Annotated[str, typer.Argument(help="Mapping file, or the name of one of ours.")]


@map_app.command(name="list")
def map_list() -> None:
    """List our own mappings, each with what its records are.

    Example: outcome-monitor map list
    """
    names = our_mappings()
    width = max(len(name) for name in names)
    for name in names:
        about = " ".join(load_mapping(name).file.about.split())
        first = _FIRST_SENTENCE.match(about)
        sys.stdout.write(f"{name:{width}}  {first[1] if first else about}\n")


@map_app.command(name="check")
def map_check(
    file: _Mapping,
    sample: Annotated[Path, typer.Option(help="JSON lines, plain or gzip; - is stdin.")],
    json_: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Check a mapping file on a sample: what became of it, and which measures it can feed.

    Exits with 1 if a line is no record, or if the contract refuses an event.

    Example: outcome-monitor map check desk.toml --sample export.jsonl
    """
    trial = Trial(load_mapping(file))
    with _opened(sample) as records:
        for _ in trial.events(lines_of(records)):
            pass
    if json_:
        sys.stdout.write(dump(trial.told()))
    else:
        width = None if sys.stdout.isatty() else _PAGE_WIDTH
        console = Console(width=width, markup=False, highlight=False)
        console.print(trial_page(trial.summary(), trial.told()))
    if not trial.is_clean:
        raise typer.Exit(1)


@contextmanager
def _opened(records: Path) -> Iterator[BufferedReader]:
    if records == STDIN:
        yield cast("BufferedReader", sys.stdin.buffer)
        return
    require_files([records])
    with records.open("rb") as file:
        yield file
