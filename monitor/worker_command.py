"""The command that runs a worker."""

from __future__ import annotations

import typer

from monitor.shell.policy_file import policy_of
from monitor.shell.settings import read_settings
from monitor.shell.worker import run_worker

app = typer.Typer()


@app.command()
def worker() -> None:
    """Run a worker until SIGTERM or Ctrl-C. Settings come from the environment.

    Example: OUTCOME_MONITOR_KAFKA_BOOTSTRAP=kafka:9092 OUTCOME_MONITOR_HASH_KEY_FILE=hash.key
    outcome-monitor worker
    """
    settings = read_settings()
    run_worker(settings, policy_of(settings))
