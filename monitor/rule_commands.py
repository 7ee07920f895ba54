"""The commands about what Prometheus, Grafana and Alertmanager are given."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor.rules import files as rule_files
from monitor.rules import past as past_files
from monitor.rules import routes as route_files
from monitor.rules.boards import files as board_files
from monitor.rules.slo import default_slo, load_slo
from monitor.shell.policy_file import load_policy
from monitor.usage import UsageError

app = typer.Typer(name="rules", help="The rules and alerts of Prometheus.", no_args_is_help=True)

_Slo = Annotated[Path | None, typer.Option(help="SLO file; without it the default.")]
_Directory = Annotated[Path, typer.Option(help="Where the rule files lie.")]
_Boards = Annotated[Path, typer.Option(help="Where the dashboards of Grafana lie.")]
_Routes = Annotated[Path, typer.Option(help="Where the configuration of Alertmanager lies.")]
_PolicyFile = Annotated[Path | None, typer.Option(help="Policy file; without it the default.")]


@app.command(name="write")
def rules_write(
    slo: _Slo = None,
    directory: _Directory = rule_files.DIRECTORY,
    policy: _PolicyFile = None,
    dashboards: _Boards = board_files.DIRECTORY,
    alertmanager: _Routes = route_files.DIRECTORY,
) -> None:
    """Write the rule files of an SLO file, for Prometheus to load, dashboards and routes.

    Example: outcome-monitor rules write --slo slo.toml --directory /etc/prometheus/outcomes
    """
    wanted = rule_files.files(load_slo(slo), load_policy(policy))
    try:
        rule_files.write(wanted, directory)
        rule_files.write(board_files.files(load_slo(slo)), dashboards, board_files.SUFFIX)
        rule_files.write(route_files.routes(load_slo(slo)), alertmanager, route_files.NAME)
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}") from None
    if examples := load_slo(slo).links.examples():
        keys = ", ".join(f"links.{key}" for key in examples)
        file = slo or "the default SLO file"
        sys.stderr.write(f"note: {file}: {keys} are still examples; alerts lead nowhere by them\n")


@app.command(name="check")
def rules_check(
    slo: _Slo = None,
    directory: _Directory = rule_files.DIRECTORY,
    policy: _PolicyFile = None,
    dashboards: _Boards = board_files.DIRECTORY,
    alertmanager: _Routes = route_files.DIRECTORY,
) -> None:
    """Compare the rule files, dashboards and routes with what would be written.

    Example: outcome-monitor rules check
    """
    wanted = rule_files.files(load_slo(slo), load_policy(policy))
    boards = board_files.files(load_slo(slo))
    stale = [
        *rule_files.differences(wanted, directory),
        *rule_files.differences(boards, dashboards, board_files.SUFFIX),
        *rule_files.differences(route_files.routes(load_slo(slo)), alertmanager, route_files.NAME),
    ]
    if stale:
        raise UsageError(f"not in sync: {', '.join(stale)}; fix: outcome-monitor rules write")


@app.command(name="show")
def rules_show(slo: _Slo = None, policy: _PolicyFile = None) -> None:
    """Write the rules to stdout, all files one after the other.

    Example: outcome-monitor rules show --slo slo.toml
    """
    for text in rule_files.files(load_slo(slo), load_policy(policy)).values():
        sys.stdout.write(f"---\n{text}")


@app.command(name="slo")
def rules_slo() -> None:
    """Write the default SLO file to stdout, every key with its meaning, ready to be changed.

    Example: outcome-monitor rules slo > slo.toml
    """
    sys.stdout.write(default_slo())


@app.command(name="past")
def rules_past(
    directory: Annotated[Path, typer.Option(help="Where the stages are written.")],
    slo: _Slo = None,
    policy: _PolicyFile = None,
    step: Annotated[str, typer.Option(help="Time between two samples of the history.")] = "1h",
) -> None:
    """Write the rules in stages, for promtool to evaluate over history, one after the other.

    Example: outcome-monitor rules past --directory past
    """
    objectives = load_slo(slo)
    files = rule_files.groups(objectives, load_policy(policy)).values()
    groups = [group for parts in files for group in parts]
    stages = past_files.files(groups, board_files.files(objectives).values(), step)
    try:
        rule_files.write(stages, directory)
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}") from None
