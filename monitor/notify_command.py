"""The command that runs the notifier."""

from __future__ import annotations

import typer

from monitor.shell.notifier import run_notifier
from monitor.shell.notify_settings import read_notify_settings

app = typer.Typer()


@app.command()
def notify() -> None:
    """Send alerts to a chat or pager, each with example journeys, until SIGTERM or Ctrl-C.

    Alertmanager posts to /alerts; what goes out is JSON with a text.

    Settings come from the environment, all of them with the prefix OUTCOME_MONITOR_NOTIFY_.

    Example: outcome-monitor notify
    after export OUTCOME_MONITOR_NOTIFY_WEBHOOK_URL_FILE=chat-url

    Example: OUTCOME_MONITOR_NOTIFY_PROMETHEUS_URL=http://prometheus:9090
    OUTCOME_MONITOR_NOTIFY_WEBHOOK_URL=http://127.0.0.1:8065/hooks/x outcome-monitor notify
    """
    run_notifier(read_notify_settings())
