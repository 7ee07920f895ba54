"""The documents say what is there: every metric, setting, policy and command, and no dead link."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from monitor.core.catalogue import METRICS
from monitor.core.form import STATE_VERSION, STATES_READ
from monitor.core.lengths import write_length
from monitor.core.policy import NAMES, Policy, ranges, reason_of
from monitor.shell.drift import ARRIVALS, RESULTS, Comparison, Day, OfType
from monitor.shell.gateway_file import GatewayFile, SourceFile
from monitor.shell.gateway_metrics import GatewayMetrics
from monitor.shell.reconcile_pages import Reconciled, metrics_of
from monitor.shell.settings import Settings
from monitor.shell.signatures import SCHEMES
from tests import reference
from tests.adapters.told import VENDORS
from tests.commands import commands
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted([ROOT / "README.md", ROOT / "schemas" / "README.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
COMMAND = re.compile(
    r"outcome-monitor ([a-z][a-z-]*"
    r"(?: (?:new|write|check|show|diff|list|run|redrive|create|past|slo))?)"
)


def rows(page: str) -> list[str]:
    """Give the first cell of each table row, without its quotes."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE)


def test_every_outcome_metric_has_its_row() -> None:
    assert [row for row in rows("metrics.md") if row in METRICS] == list(METRICS)


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_a_metric_is_described_as_it_is(metric: object) -> None:
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    one = METRICS[str(getattr(metric, "name", ""))]
    labels = ", ".join(f"`{label}`" for label in one.labels) or "none"

    assert f"| `{one.name}` | {one.kind} | {labels} | {one.help} |" in text


def test_the_edges_of_every_histogram_are_listed() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    for metric in METRICS.values():
        if metric.kind == "histogram":
            spelled = [write_length(edge) if metric.unit else str(edge) for edge in metric.buckets]
            assert f"- `{metric.name}`: {', '.join(spelled)}\n" in text


def test_every_setting_has_its_row() -> None:
    assert rows("settings.md") == [name.upper() for name in Settings.model_fields]


def test_every_key_of_the_gateway_and_every_signature_has_its_row() -> None:
    keys = [*GatewayFile.model_fields, *SourceFile.model_fields]

    assert [row for row in rows("ingest.md") if row in keys] == keys
    assert {row for row in rows("ingest.md") if row in SCHEMES} == SCHEMES.keys()


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_mapping_for_a_sender_has_its_row(vendor: str) -> None:
    text = (ROOT / "docs" / "ingest.md").read_text(encoding="utf-8")
    (signature,) = re.findall(rf"^\| `{vendor}` \| `(\w+)` \| ", text, flags=re.MULTILINE)

    assert signature in SCHEMES


def test_every_metric_of_the_gateway_has_its_row() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    page, _ = GatewayMetrics(["desk"]).page("")
    heads = r"^# HELP (cx_\S+(?<!_created)) (.*)$"
    told = dict(re.findall(heads, page.decode(), flags=re.MULTILINE))

    assert told
    for name, help_ in told.items():
        assert re.search(rf"^\| `{name}` \| .* \| {help_} \|$", text, flags=re.MULTILINE), name


def test_every_metric_of_a_reconciliation_has_its_row() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    comparison = Comparison(Day(0, 1), Policy(), None)
    comparison.types["x"] = OfType()
    done = Reconciled("desk", 0, 0, comparison, too_late=0, produced=None)
    families = list(metrics_of(done).collect())

    assert families
    for family in families:
        labels = ", ".join(f"`{label}`" for label in family.samples[0].labels)
        row = f"| `{family.name}` | {family.type} | {labels} | {family.documentation} |\n"
        assert row in text, family.name
    told = {value for family in families for one in family.samples for value in one.labels.values()}
    assert told == {"desk", "x", *RESULTS, *ARRIVALS}
    assert all(f"`{value}`" in text for value in (*RESULTS, *ARRIVALS))


def test_every_number_of_the_policy_has_its_row() -> None:
    assert rows("policy.md") == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_number_of_the_policy_is_explained_as_it_is(name: str) -> None:
    text = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    (row,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]

    assert reason_of(name) in row
    assert all(write_length(length) in row for length in ranges().get(name, ()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_leads_nowhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_first_page_leads_to_all_others() -> None:
    linked = set(LINK.findall((ROOT / "docs" / "index.md").read_text(encoding="utf-8")))

    assert {page.name for page in (ROOT / "docs").glob("*.md")} - linked == {"index.md"}


def test_the_page_about_upgrades_names_the_versions_of_the_state() -> None:
    text = (ROOT / "docs" / "upgrades.md").read_text(encoding="utf-8")
    read = " and ".join(map(str, STATES_READ))

    assert f"this release writes version {STATE_VERSION} and reads {read} |" in text


def test_every_test_that_is_named_as_a_defence_exists() -> None:
    page = ROOT / "docs" / "security.md"
    named = re.findall(r"`(test_\w+)` \(`(\S+)`\)", page.read_text(encoding="utf-8"))

    assert named
    for name, file in named:
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_documents_name_only_commands_that_exist(page: Path) -> None:
    named = set(COMMAND.findall(page.read_text(encoding="utf-8")))

    assert named <= commands().keys() or page.name in reference.pages()


@pytest.mark.parametrize(("name", "text"), reference.pages().items())
def test_a_generated_page_is_as_it_is_generated(name: str, text: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, "run `make gen`"


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert built.returncode == 0, built.stderr
    assert (tmp_path / "tutorial" / "index.html").exists()


@pytest.mark.parametrize(("name", "help_"), commands().items())
def test_every_command_shows_an_example(name: str, help_: str) -> None:
    assert f"outcome-monitor {name}" in help_


def test_the_readme_names_make_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(
        r"^make ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    ):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
