"""The commands about policy files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor.shell.policy_file import difference, load_policy, show

app = typer.Typer(name="policy", help="The numbers that verdicts rest on.", no_args_is_help=True)


@app.command(name="show")
def policy_show(
    file: Annotated[
        Path | None, typer.Argument(help="Policy file; without it the default.")
    ] = None,
) -> None:
    """Write the whole policy to stdout, every key with its reason and range, ready to be changed.

    Example: outcome-monitor policy show > policy.toml
    """
    sys.stdout.write(show(load_policy(file)))


@app.command(name="check")
def policy_check(file: Annotated[Path, typer.Argument(help="Policy file.")]) -> None:
    """Check a policy file, and say how records will name it.

    Example: outcome-monitor policy check policy.toml
    """
    sys.stdout.write(f"{file}: fine; records will name it {load_policy(file).label}\n")


@app.command(name="diff")
def policy_diff(
    file: Annotated[Path, typer.Argument(help="Policy file.")],
    other: Annotated[Path | None, typer.Argument(help="Another; without it the default.")] = None,
) -> None:
    """Say key by key what a policy file changes.

    Example: outcome-monitor policy diff policy.toml
    """
    lines = difference(load_policy(other), load_policy(file))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
