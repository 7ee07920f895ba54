"""The command that takes events over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.shell.gateway_file import load_gateway
from monitor.shell.gateway_run import run_gateway
from monitor.shell.settings import read_settings

app = typer.Typer()


@app.command()
def ingest(file: Annotated[Path, typer.Argument(help="What sources there are, in TOML.")]) -> None:
    """Take webhooks and CloudEvents over HTTP, and answer 2xx when Kafka has their events.

    Kafka and the keys of references are set as for a worker, by the environment.

    Example: outcome-monitor ingest gateway.toml
    """
    run_gateway(load_gateway(file), read_settings())
