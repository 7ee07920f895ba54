"""Whatever a reader copies from the documents does what they say.

Each page is followed from its first block to its last: what has a file's name is saved, what is
shell is run, what is shown is compared with what was written, queries are asked of Prometheus, and
each other piece is read by what is to read it. A block for which there is neither is an error.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft7Validator

from monitor.adapters.mapping import load_mapping
from monitor.adapters.references import References
from monitor.shell.benchmarks import Benchmarks
from monitor.shell.gateway_file import load_gateway
from monitor.shell.policy_file import load_policy
from monitor.shell.settings import PREFIX, Settings
from schemas.decode import CONVERSATIONS, decode
from tests.docs.world import world
from tests.following import assert_said, blocks_of, save, words_of
from tests.paths import ROOT
from tests.rules.conftest import tool
from tests.shell.test_alert_message import WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.docs.world import Page, World

ELSEWHERE = {
    "docs/tutorial.md": "tests/shell/test_mapping_tutorial.py follows it",
    "docs/mapping-tutorial.md": "tests/shell/test_mapping_tutorial.py follows it",
    "docs/reconcile.md": "tests/integration/test_reconcile.py follows it",
    "docs/commands.md": "it is generated from the commands",
}
#: Blocks that are not tried here, by how they begin, each with the reason.
NOT_HERE = {
    ("README.md", "make demo    #"): ".ci/run does both, as a stranger would",
    ("README.md", "Customers' time"): "tests/docs/test_readme.py counts it again",
    ("README.md", "make demo ARGS"): "tests/integration/test_newcomer.py goes the whole way",
    ("README.md", " your systems"): "a picture",
    ("docs/linux.md", "make dist"): "tests/release/test_dist.py installs it so",
    ("docs/security.md", "internet"): "a picture",
    ("docs/page.md", "export "): "tests/integration/test_web_tls.py has a group with certificates",
    ("docs/kafka-security.md", "error: "): "tests/integration/test_kafka_security.py provokes it",
}
#: Instead of a file's name: none, or the status that a command should end with.
NO_FILE = {"", "1", "2"}
Q = "promql"
CHART = ROOT / "deploy" / "helm" / "outcome-monitor"


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def named() -> list[str]:
    """All pages that have a block."""
    paths = [ROOT / "README.md", *(ROOT / "schemas").glob("*.md"), *(ROOT / "deploy").glob("*.md")]
    pages = [path.relative_to(ROOT).as_posix() for path in [*paths, *(ROOT / "docs").rglob("*.md")]]
    return sorted(page for page in pages if "```" in text_of(page))


def is_not_here(page: str, text: str) -> bool:
    return any(page == where and text.startswith(begins) for where, begins in NOT_HERE)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world")) as here:
        yield here


def test_every_block_says_what_it_is() -> None:
    for page in named():
        kinds = [kind for kind, _, _ in blocks_of(text_of(page))]
        fences = re.findall(r"^ *(?:```|~~~)", text_of(page), flags=re.MULTILINE)
        assert len(fences) == 2 * len(kinds), page
        assert all(kinds), page


def test_what_is_to_be_saved_is_used_later() -> None:
    for page in named():
        found = blocks_of(text_of(page))
        for number, (_, about, _) in enumerate(found):
            name = about.partition(" ")[0]
            later = [text for kind, _, text in found[number + 1 :] if kind == "sh"]
            assert name in NO_FILE or any(name in text for text in later), (page, name)


def test_what_is_not_tried_here_is_still_there() -> None:
    for where, begins in NOT_HERE:
        texts = [text for _, _, text in blocks_of(text_of(where))]
        assert sum(text.startswith(begins) for text in texts) == 1, (where, begins)
    assert set(ELSEWHERE) <= set(named())
    for reason in (*NOT_HERE.values(), *ELSEWHERE.values()):
        for path in re.findall(r"tests/\S+\.py", reason):
            assert (ROOT / path).exists(), reason


def test_prometheus_answers_every_query(here: World) -> None:
    queries = [text for page in named() for kind, _, text in blocks_of(text_of(page)) if kind == Q]

    assert queries
    for query in queries:
        here.prometheus.query(query)


@pytest.mark.parametrize("page", [page for page in named() if page not in ELSEWHERE])
def test_who_does_what_a_page_says_gets_what_it_says(here: World, page: str) -> None:
    reader, written = here.page(page), list[str]()
    for kind, about, text in blocks_of(text_of(page)):
        if kind == Q or is_not_here(page, text):
            continue
        if kind == "sh":
            written = words_of(reader.says(text))
        elif (page, kind) in READ_BY:
            READ_BY[page, kind](reader, text)
        elif kind == "text":
            assert written, f"{page}: nothing was run that could have written this: {text}"
            assert_said(text, written)
        else:
            assert about, f"{page}: neither run nor read, and not among NOT_HERE: {text}"
        if about:
            save(about, text, reader.directory)


def _benchmarks(reader: Page, text: str) -> None:
    file = reader.directory / "benchmarks.toml"
    file.write_text(text)
    (family,) = Benchmarks(file).collect()
    assert family.samples


def _policy(reader: Page, text: str) -> None:
    file = reader.directory / "policy.toml"
    file.write_text(text)
    assert load_policy(file).calendars


def _part_of_a_mapping(reader: Page, text: str) -> None:
    """What the page leaves out is what every mapping begins with."""
    head = "".join(
        f"{name} = \"'x'\"\n"
        for name in ("about", "source", "conversation", "customer", "time", "identity")
    )
    rule = '[[rules]]\nname = "linked"\nwhen = {}\n'
    file = reader.directory / "linked.toml"
    file.write_text(head + text.replace("[[rules.events]]", f"{rule}[[rules.events]]"))
    record = {"id": "1", "requester_id": "7", "at": "x", "phone": "030 123456"}
    (event,) = load_mapping(file, References(b"a key of the test's")).events([record])
    assert re.fullmatch(r"[0-9a-f]{32}", event["data"]["other_ref"])


def _prometheus(reader: Page, text: str) -> None:
    """The rule files that it names are those that the page wrote before."""
    (reader.directory / "prometheus.yml").write_text(reader.here(text))
    said = reader.says(f"{tool('promtool')} check config prometheus.yml")
    assert re.search(r"SUCCESS: [1-9]\d* rules found", said)


def _settings(reader: Page, text: str) -> None:
    """Its first line says where it lies."""
    place, *lines = text.splitlines()
    named = {line.partition("=")[0].removeprefix(PREFIX).lower() for line in lines}
    assert named <= Settings.model_fields.keys()
    Path(reader.here(place.removeprefix("# "))).write_text(reader.here(text))


def _gateway(reader: Page, text: str) -> None:
    file = reader.directory / "gateway.toml"
    file.write_text(text)
    assert load_gateway(file).sources


def _exporter(_: Page, text: str) -> None:
    """No Collector is here; the gateway wants a source in the path, and a secret."""
    exporter = yaml.safe_load(text)["exporters"]["otlphttp"]
    assert re.fullmatch(r"https://[a-z.]+/v1/[a-z]+", exporter["endpoint"])
    assert exporter["headers"]["authorization"].startswith("Bearer ${env:")


def _values(_: Page, text: str) -> None:
    schema = yaml.safe_load((CHART / "values.schema.json").read_text(encoding="utf-8"))
    default = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    Draft7Validator(schema).validate(_over(default, yaml.safe_load(text)))


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay values over the chart's, as Helm does."""
    return below | {
        name: _over(below[name], value)
        if isinstance(value, dict) and isinstance(below.get(name), dict)
        else value
        for name, value in above.items()
    }


