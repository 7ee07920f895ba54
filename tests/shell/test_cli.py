"""Every word of the command line explains itself, and says what an operator must change."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from monitor import cli
from monitor.shell.settings import PREFIX
from tests.commands import commands, listed, whole
from tests.paths import ROOT

if TYPE_CHECKING:
    from tests.shell.conftest import Run


def test_generated_documents_are_in_sync(run: Run) -> None:
    assert run("schemas", "check") == (0, "", "")


def test_a_key_is_written_for_who_asks(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "hash.key"
    assert run("key", "new", file) == (0, "", "")
    status, _, err = run("key", "new", file)

    assert (status, err) == (2, f"error: {file} exists and is kept; fix: choose another name\n")


@pytest.mark.parametrize("command", commands())
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    told = CliRunner().invoke(cli.app, [*command.split(), "--help"])

    assert told.exit_code == 0
    assert f"outcome-monitor {command}" in told.output.partition("Example: ")[2]


@pytest.mark.parametrize("command", commands())
def test_a_flag_is_not_shown_as_if_it_took_a_value(command: str) -> None:
    told = CliRunner().invoke(cli.app, [*command.split(), "--help"]).output

    # That of `--help` is Typer's own.
    assert [line.split()[1] for line in told.splitlines() if "<bool>" in line] == ["--help"]


def test_without_a_command_all_of_them_are_listed(run: Run) -> None:
    status, out, _ = run()

    assert status == 2
    for command in listed().commands:
        assert command in out


@pytest.mark.parametrize("name", listed().commands)
def test_a_command_is_listed_with_the_first_line_of_its_help(name: str) -> None:
    first, _, _ = str(whole().commands[name].help).partition("\n\n")

    assert listed().commands[name].help == first


CLIENTS = [
    ("--help", ""),
    ("no-such-command", ""),
    ("explain chat-1 --log no-such-file", ""),
    ("key --help", ""),
    ("map list", ""),
    ("map check tau2 --sample no-such-file", ""),
    ("policy show", ""),
    ("replay no-such-file", ""),
    ("rules check", ""),
    ("schemas --help", ""),
    ("dead-letters list --help", " aiokafka"),
    ("topics list", " aiokafka"),
    ("worker --help", " aiokafka faust"),
]


@pytest.mark.parametrize(("words", "clients"), CLIENTS)
def test_a_command_loads_no_client_of_kafka_that_it_has_no_use_for(
    words: str, clients: str
) -> None:
    script = (
        "import sys; from monitor.cli import main\n"
        "try: main()\n"
        "finally: sys.exit(' '.join(['loaded', *sorted({'aiokafka', 'faust'} & {*sys.modules})]))"
    )
    command = [sys.executable, "-c", script, *words.split()]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.stderr.endswith(f"loaded{clients}\n"), ended.stderr


EXIT_CODES = [
    (0, ("policy", "show")),
    (1, ("explain", "chat-1", "--worker", "http://127.0.0.1:1")),
    (2, ("explain", "chat-1")),
    (2, ("replay", "no-such-file")),
    (2, ("no-such-command",)),
    (2, ("demo", "--days", "many")),
]


@pytest.mark.parametrize(("code", "command"), EXIT_CODES)
def test_exit_codes_mean_what_the_help_says(run: Run, code: int, command: tuple[str, ...]) -> None:
    told = CliRunner().invoke(cli.app, ["--help"]).output.partition("Exit codes: ")[2]
    # 130 is what an interrupted demo ends with: tests/integration/test_demo.py.
    assert set(re.findall(r"\b\d+\b", told)) == {"130", *(str(each) for each, _ in EXIT_CODES)}

    assert run(*command)[0] == code


def test_the_release_is_told() -> None:
    told = CliRunner().invoke(cli.app, ["--version"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert (told.exit_code, told.output) == (0, f"outcome-monitor {project['version']}\n")


def completed(*words: str) -> set[str]:
    """Ask bash what may come next, as it asks the completion that we install."""
    script = f"""
        eval "$(outcome-monitor --show-completion)"
        COMP_WORDS=({" ".join(words)} '') COMP_CWORD={len(words)}
        [[ "$(complete -p outcome-monitor)" =~ -F\\ ([^ ]+) ]]
        "${{BASH_REMATCH[1]}}" outcome-monitor
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    bash = shutil.which("bash")
    if bash is None and not os.environ.get("CI"):
        pytest.skip("bash is not here")
    assert bash is not None, "CI must try the completion"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    asked = subprocess.run(
        [bash, "-c", script],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(asked.stdout.split())


def test_bash_completes_commands_and_options() -> None:
    assert completed("outcome-monitor") == listed().commands.keys()
    assert completed("outcome-monitor", "dead-letters") == {"list", "show", "redrive"}


NO_POLICY = (
    "nope: No such file or directory; fix: give a file that this user can read; "
    "outcome-monitor policy show writes one"
)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("DATA_DIR", "/dev/null/data", "/dev/null/data: Not a directory"),
        ("POLICY_FILE", "nope", NO_POLICY),
        ("KAFKA_BOOTSTRAP", "kafka", "give host:port, or several of them with commas, not 'kafka'"),
        ("WEB_PORT", "99999", "give a whole number from 0 to 65535, not '99999'"),
    ],
)
def test_a_worker_that_cannot_start_names_the_setting(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    monkeypatch.setenv(f"{PREFIX}{name}", value)

    assert run("worker") == (2, "", f"error: {PREFIX}{name}: {why}\n")
