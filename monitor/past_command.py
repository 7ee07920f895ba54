"""The command that lays the rules out for a past that was loaded into Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.rules import files as rule_files
from monitor.rules import past as past_files
from monitor.rules.boards import files as board_files
from monitor.rules.slo import load_slo
from monitor.shell.policy_file import load_policy
from monitor.usage import UsageError


def past(
    directory: Annotated[Path, typer.Option(help="Where the stages are written.")],
    slo: Annotated[Path, typer.Option(help="SLO file.")] = rule_files.SLO_FILE,
    policy: Annotated[
        Path | None, typer.Option(help="Policy file; without it the default.")
    ] = None,
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
