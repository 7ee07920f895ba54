"""The commands about mapping files: what there are, what one makes of a sample, and its events."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Annotated, TextIO, cast

import typer
from rich.console import Console
from rich.progress import Progress

from monitor.adapters.mapping import load_mapping, our_mappings
from monitor.shell.mapping_pages import told_in_lines, trial_page
from monitor.shell.mapping_trial import Trial
from monitor.shell.replay import dump, dump_line, lines_of
from monitor.usage import UsageError, require_files, require_writable

map_app = typer.Typer(help="From the records of other systems to our events.", no_args_is_help=True)

STDIO = Path("-")
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


@map_app.command(name="run")
def map_run(
    file: _Mapping,
    records: Annotated[
        list[Path],
        typer.Option("--in", help="JSON lines, plain or gzip; - is stdin. Again: the next part."),
    ],
    out: Annotated[Path, typer.Option(help="Where to write the events; - is stdout.")] = STDIO,
) -> None:
    """Turn records into events, as CloudEvents on lines of JSON.

    The records are one log, in the order in which they were written. What the contract refuses is
    left out and told on stderr; it makes the exit code 1, as a line that is no record does.

    Example: outcome-monitor map run desk.toml --in export.jsonl --out events.jsonl
    """
    trial = Trial(load_mapping(file))
    require_files(part for part in records if part != STDIO)
    if out != STDIO:
        require_writable(out)
        if any(part != STDIO and part.samefile(out) for part in records):
            raise UsageError(f"{out} is read and cannot be written; fix: choose another --out")
    console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    with (
        _written(out) as events,
        Progress(console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        for part in records:
            events.writelines(map(dump_line, trial.events(_followed(part, progress))))
    console.print(told_in_lines(trial.summary(), trial.told()))
    if not trial.is_clean:
        raise typer.Exit(1)


def _followed(part: Path, progress: Progress) -> Iterator[bytes]:
    """Give the lines of one part, and show how far they have been read."""
    size = None if part == STDIO else part.stat().st_size
    task = progress.add_task("stdin" if size is None else part.name, total=size)
    with _opened(part) as file:
        for line in lines_of(file):
            yield line
            if size is not None:
                progress.update(task, completed=file.tell())


@contextmanager
def _written(out: Path) -> Iterator[TextIO]:
    if out == STDIO:
        yield sys.stdout
        return
    with out.open("w", encoding="utf-8") as events:
        yield events


@contextmanager
def _opened(records: Path) -> Iterator[BufferedReader]:
    if records == STDIO:
        yield cast("BufferedReader", sys.stdin.buffer)
        return
    require_files([records])
    with records.open("rb") as file:
        yield file
