"""Plant each bug that is kept here as a patch, and see the test that it names go red.

A patch begins with two lines, ``Bug: ...`` and ``Killed by: <test>``, and is applied to a copy
of the tree. A bug that survives, or a patch that no longer applies, is an error: the first says
that a test cannot fail, the second that the patch is stale. Run it by ``make mutants``.

A bug in what writes the alert rules is seen in the rules only, so they are written anew. Tests of
rules want Prometheus and Alertmanager (`make tools`).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
COPIED = ("monitor", "schemas", "tests", "docs", "deploy")
_NOT_COPIED = shutil.ignore_patterns("__pycache__", "node_modules")
AT_ONCE = 2
# What pytest says when tests ran and failed; anything else is no proof.
RED = 1
# What the rules are made of, as a patch names it; the program is that of the tree.
_OF_RULES = "\n+++ b/monitor/rules/"
_WRITE_RULES = (sys.executable, "-B", "-c", "from monitor.cli import app; app()", "rules", "write")
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
        if makes_rules:
            written = subprocess.run(_WRITE_RULES, cwd=tree, capture_output=True, check=False)
            if written.returncode:
                return ": the rules cannot be written"
        # No byte code: two versions of a file may be of the same second and size.
        command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        # To explain a red assertion, pytest compiles every test module anew: nobody will read it.
        run = subprocess.run(
            [*command, "--assert=plain", mutant.test],
            cwd=tree,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        _apply(mutant, tree, "--reverse")
        if makes_rules:
            shutil.copytree(
                ROOT / "deploy", tree / "deploy", ignore=_NOT_COPIED, dirs_exist_ok=True
            )
    if run.returncode == RED:
        return None
    return f": {mutant.test} exits with {run.returncode}: {run.stdout.strip().splitlines()[-1:]}"


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
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(AT_ONCE) as pool:
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
