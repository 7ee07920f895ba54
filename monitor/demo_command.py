"""The command that shows it all on one machine: recorded journeys, or somebody's own log."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from monitor.mapped_logs import STDIO, mapped, mapping_of
from monitor.shell.demo import DemoOptions, run_demo
from monitor.shell.mapping_pages import told_in_lines
from monitor.shell.mapping_trial import Trial
from monitor.shell.player import Play, whole
from monitor.usage import UsageError, require_files

app = typer.Typer()


@app.command()
def demo(  # noqa: PLR0913  # as many as it has options
    *,
    logs: Annotated[
        list[Path] | None,
        typer.Argument(help="Your own log, plain or gzip, in one part or more, with --map."),
    ] = None,
    map_: Annotated[
        str | None,
        typer.Option("--map", help="Its mapping file, or the name of one of ours."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", metavar="", help="Play once, print the summary, exit.")
    ] = False,
    days: Annotated[
        float, typer.Option(min=0.1, max=365, help="How many days of ours to play.")
    ] = 25,
    seconds: Annotated[
        float, typer.Option(min=1, help="How long that takes; your own log is sent at once.")
    ] = 120,
    board_every: Annotated[float, typer.Option(min=1, help="Seconds between two boards.")] = 10,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Port of the pages; 0: a free one."),
    ] = 0,
) -> None:
    """Play recorded customer journeys, or your log, through a real broker and worker, and watch.

    Needs no account, no container and no Java. Everything it starts ends with it. Recorded journeys
    are moved to end now; your own log keeps its times.

    Example: outcome-monitor demo --once --days 14 --seconds 60

    Example: outcome-monitor demo log.csv --map helpdesk.toml
    """
    if (map_ is None) != (not logs):
        raise UsageError("a log of your own needs its mapping; fix: give both the log and --map")
    console = Console()
    own = None if map_ is None else _own(map_, logs or [], console)
    options = DemoOptions(own, days, seconds, board_every, once, port)
    # Told to end by a supervisor is told to end by Ctrl-C: children first.
    # Which a shell's background job would ignore.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    run_demo(options, console)


def _own(map_: str, logs: list[Path], console: Console) -> Play:
    """Map a log before anything is started, and say what became of its records."""
    trial = Trial(mapping_of(map_))
    require_files(part for part in logs if part != STDIO)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        events = list(mapped(trial, logs, progress))
    console.print(told_in_lines(trial.summary(), trial.told()), markup=False)
    if not events:
        raise UsageError(
            "no record became an event; "
            f"fix: outcome-monitor map check {map_} --sample {logs[0]} says why"
        )
    play = whole(events)
    if play.ends > datetime.now(UTC):
        raise UsageError(
            f"the log goes on until {play.ends.isoformat()}, which is still to come; "
            "fix: the time in the log, or its zone in the mapping"
        )
    return play
