"""The commands about the contract as documents."""

from __future__ import annotations

import typer

from monitor.usage import UsageError
from schemas import documents

app = typer.Typer(
    name="schemas", help="The contract as JSON Schema and AsyncAPI.", no_args_is_help=True
)


@app.command(name="write")
def schemas_write() -> None:
    """Write the generated documents anew.

    Example: outcome-monitor schemas write
    """
    documents.write()


@app.command(name="check")
def schemas_check() -> None:
    """Compare the checked-in documents with what would be generated.

    Example: outcome-monitor schemas check
    """
    stale = documents.differences()
    if stale:
        raise UsageError(f"not in sync: {', '.join(stale)}; fix: outcome-monitor schemas write")
