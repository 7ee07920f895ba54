"""What `make dist` builds: the same bytes each time, with all that the demo needs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT
from tests.test_tidy import tracked

if TYPE_CHECKING:
    from pathlib import Path

EPOCH = "1790000000"
SBOM = "outcome-monitor.cdx.json"


def make_dist(source: Path, directory: Path) -> dict[str, bytes]:
    """Build from a directory. The environment is the one that the tests run in, as it is."""
    given = {"VENV": sys.prefix, "DIST": directory, "SOURCE_DATE_EPOCH": EPOCH}
    run(
        *("make", "--directory", source, f"--assume-old={sys.prefix}/.test", "dist"),
        *(f"{name}={value}" for name, value in given.items()),
    )
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def run(*command: object, **environment: str) -> str:
    done = subprocess.run(
        list(map(str, command)),
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("release") / "dist"
    make_dist(ROOT, directory)
    return directory


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_it_holds_what_is_to_be_published(dist: Path) -> None:
    kinds = sorted(re.sub(r"-[0-9.]+\d", "", name) for name in content(dist))

    assert kinds == [
        "SHA256SUMS",
        SBOM,
        "outcome_monitor-py3-none-any.whl",
        "outcome_monitor.tar.gz",
    ]
    assert (dist / "SHA256SUMS").read_text().splitlines() == [
        f"{hashlib.sha256(packed).hexdigest()}  {name}"
        for name, packed in sorted(content(dist).items())
        if name != "SHA256SUMS"
    ]


def test_another_checkout_gives_the_same_bytes(dist: Path, tmp_path: Path) -> None:
    """Its files are of another time and of other rights, and it is no git repository."""
    for path in tracked():
        copy = tmp_path / "checkout" / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copy.chmod(0o600)

    assert make_dist(tmp_path / "checkout", tmp_path / "dist") == content(dist)


def test_the_source_gives_the_same_wheel(dist: Path, tmp_path: Path) -> None:
    (packed,) = dist.glob("*.tar.gz")
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    build = (sys.executable, "-m", "hatchling", "build", "--target", "wheel")
    run("env", "--chdir", source, *build, "-d", tmp_path / "dist", SOURCE_DATE_EPOCH=EPOCH)

    (ours,), (theirs,) = (tmp_path / "dist").iterdir(), dist.glob("*.whl")
    assert (ours.name, ours.read_bytes()) == (theirs.name, theirs.read_bytes())


def test_the_bill_of_materials_has_what_is_locked(dist: Path) -> None:
    told = json.loads((dist / SBOM).read_text())
    lock = (ROOT / "deploy" / "requirements.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^(\S+)==(\S+)", lock, flags=re.MULTILINE))

    assert told["bomFormat"] == "CycloneDX"
    assert told["metadata"]["component"]["name"] == "outcome-monitor"
    assert {(one["name"], one["version"]) for one in told["components"]} == locked
    for one in told["components"]:
        hashes = {each["content"] for each in one["externalReferences"][0]["hashes"]}
        assert hashes <= set(re.findall(r"sha256:(\w+)", lock))
        assert hashes


def test_the_demo_runs_from_the_wheel_in_an_empty_environment(dist: Path, tmp_path: Path) -> None:
    """With --no-index nothing comes but what is locked, so that is all that the wheel asks for."""
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    pip = (tmp_path / "venv/bin/python", "-m", "pip", "--no-input", "install")
    run(*pip, "--require-hashes", "-r", ROOT / "deploy" / "requirements.lock")
    run(*pip, "--no-index", "--find-links", dist, "outcome-monitor")
    program = tmp_path / "venv/bin/outcome-monitor"
    assert "cx.conversations" in run("env", "--chdir", tmp_path, program, "topics", "list")

    run(*pip, "--require-hashes", "-r", ROOT / "deploy" / "demo.lock")
    run(*pip, "--no-index", "--find-links", dist, "outcome-monitor[demo]")
    demo = ("demo", "--once", "--days", "5", "--seconds", "2")
    said = run("env", "--chdir", tmp_path, program, *demo, COLUMNS="80", TMPDIR=str(tmp_path))

    assert re.search(r"^ *SF-05 Orphaned", said, re.MULTILINE)
    assert said.endswith("Broker and worker have stopped.\n")
