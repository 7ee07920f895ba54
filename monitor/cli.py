"""The command line: every word an operator can say to the monitor."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from monitor.adapters.log_error import LogError
from monitor.adapters.mapping import MappingError
from monitor.core.lengths import parse_length, write_length
from monitor.core.moments import MINUTE
from monitor.core.policy import ranges
from monitor.dead_letter_commands import dead_letters_app
from monitor.demo_command import demo
from monitor.doctor_command import doctor
from monitor.ingest_command import ingest
from monitor.map_commands import map_app
from monitor.mapped_logs import mapping_of
from monitor.notify_command import notify
from monitor.reconcile_command import reconcile
from monitor.rule_commands import rules_app
from monitor.rules.slo import SloError
from monitor.shell.child import ChildError
from monitor.shell.dead_letters import DeadLetterError
from monitor.shell.demo import DemoError
from monitor.shell.explain import CaseError, explain
from monitor.shell.explanation import shown, standings
from monitor.shell.gateway_file import GatewayError
from monitor.shell.history import History
from monitor.shell.inquiry import AddressError, InquiryError, ask
from monitor.shell.outlet import OutletError
from monitor.shell.policy_file import PolicyError, difference, load_policy, policy_of, show
from monitor.shell.replay import dump, dump_line, replay
from monitor.shell.settings import SettingsError, read_settings, write_new_key
from monitor.shell.topics import TopicError
from monitor.shell.web_access import proof_of
from monitor.shell.worker import run_worker
from monitor.topic_commands import topics_app
from monitor.usage import UsageError, require_files, require_writable
from schemas import documents

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
schemas_app = typer.Typer(help="The contract as JSON Schema and AsyncAPI.", no_args_is_help=True)
key_app = typer.Typer(help="The key by which customers are hashed.", no_args_is_help=True)
policy_app = typer.Typer(help="The numbers that verdicts rest on.", no_args_is_help=True)
app.command()(demo)
app.add_typer(schemas_app, name="schemas")
app.add_typer(rules_app, name="rules")
app.add_typer(key_app, name="key")
app.add_typer(policy_app, name="policy")
app.add_typer(map_app, name="map")
app.command(name="doctor")(doctor)
app.add_typer(topics_app, name="topics")
app.add_typer(dead_letters_app, name="dead-letters")
app.command()(notify)
app.command()(ingest)
app.command()(reconcile)

_PAGE_WIDTH = 120

_Map = Annotated[
    str | None,
    typer.Option("--map", help="Mapping file, or one of ours: outcome-monitor map list."),
]


@app.command()
def worker() -> None:
    """Run a worker until SIGTERM or Ctrl-C. Settings come from the environment.

    Example: OUTCOME_MONITOR_KAFKA_BOOTSTRAP=kafka:9092 OUTCOME_MONITOR_HASH_KEY_FILE=hash.key
    outcome-monitor worker
    """
    settings = read_settings()
    run_worker(settings, policy_of(settings))


@app.command(name="replay")
def replay_(  # noqa: PLR0913  # as many as it has options
    files: Annotated[list[Path], typer.Argument(help="JSON lines, CSV, XES; plain or gzip.")],
    map_: _Map = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the report here, not to stdout.")
    ] = None,
    cases: Annotated[
        Path | None, typer.Option(help="Write one line per conversation here.")
    ] = None,
    horizon: Annotated[
        list[str] | None, typer.Option(help="A further horizon of durability, such as 5d or 36h.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="Policy file; without it the default policy.")
    ] = None,
    openmetrics: Annotated[
        Path | None, typer.Option(help="Write the history of all totals here, for promtool.")
    ] = None,
    step: Annotated[str, typer.Option(help="Time between two samples of it.")] = "5m",
    job: Annotated[
        str, typer.Option(help="What Prometheus calls the workers.")
    ] = "outcome-monitor",
) -> None:
    """Run the core over recorded logs, without a broker: event time only, same log, same bytes.

    Without --map every line is a CloudEvent in structured mode. What was read and what was refused
    is told on stderr; exits with 1 if no event was read.

    Example: outcome-monitor replay incidents.jsonl.gz --map uci_incident --horizon 5d
    --report report.json --cases cases.jsonl
    """
    require_files(files)
    for output in (report, cases, openmetrics):
        if output is not None:
            require_writable(output)
    judged_by = load_policy(policy).with_horizons(_horizons(horizon or []))
    mapping = None if map_ is None else mapping_of(map_)
    with ExitStack() as opened:
        history = None
        if openmetrics is not None:
            samples = opened.enter_context(openmetrics.open("w", encoding="utf-8"))
            history = History(samples, _step(step), job)
        replayed = replay(files, judged_by, mapping, Console(stderr=True), history)
    _write(report, dump(replayed.report))
    if cases is not None:
        with cases.open("w", encoding="utf-8") as lines:
            lines.writelines(dump_line(case) for case in replayed.cases)
    sys.stderr.write(f"{replayed.summary()}\n")
    if not replayed.events:
        raise typer.Exit(1)


@app.command(name="explain")
def explain_(  # noqa: PLR0913  # as many as it has options
    case: Annotated[str, typer.Argument(help="A case, a conversation, or a published journey.")],
    log: Annotated[
        list[Path] | None, typer.Option(help="A log, as for replay; may be given again.")
    ] = None,
    map_: _Map = None,
    policy: Annotated[
        Path | None, typer.Option(help="Policy file; without it the default policy.")
    ] = None,
    worker: Annotated[
        str | None, typer.Option(help="Ask a running worker, by the address of its pages.")
    ] = None,
    customer: Annotated[
        str | None,
        typer.Option(help="With --worker: the customer's reference, so that one worker is asked."),
    ] = None,
    json_: Annotated[
        bool, typer.Option("--json", metavar="", help="JSON instead of text.")
    ] = False,
) -> None:
    """Explain one journey: what happened, what was decided, and by which rule.

    From recorded logs it is a timeline; from a running worker it is how the journey stands now.

    Example: outcome-monitor explain INC0002057 --log incidents.jsonl.gz

    Example: outcome-monitor explain chat-17 --worker http://127.0.0.1:9464 --customer ann
    """
    if worker is not None and not log and map_ is None and policy is None:
        told = ask(worker, case, customer, proof_of(read_settings()))
        text = standings(told)
    elif log and worker is None and customer is None:
        require_files(log)
        mapping = None if map_ is None else mapping_of(map_)
        told = explain(case, log, load_policy(policy), mapping, Console(stderr=True))
        text = shown(told)
    else:
        raise UsageError(
            "explain reads recorded logs or asks a worker; give --log with --map and --policy "
            "as needed, or --worker with --customer if you know it"
        )
    if json_:
        sys.stdout.write(dump(told))
    else:
        Console(width=None if sys.stdout.isatty() else _PAGE_WIDTH).print(text)


@schemas_app.command(name="write")
def schemas_write() -> None:
    """Write the generated documents anew.

    Example: outcome-monitor schemas write
    """
    documents.write()


@schemas_app.command(name="check")
def schemas_check() -> None:
    """Compare the checked-in documents with what would be generated.

    Example: outcome-monitor schemas check
    """
    stale = documents.differences()
    if stale:
        raise UsageError(f"not in sync: {', '.join(stale)}; fix: outcome-monitor schemas write")


@key_app.command(name="new")
def key_new(file: Annotated[Path, typer.Argument(help="Where to write it.")]) -> None:
    """Write a fresh key that only you can read. An existing one is never replaced.

    Example: outcome-monitor key new hash.key
    """
    write_new_key(file)


@policy_app.command(name="show")
def policy_show(
    file: Annotated[
        Path | None, typer.Argument(help="Policy file; without it the default.")
    ] = None,
) -> None:
    """Write the whole policy to stdout, every key with its reason and range, ready to be changed.

    Example: outcome-monitor policy show > policy.toml
    """
    sys.stdout.write(show(load_policy(file)))


@policy_app.command(name="check")
def policy_check(file: Annotated[Path, typer.Argument(help="Policy file.")]) -> None:
    """Check a policy file, and say how records will name it.

    Example: outcome-monitor policy check policy.toml
    """
    sys.stdout.write(f"{file}: fine; records will name it {load_policy(file).label}\n")


@policy_app.command(name="diff")
def policy_diff(
    file: Annotated[Path, typer.Argument(help="Policy file.")],
    other: Annotated[Path | None, typer.Argument(help="Another; without it the default.")] = None,
) -> None:
    """Say key by key what a policy file changes.

    Example: outcome-monitor policy diff policy.toml
    """
    lines = difference(load_policy(other), load_policy(file))
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def main() -> None:
    """Run the command line; errors of the operator's are said in one line."""
    try:
        app()
    except (
        AddressError,
        DeadLetterError,
        GatewayError,
        SettingsError,
        MappingError,
        PolicyError,
        SloError,
        TopicError,
        ChildError,
        CaseError,
        LogError,
        UsageError,
    ) as error:
        _say(error)
        raise SystemExit(2) from None
    except (DemoError, InquiryError, OutletError) as error:
        _say(error)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _say(error: Exception) -> None:
    sys.stderr.write(f"error: {error}\n")


def _horizons(texts: list[str]) -> tuple[int, ...]:
    return tuple(_horizon(text) for text in texts)


def _write(file: Path | None, text: str) -> None:
    if file is None:
        sys.stdout.write(text)
    else:
        file.write_text(text, encoding="utf-8")


def _step(text: str) -> int:
    try:
        length = parse_length(text)
    except ValueError as error:
        raise UsageError(f"--step {text}: {error}") from None
    if length < MINUTE:
        raise UsageError(f"--step {text}: must be at least {write_length(MINUTE)}")
    return length


def _horizon(text: str) -> int:
    try:
        length = parse_length(text)
    except ValueError as error:
        raise UsageError(f"--horizon {text}: {error}") from None
    low, high = ranges()["horizons"]
    if not low <= length <= high or length % MINUTE:
        raise UsageError(
            f"--horizon {text}: must be whole minutes, "
            f"from {write_length(low)} to {write_length(high)}"
        )
    return length


if __name__ == "__main__":
    main()
