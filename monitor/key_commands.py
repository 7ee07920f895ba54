"""The command about the key by which customers are hashed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.shell.settings import write_new_key

app = typer.Typer(name="key", help="The key by which customers are hashed.", no_args_is_help=True)


@app.command(name="new")
def key_new(file: Annotated[Path, typer.Argument(help="Where to write it.")]) -> None:
    """Write a fresh key that only you can read. An existing one is never replaced.

    Example: outcome-monitor key new hash.key
    """
    write_new_key(file)
