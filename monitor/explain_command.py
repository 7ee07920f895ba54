"""The command that explains one journey, from recorded logs or by asking a worker."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from monitor.mapped_logs import MapOption, mapping_of
from monitor.shell.asking import ask
from monitor.shell.explain import explain
from monitor.shell.explanation import shown, standings
from monitor.shell.policy_file import load_policy
from monitor.shell.replay import dump
from monitor.shell.settings import read_settings
from monitor.shell.web_access import proof_of
from monitor.usage import UsageError, require_files

app = typer.Typer()

_PAGE_WIDTH = 120


@app.command(name="explain")
def explain_(  # noqa: PLR0913  # as many as it has options
    case: Annotated[str, typer.Argument(help="A case, a conversation, or a published journey.")],
    log: Annotated[
        list[Path] | None, typer.Option(help="A log, as for replay; may be given again.")
    ] = None,
    map_: MapOption = None,
    policy: Annotated[
        Path | None, typer.Option(help="Policy file; without it the default policy.")
    ] = None,
    worker: Annotated[
        str | None, typer.Option(help="Ask a running worker, by the address of its pages.")
    ] = None,
    customer: Annotated[
        str | None,
        typer.Option(help="With --worker: the customer's reference, so that one worker is asked."),
    ] = None,
    json_: Annotated[
        bool, typer.Option("--json", metavar="", help="JSON instead of text.")
    ] = False,
) -> None:
    """Explain one journey: what happened, what was decided, and by which rule.

    From recorded logs it is a timeline; from a running worker it is how the journey stands now.

    Example: outcome-monitor explain INC0002057 --log incidents.jsonl.gz

    Example: outcome-monitor explain chat-17 --worker http://127.0.0.1:9464 --customer ann
    """
    if worker is not None and not log and map_ is None and policy is None:
        told = ask(worker, case, customer, proof_of(read_settings()))
        text = standings(told)
    elif log and worker is None and customer is None:
        require_files(log)
        mapping = None if map_ is None else mapping_of(map_)
        told = explain(case, log, load_policy(policy), mapping, Console(stderr=True))
        text = shown(told)
    else:
        raise UsageError(
            "explain reads recorded logs or asks a worker; give --log with --map and --policy "
            "as needed, or --worker with --customer if you know it"
        )
    if json_:
        sys.stdout.write(dump(told))
    else:
        Console(width=None if sys.stdout.isatty() else _PAGE_WIDTH).print(text)