def _annotation(reader: Page, text: str) -> None:
    reader.world.prometheus.query(yaml.safe_load(text)["annotations"]["exemplars"])


def _message(_: Page, text: str) -> None:
    assert text.rstrip() == WHOLE


def _structured(_: Page, text: str) -> None:
    decode(CONVERSATIONS, (), text.encode())


def _binary(_: Page, text: str) -> None:
    head, body = text.split("\n\n", maxsplit=1)
    lines = [line.split(": ", maxsplit=1) for line in head.splitlines()]
    headers = [(name, value.encode()) for name, value in lines if name != "key"]
    decode(CONVERSATIONS, headers, body.encode())


def _places(_: Page, text: str) -> None:
    for line in text.splitlines():
        assert (ROOT / line.split()[0]).exists(), line


READ_BY: dict[tuple[str, str], Callable[[Page, str], None]] = {
    ("docs/alerts.md", "toml"): _benchmarks,
    ("docs/alerts.md", "yaml"): _prometheus,
    ("docs/architecture.md", "text"): _places,
    ("docs/identity.md", "toml"): _part_of_a_mapping,
    ("docs/ingest.md", "yaml"): _exporter,
    ("docs/kubernetes.md", "yaml"): _values,
    ("docs/linux.md", "ini"): _settings,
    ("docs/linux.md", "toml"): _gateway,
    ("docs/linux.md", "yaml"): _prometheus,
    ("docs/notify.md", "text"): _message,
    ("docs/notify.md", "yaml"): _annotation,
    ("docs/policy.md", "toml"): _policy,
    ("schemas/README.md", "json"): _structured,
    ("schemas/README.md", "text"): _binary,
}
