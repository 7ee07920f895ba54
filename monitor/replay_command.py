"""The command that gets the same outcomes from recorded logs, without a broker."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from monitor.core.lengths import parse_length, write_length
from monitor.core.moments import MINUTE
from monitor.core.policy import ranges
from monitor.mapped_logs import MapOption, mapping_of
from monitor.shell.history import History
from monitor.shell.policy_file import load_policy
from monitor.shell.replay import dump, dump_line, replay
from monitor.usage import UsageError, require_files, require_writable

app = typer.Typer()


@app.command(name="replay")
def replay_(  # noqa: PLR0913  # as many as it has options
    files: Annotated[list[Path], typer.Argument(help="JSON lines, CSV, XES; plain or gzip.")],
    map_: MapOption = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the report here, not to stdout.")
    ] = None,
    cases: Annotated[
        Path | None, typer.Option(help="Write one line per conversation here.")
    ] = None,
    horizon: Annotated[
        list[str] | None, typer.Option(help="A further horizon of durability, such as 5d or 36h.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="Policy file; without it the default policy.")
    ] = None,
    openmetrics: Annotated[
        Path | None, typer.Option(help="Write the history of all totals here, for promtool.")
    ] = None,
    step: Annotated[str, typer.Option(help="Time between two samples of it.")] = "5m",
    job: Annotated[
        str, typer.Option(help="What Prometheus calls the workers.")
    ] = "outcome-monitor",
) -> None:
    """Run the core over recorded logs, without a broker: event time only, same log, same bytes.

    Without --map every line is a CloudEvent in structured mode. What was read and what was refused
    is told on stderr; exits with 1 if no event was read.

    Example: outcome-monitor replay incidents.jsonl.gz --map uci_incident --horizon 5d
    --report report.json --cases cases.jsonl
    """
    require_files(files)
    for output in (report, cases, openmetrics):
        if output is not None:
            require_writable(output)
    judged_by = load_policy(policy).with_horizons(_horizons(horizon or []))
    mapping = None if map_ is None else mapping_of(map_)
    with ExitStack() as opened:
        history = None
        if openmetrics is not None:
            samples = opened.enter_context(openmetrics.open("w", encoding="utf-8"))
            history = History(samples, _step(step), job)
        replayed = replay(files, judged_by, mapping, Console(stderr=True), history)
    _write(report, dump(replayed.report))
    if cases is not None:
        with cases.open("w", encoding="utf-8") as lines:
            lines.writelines(dump_line(case) for case in replayed.cases)
    sys.stderr.write(f"{replayed.summary()}\n")
    if not replayed.events:
        raise typer.Exit(1)


def _horizons(texts: list[str]) -> tuple[int, ...]:
    return tuple(_horizon(text) for text in texts)


def _write(file: Path | None, text: str) -> None:
    if file is None:
        sys.stdout.write(text)
    else:
        file.write_text(text, encoding="utf-8")


def _step(text: str) -> int:
    try:
        length = parse_length(text)
    except ValueError as error:
        raise UsageError(f"--step {text}: {error}") from None
    if length < MINUTE:
        raise UsageError(f"--step {text}: must be at least {write_length(MINUTE)}")
    return length


def _horizon(text: str) -> int:
    try:
        length = parse_length(text)
    except ValueError as error:
        raise UsageError(f"--horizon {text}: {error}") from None
    low, high = ranges()["horizons"]
    if not low <= length <= high or length % MINUTE:
        raise UsageError(
            f"--horizon {text}: must be whole minutes, "
            f"from {write_length(low)} to {write_length(high)}"
        )
    return length
