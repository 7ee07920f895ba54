"""The command that examines an installation, and names what to do about what is wrong."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.core.policy import Policy
from monitor.rules import files as rule_files
from monitor.rules.slo import SloError, load_slo
from monitor.shell.doctor import Ailment, examine_files, examine_topics, examine_workers
from monitor.shell.doctor_alerts import examine_alertmanager, examine_prometheus
from monitor.shell.policy_file import PolicyError, load_policy
from monitor.shell.replay import dump_line
from monitor.shell.settings import SettingsError, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.shell.settings import Settings

app = typer.Typer()

_Diagnosis = tuple[str, list[Ailment]]


@app.command()
def doctor(
    worker: Annotated[
        list[str] | None,
        typer.Option(help="A worker's address, who tells of the others. Default: the settings'."),
    ] = None,
    prometheus: Annotated[str | None, typer.Option(help="The address of Prometheus.")] = None,
    alertmanager: Annotated[str | None, typer.Option(help="The address of Alertmanager.")] = None,
    slo: Annotated[
        Path | None,
        typer.Option(help="SLO file that the loaded rules should be of; without it the default."),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", metavar="", help="JSON, one a line.")] = False,
) -> None:
    """Examine an installation with the worker's settings, and name the fix of all that is wrong.

    It only looks: nothing is made, changed or sent. Exits with 1 if something is wrong; what it
    merely notes may be over, or meant.

    Example: outcome-monitor doctor --worker http://127.0.0.1:9464
    --prometheus http://127.0.0.1:9090 --alertmanager http://127.0.0.1:9093
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    healthy = True
    for about, ailments in _diagnoses(worker, prometheus, alertmanager, slo):
        is_fine = all(one.is_note for one in ailments)
        healthy = healthy and is_fine
        if json_:
            for one in ailments:
                told = {"about": about, "what": one.what, "fix": one.fix, "note": one.is_note}
                sys.stdout.write(dump_line(told))
            continue
        sys.stdout.write(f"{'fine' if is_fine else 'wrong':5}  {about}\n")
        for one in ailments:
            head = "note: " if one.is_note else ""
            sys.stdout.write(f"       {head}{one.what}\n         fix: {one.fix}\n")
    if not healthy:
        raise typer.Exit(1)


def _diagnoses(
    workers: list[str] | None, prometheus: str | None, alertmanager: str | None, slo: Path | None
) -> Iterator[_Diagnosis]:
    """Examine one thing after the other, for who waits wants to see how far it is."""
    try:
        settings = read_settings()
    except SettingsError as error:
        every = map(SettingsError, str(error).splitlines())
        fix = "docs/settings.md tells what each may be"
        yield "settings", [Ailment.of(one, fix) for one in every]
        return
    yield "settings", list(examine_files(settings))
    yield "topics", asyncio.run(examine_topics(settings))
    urls = workers or [settings.web_url or _address(settings)]
    yield "workers", asyncio.run(examine_workers(urls, settings, datetime.now(UTC)))
    if prometheus is not None:
        yield "prometheus", _of_prometheus(prometheus, slo, settings)
    if alertmanager is not None:
        yield "alertmanager", asyncio.run(examine_alertmanager(alertmanager, prometheus))


def _address(settings: Settings) -> str:
    scheme = "http" if settings.web_certificate_file is None else "https"
    return f"{scheme}://{settings.web_host}:{settings.web_port}"


def _of_prometheus(url: str, slo: Path | None, settings: Settings) -> list[Ailment]:
    try:
        promised = load_slo(slo)
    except SloError as error:
        return [Ailment.of(error, "name the SLO file by --slo")]
    try:
        policy = load_policy(settings.policy_file)
    except PolicyError:
        policy = Policy()  # What is wrong with the file was told before.
    wanted = rule_files.digests(promised, policy)
    return asyncio.run(examine_prometheus(url, promised.job, wanted))
