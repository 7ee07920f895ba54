"""The version has one place, and whoever else names it says the same."""

from __future__ import annotations

import re
import tomllib

import yaml

from tests.paths import ROOT

CHART = ROOT / "deploy" / "helm" / "outcome-monitor" / "Chart.yaml"


def version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def test_chart_and_product_have_one_version() -> None:
    chart = yaml.safe_load(CHART.read_text(encoding="utf-8"))

    assert (chart["version"], chart["appVersion"]) == (version(), version())


def test_the_readme_names_the_version_that_it_comes_with() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"^- Version (\d+\.\d+)\.", readme, flags=re.MULTILINE)

    assert version().startswith(f"{named}.")


def test_the_changelog_ends_with_this_version_once_it_is_released() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased, *released = re.findall(r"^## \[([^]]+)\]", changelog, flags=re.MULTILINE)

    assert unreleased == "Unreleased"
    assert released[:1] in ([], [version()])
