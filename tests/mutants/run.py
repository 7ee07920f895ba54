"""Plant each bug that is kept here as a patch, and see the test that it names go red.

A patch begins with two lines, ``Bug: ...`` and ``Killed by: <test>``, and is applied to a copy
of the tree. A bug that survives, or a patch that no longer applies, is an error: the first says
that a test cannot fail, the second that the patch is stale. Run it by ``make mutants``.

A bug in what writes the alert rules is seen in the rules only, so they are written anew. Tests of
rules want Prometheus and Alertmanager (`make tools`).
"""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
COPIED = ("monitor", "schemas", "tests", "docs", "deploy")
_NOT_COPIED = shutil.ignore_patterns("__pycache__", "node_modules")
AT_ONCE = 2
# What the rules are made of, as a patch names it.
_OF_RULES = "\n+++ b/monitor/rules/"
# To import what others wrote takes longer than most of the tests. So one process imports it, and
# each bug has a copy of that process to itself. What is ours is never in it.
_IMPORTED = ("faust", "google.protobuf", "hypothesis", "phonenumbers", "pytest", "rich", "typer")
# Now and then Python's server of processes does not learn how one has ended, and says this.
_UNKNOWN = 255
_TRIES = 3
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([*_IMPORTED])
_SAID = "said.log"
_HEAD = re.compile(r"Bug: (?P<bug>.+)\nKilled by: (?P<test>\S+::\S+)\n")


class StaleError(Exception):
    """A patch cannot be used as it is."""


@dataclass(frozen=True)
class Mutant:
    """One planted bug."""

    path: Path
    bug: str
    test: str

    @classmethod
    def read(cls, path: Path) -> Mutant:
        """Read a patch's two first lines."""
        head = _HEAD.match(path.read_text(encoding="utf-8"))
        if head is None:
            raise StaleError(f"{path.name}: does not begin with 'Bug:' and 'Killed by: path::test'")
        return cls(path, head["bug"], head["test"])


def mutants(names: list[str]) -> list[Mutant]:
    """The mutants of these names, or all of them."""
    paths = [HERE / f"{name}.patch" for name in names] or sorted(HERE.glob("*.patch"))
    return [Mutant.read(path) for path in paths]


def copy_tree(directory: Path) -> Path:
    """Copy what tests need of the project."""
    for name in COPIED:
        shutil.copytree(ROOT / name, directory / name, ignore=_NOT_COPIED)
    for name in ("pyproject.toml", "README.md", "Makefile", "CHANGELOG.md"):
        shutil.copy(ROOT / name, directory / name)
    return directory


def survives(mutant: Mutant, tree: Path) -> str | None:
    """Plant a bug, run its test, take the bug back; says what is wrong if nothing goes red."""
    applied = _apply(mutant, tree)
    if applied is not None:
        return f": the patch no longer applies: {applied}"
    makes_rules = _OF_RULES in mutant.path.read_text(encoding="utf-8")
    try:
        if makes_rules and _status(tree, _write_rules):
            return ": the rules cannot be written"
        status = _status(tree, _try, mutant.test)
    finally:
        _apply(mutant, tree, "--reverse")
        if makes_rules:
            shutil.copytree(
                ROOT / "deploy", tree / "deploy", ignore=_NOT_COPIED, dirs_exist_ok=True
            )
    # Anything but tests that ran and failed is no proof.
    if status == pytest.ExitCode.TESTS_FAILED:
        return None
    said = (tree / _SAID).read_text(encoding="utf-8", errors="replace")
    return f": {mutant.test} exits with {status}: {said.strip().splitlines()[-1:]}"


def _status(tree: Path, work: Callable[..., None], *words: str) -> int | None:
    """Do a piece of work with the code of a tree, in a process of its own; give its status."""
    for _ in range(_TRIES):
        process = _PROCESSES.Process(target=_work, args=(tree, work, *words))
        process.start()
        process.join()
        if process.exitcode != _UNKNOWN:
            break
    return process.exitcode


def _work(tree: Path, work: Callable[..., None], *words: str) -> None:
    os.chdir(tree)
    sys.path.insert(0, str(tree))
    with Path(_SAID).open("wb") as said:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(said.fileno(), stream.fileno())
    work(*words)


def _write_rules() -> None:
    # The program is that of the tree.
    from monitor.cli import app  # noqa: PLC0415

    app(["rules", "write"])


def _try(test: str) -> None:
    # To explain a red assertion, pytest compiles every test module anew: nobody will read it.
    options = ("-q", "-x", "-p", "no:cacheprovider", "--assert=plain")
    sys.exit(pytest.main([*options, test]))


def _apply(mutant: Mutant, tree: Path, *how: str) -> str | None:
    run = subprocess.run(
        ["git", "apply", "-C1", "--recount", *how, mutant.path],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    return None if run.returncode == 0 else run.stderr.strip()


def main(names: list[str]) -> int:
    """Try them all, two at a time, and say which live."""
    chosen = mutants(names)
    alive = []
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(AT_ONCE) as pool:
        # No byte code: two versions of a file may be of the same second and size. And what
        # Hypothesis finds in a planted bug is not to be remembered.
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = directory
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(AT_ONCE):
            trees.put(copy_tree(Path(directory) / str(number)))

        def attempt(mutant: Mutant) -> str | None:
            tree = trees.get()
            try:
                return survives(mutant, tree)
            finally:
                trees.put(tree)

        for mutant, wrong in zip(chosen, pool.map(attempt, chosen), strict=True):
            said = f"ALIVE   {mutant.path.stem}{wrong}" if wrong else f"killed  {mutant.path.stem}"
            sys.stdout.write(f"{said}\n")
            sys.stdout.flush()
            if wrong:
                alive.append(mutant)
    sys.stdout.write(f"{len(chosen) - len(alive)} of {len(chosen)} planted bugs were killed\n")
    return 1 if alive else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StaleError as error:
        sys.exit(f"error: {error}")
