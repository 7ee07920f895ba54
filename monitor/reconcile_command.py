"""The command that compares a source's export with what the topics hold."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from monitor.core.moments import DAY, moment_of
from monitor.mapped_logs import STDIO, mapped, mapping_of
from monitor.shell.access import access_of
from monitor.shell.drift import Comparison, Day
from monitor.shell.mapping_pages import told_in_lines
from monitor.shell.mapping_trial import Trial
from monitor.shell.outlet import write_all
from monitor.shell.policy_file import policy_of
from monitor.shell.reconcile import see_topics
from monitor.shell.reconcile_pages import Reconciled, page, told, write_metrics
from monitor.shell.replay import dump
from monitor.shell.settings import read_settings
from monitor.usage import UsageError, require_files

if TYPE_CHECKING:
    from rich.progress import TaskID

    from monitor.adapters.records import Event
    from monitor.core.moments import Moment
    from monitor.shell.settings import Settings

app = typer.Typer()

_PAGE_WIDTH = 160
_DATE = "%Y-%m-%d"

_Json = Annotated[bool, typer.Option("--json", metavar="", help="JSON instead of text.")]


@app.command()
def reconcile(  # noqa: PLR0913  # as many as it has options
    file: Annotated[str, typer.Argument(help="Mapping file, or the name of one of ours.")],
    records: Annotated[
        list[Path],
        typer.Option("--in", help="The export, plain or gzip; - is stdin. Again: the next part."),
    ],
    day: Annotated[
        datetime | None,
        typer.Option(formats=[_DATE], help="Which day, by UTC; without it, yesterday."),
    ] = None,
    produce: Annotated[
        bool,
        typer.Option("--produce", metavar="", help="Send the missing events to the topics, late."),
    ] = False,
    metrics: Annotated[
        Path | None, typer.Option(help="Write what was found here, for the textfile collector.")
    ] = None,
    json_: _Json = False,
) -> None:
    """Compare a source's export with the topics: which events of a day are missing, or differ.

    Records go through the mapping as by `map run`, so the ids are the same. Settings are those of a
    worker. Exits with 1 if there is drift, also where --produce has sent what was missing, or if a
    record could not be mapped.

    Example: outcome-monitor reconcile zendesk --in export.jsonl --day 2026-11-26
    --metrics /var/lib/prometheus/node-exporter/outcome_reconcile.prom
    """
    trial, settings = Trial(mapping_of(file)), read_settings()
    require_files(part for part in records if part != STDIO)
    if metrics is not None and (metrics.is_dir() or not os.access(metrics.parent, os.W_OK)):
        raise UsageError(f"{metrics} cannot be written; fix: name a file where we may write one")
    now = datetime.now(UTC)
    begin = _midnight(now - timedelta(days=1) if day is None else day)
    comparison = _compared(settings, trial, records, begin)
    done = Reconciled(
        mapping=Path(file).stem,
        begin=begin,
        at=moment_of(now),
        comparison=comparison,
        too_late=comparison.too_late(
            moment_of(now) if settings.idle_after_seconds else None, settings.partitions
        ),
        produced=_sent(settings, comparison.missing()) if produce else None,
    )
    if metrics is not None:
        write_metrics(metrics, done)
    _tell(done, json_=json_)
    if comparison.has_drift or not trial.is_clean:
        raise typer.Exit(1)


def _compared(settings: Settings, trial: Trial, records: list[Path], begin: Moment) -> Comparison:
    """Read the export, and then the topics."""
    source = trial.mapping.file.source.literal
    comparison = Comparison(
        Day(begin, begin + DAY),
        policy_of(settings),
        source if isinstance(source, str) else None,
    )
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        for event in mapped(trial, records, progress):
            comparison.expect(event)
        task = progress.add_task("topics", total=None)
        seen = partial(_show, progress, task)
        asyncio.run(see_topics(access_of(settings), comparison, begin, seen))
    console.print(told_in_lines(trial.summary(), trial.told()))
    return comparison


def _tell(done: Reconciled, *, json_: bool) -> None:
    if json_:
        sys.stdout.write(dump(told(done)))
        return
    width = None if sys.stdout.isatty() else _PAGE_WIDTH
    Console(width=width, markup=False, highlight=False).print(page(done))


def _show(progress: Progress, task: TaskID, read: int, of: int) -> None:
    progress.update(task, completed=read, total=of)


def _sent(settings: Settings, events: list[Event]) -> Counter[str]:
    """Send events; give how many of each type there were."""
    if events:
        write_all(settings, events)
    return Counter(event["type"] for event in events)


def _midnight(day: datetime) -> Moment:
    return moment_of(datetime(day.year, day.month, day.day, tzinfo=UTC))
