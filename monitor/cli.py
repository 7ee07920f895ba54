"""The command line: every word an operator can say to the monitor.

Rule: nothing is imported here but what lists the commands. A command needs a part of the monitor,
few need Faust, and what each needs is imported when it is called.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from monitor.operator_error import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable

#: Where each command is made, and the first line of its help.
COMMANDS = {
    "demo": (
        "demo_command",
        (
            "Play recorded customer journeys, or your log, through a real broker and worker, "
            "and watch."
        ),
    ),
    "doctor": (
        "doctor_command",
        (
            "Examine an installation with the worker's settings, and name the fix of all that is "
            "wrong."
        ),
    ),
    "notify": (
        "notify_command",
        "Send alerts to a chat or pager, each with example journeys, until SIGTERM or Ctrl-C.",
    ),
    "ingest": (
        "ingest_command",
        "Take webhooks and CloudEvents over HTTP, and answer 2xx when Kafka has their events.",
    ),
    "reconcile": (
        "reconcile_command",
        "Compare a source's export with the topics: which events of a day are missing, or differ.",
    ),
    "worker": (
        "worker_command",
        "Run a worker until SIGTERM or Ctrl-C. Settings come from the environment.",
    ),
    "replay": (
        "replay_command",
        "Run the core over recorded logs, without a broker: event time only, same log, same bytes.",
    ),
    "explain": (
        "explain_command",
        "Explain one journey: what happened, what was decided, and by which rule.",
    ),
    "schemas": ("schema_commands", "The contract as JSON Schema and AsyncAPI."),
    "rules": ("rule_commands", "The rules and alerts of Prometheus."),
    "key": ("key_commands", "The key by which customers are hashed."),
    "policy": ("policy_commands", "The numbers that verdicts rest on."),
    "map": ("map_commands", "From the records of other systems to our events."),
    "topics": ("topic_commands", "The topics that workers read and write."),
    "dead-letters": (
        "dead_letter_commands",
        "Records that were no events: list them, look at one, send them again after a repair.",
    ),
}

app = typer.Typer(
    name="outcome-monitor",
    help="What became of the customers that an AI service says it has helped.",
    epilog=(
        "Exit codes: 0 done; 1 it ran, and failed or found something wrong; 2 something must be "
        "changed first: a setting, an argument, a file; 130 ended by Ctrl-C."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _show_release(wanted: bool) -> None:
    if wanted:
        # To read it takes longer than to say what commands there are.
        release = import_module("importlib.metadata").version("outcome-monitor")
        sys.stdout.write(f"outcome-monitor {release}\n")
        raise typer.Exit


@app.callback()
def whole(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_release,
            is_eager=True,
            metavar="",
            help="Show the release.",
        ),
    ] = False,
) -> None:
    """Every command comes after what concerns the whole."""


class _Listed(TyperCommand):
    """Stands for a command in lists. Whoever goes into it comes to the command itself."""

    def make_context(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401  # Typer's are private
        assert self.callback is not None
        return self.callback().make_context(*args, **extra)


def _importer(name: str, module: str) -> Callable[[], Any]:
    def imported() -> object:
        # A group is found by its name, a single command among those that have no group.
        whole = typer.Typer(rich_markup_mode="rich")
        whole.add_typer(import_module(f"monitor.{module}").app)
        return typer.main.get_group(whole).commands[name]

    return imported


for _name, (_module, _line) in COMMANDS.items():
    app.command(_name, cls=_Listed, help=_line)(_importer(_name, _module))


def main() -> None:
    """Run the command line; errors of the operator's are said in one line."""
    try:
        app()
    except OperatorError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
