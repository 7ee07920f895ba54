"""The commands about mapping files: what there are, what one makes of a sample, and its events."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.progress import Progress

from monitor.adapters.mapping import our_mappings, read_mapping
from monitor.adapters.records import lines_of
from monitor.mapped_logs import STDIO, mapped, mapping_of, opened
from monitor.shell.mapping_pages import told_in_lines, trial_page
from monitor.shell.mapping_trial import Trial
from monitor.shell.replay import dump, dump_line
from monitor.shell.settings import read_settings
from monitor.usage import UsageError, require_files, require_writable

app = typer.Typer(
    name="map", help="From the records of other systems to our events.", no_args_is_help=True
)

_PAGE_WIDTH = 160
_FIRST_SENTENCE = re.compile(r"(.+?[.!?])(?=\s+[A-Z]|\s*$)", flags=re.DOTALL)

_Mapping = Annotated[str, typer.Argument(help="Mapping file, or the name of one of ours.")]


@app.command(name="list")
def map_list() -> None:
    """List our own mappings, each with what its records are.

    Example: outcome-monitor map list
    """
    names = our_mappings()
    width = max(len(name) for name in names)
    for name in names:
        about = " ".join(read_mapping(name).about.split())
        first = _FIRST_SENTENCE.match(about)
        sys.stdout.write(f"{name:{width}}  {first[1] if first else about}\n")


@app.command(name="check")
def map_check(
    file: _Mapping,
    sample: Annotated[Path, typer.Option(help="A log, plain or gzip; - is stdin.")],
    json_: Annotated[
        bool, typer.Option("--json", metavar="", help="JSON instead of text.")
    ] = False,
) -> None:
    """Check a mapping file on a sample: what became of it, and which measures it can feed.

    Exits with 1 if a line is no record, or if the contract refuses an event.

    Example: outcome-monitor map check desk.toml --sample export.jsonl
    """
    trial = Trial(mapping_of(file, leaves=False))
    with opened(sample) as records:
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


@app.command(name="run")
def map_run(
    file: _Mapping,
    records: Annotated[
        list[Path],
        typer.Option("--in", help="A log, plain or gzip; - is stdin. Again: the next part."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Where to write the events; - is stdout, the default.")
    ] = None,
    kafka: Annotated[
        bool,
        typer.Option(
            "--kafka", metavar="", help="Write them to the topics; settings are those of a worker."
        ),
    ] = False,
) -> None:
    """Turn records into events, as CloudEvents on lines of JSON, or in the topics.

    The records are one log, in the order in which they were written. What the contract refuses is
    left out and told on stderr; it makes the exit code 1, as a line that is no record does.

    Example: outcome-monitor map run desk.toml --in export.jsonl --out events.jsonl

    Example: outcome-monitor map run desk.toml --in export.jsonl --kafka
    """
    trial = Trial(mapping_of(file))
    require_files(part for part in records if part != STDIO)
    if kafka and out is not None:
        raise UsageError("events go to the topics or to --out; fix: leave one of the two away")
    settings = read_settings() if kafka else None
    target = STDIO if out is None else out
    if target != STDIO:
        _require_unread(target, records)
    console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        events = mapped(trial, records, progress)
        if settings is not None:
            # A client of Kafka costs half a second, and is seldom wanted.
            from monitor.shell.outlet import write_all  # noqa: PLC0415

            written = write_all(settings, events)
        else:
            with _written(target) as lines:
                lines.writelines(map(dump_line, events))
    console.print(told_in_lines(trial.summary(), trial.told()))
    if settings is not None:
        console.print(f"{written:,} events acknowledged by {settings.kafka_bootstrap}")
    if not trial.is_clean:
        raise typer.Exit(1)


def _require_unread(target: Path, records: list[Path]) -> None:
    require_writable(target)
    if any(part != STDIO and part.samefile(target) for part in records):
        raise UsageError(f"{target} is read and cannot be written; fix: choose another --out")


@contextmanager
def _written(out: Path) -> Iterator[TextIO]:
    if out == STDIO:
        yield sys.stdout
        return
    with out.open("w", encoding="utf-8") as events:
        yield events
