"""The API says what /metrics and the topics say, whichever worker is asked, and names nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from monitor.core import overview
from monitor.core.policy import Policy
from schemas import openapi
from tests.page.stories import COME_BACK, CUSTOMERS, ENDS, SECRET

if TYPE_CHECKING:
    from tests.page.conftest import Pair

POLICY = Policy()
DOCUMENT = openapi.document()
FIRST_PAGE = "/api/v1/findings?limit=17"


def validator(model: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{model}", "components": DOCUMENT["components"]}
    )


def feed(pair: Pair, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pair.get(f"/api/v1/findings?limit=200{query}")["findings"]
    return found


def test_the_feed_is_in_the_order_of_the_times_that_it_tells(pair: Pair) -> None:
    times = [one["decided_at"] for one in feed(pair)]

    assert len(set(times)) > 1
    assert times == sorted(times, reverse=True)


def test_the_board_is_what_metrics_say_of_all_partitions(pair: Pair) -> None:
    reading = pair.reading()
    board = pair.get("/api/v1/board")

    def plain(models: Any) -> list[dict[str, Any]]:
        return [one.model_dump(mode="json", exclude_none=True) for one in models]

    assert board["versions"] == plain(overview.versions(reading, POLICY))
    assert board["escalations"] == plain(overview.escalations(reading))
    assert board["effort"] == plain(overview.effort(reading))
    assert board["silent_failures"] == plain(overview.silent_failures(reading))
    assert board.items() >= overview.counts(reading).items()
    assert board["event_time"] == ENDS.isoformat().replace("+00:00", "Z")
    assert board["without_answer"] == []


def test_both_workers_have_the_same_board(pair: Pair) -> None:
    one, other = (pair.get("/api/v1/board", worker) for worker in (pair.one, pair.other))

    assert one | {"lag_seconds": 0} == other | {"lag_seconds": 0}


def test_the_stories_are_told_as_they_are(pair: Pair) -> None:
    board = pair.get("/api/v1/board")
    versions = {one["ai_version"]: one for one in board["versions"]}

    assert versions["v2"]["paper"]["value"] == 1
    assert versions["v1"]["paper"]["value"] == 0.5
    held = {one["age"]: one["durable"] for one in versions["v2"]["curve"] if "durable" in one}
    assert held["7d"]["lower95"] < held["7d"]["value"] < held["7d"]["upper95"] < 1
    assert "30d" not in held
    found = {one["sf"]: one["standing"] for one in board["silent_failures"]}
    assert found["SF-09"] == CUSTOMERS // 6
    assert found["SF-02"] == len(COME_BACK)
    each = CUSTOMERS // 8
    assert [one["ended"] for one in board["escalations"]] == [
        {"orphaned": each, "served_in_sla": each}
    ]


@pytest.mark.parametrize(
    ("path", "model"), [("board", "Board"), ("findings", "Findings"), ("journey", "Timeline")]
)
def test_answers_are_as_documented(pair: Pair, path: str, model: str) -> None:
    if path == "journey":
        path = f"journeys/{feed(pair)[0]['journey']}"

    validator(model).validate(pair.get(f"/api/v1/{path}"))


def test_every_documented_path_is_there_and_every_path_is_documented(pair: Pair) -> None:
    assert pair.get("/api/v1/openapi.json") == DOCUMENT
    for path in DOCUMENT["paths"]:
        asked = path.replace("{journey}", "0" * 32)
        if not path.endswith("/stream"):
            assert pair.ask(asked)[0] in {200, 404}, path
    assert pair.ask("/api/v1/nothing")[0] == 404


def test_pages_of_the_feed_have_each_finding_once_newest_first(pair: Pair) -> None:
    whole = feed(pair)
    pieces: list[dict[str, Any]] = []
    piece = pair.get(FIRST_PAGE)
    # Each piece may come from another worker.
    while "next" in piece:
        pieces += piece["findings"]
        piece = pair.get(f"{FIRST_PAGE}&cursor={piece['next']}", pair.other)
    pieces += piece["findings"]

    assert len(whole) > 2 * 17
    assert [one["id"] for one in pieces] == [one["id"] for one in whole]
    written = [int(one["cursor"].partition(".")[0]) for one in whole]
    assert written == sorted(written, reverse=True)


@pytest.mark.parametrize(
    ("query", "field", "value"),
    [
        ("&kind=SF-09", "sf", "SF-09"),
        ("&version=v2", "ai_version", "v2"),
        ("&channel=voice", "channel", "voice"),
        ("&intent=billing", "intent_group", "billing"),
        ("&confidence=confirmed", "confidence", "confirmed"),
        ("&stands=true", "stands", True),
    ],
)
def test_the_feed_is_filtered(pair: Pair, query: str, field: str, value: object) -> None:
    wanted = [one for one in feed(pair) if one[field] == value]

    assert feed(pair, query) == wanted


def test_what_a_filter_does_not_find_is_empty(pair: Pair) -> None:
    assert feed(pair, "&kind=SF-99") == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "cursor=x", "stands=maybe", "sort=name"]
)
def test_what_cannot_be_asked_is_refused(pair: Pair, query: str) -> None:
    status, text = pair.ask(f"/api/v1/findings?{query}")

    assert status == 400
    validator("Refusal").validate({"error": text})
    assert query.partition("=")[0] in text


def test_a_timeline_is_told_over_its_channels_with_rule_and_evidence(pair: Pair) -> None:
    hop = next(one for one in feed(pair) if one["sf"] == "SF-02")
    for worker in (pair.one, pair.other):
        told = pair.get(f"/api/v1/journeys/{hop['journey']}", worker)

        assert told["open"]
        assert {one["channel"] for one in told["contacts"]} == {"chat", "voice"}
        times = [one["at"] for one in told["entries"]]
        assert times == sorted(times)
        (finding,) = [one for one in told["entries"] if one["what"] == "finding"]
        assert finding["rule"] == "SF-02"
        assert "came back by another channel" in finding["because"]
        proof = {one["event_id"] for one in finding["evidence"]}
        events = [one for one in told["entries"] if one["what"] in {"contact", "event"}]
        assert proof
        assert proof <= {proof["event_id"] for one in events for proof in one["evidence"]}
        assert any(one["what"] == "pending" and one["because"] for one in told["entries"])


def test_a_journey_that_nobody_knows_is_told_from_no_name(pair: Pair) -> None:
    status, told = pair.ask(f"/api/v1/journeys/{'0' * 32}")
    assert status == 404
    assert "fix: explain its conversation, which cx.outcomes and cx.findings tell" in str(told)
    assert pair.ask("/api/v1/journeys/chat-1")[0] == 400


def test_nothing_names_a_customer(pair: Pair) -> None:
    journeys = {one["journey"] for one in feed(pair)}
    paths = ["board", "findings?limit=200", *(f"journeys/{name}" for name in journeys)]
    texts = [pair.ask(f"/api/v1/{path}")[1] for path in paths]

    # The ids of the events of these stories are made of who speaks; producers' ids are not ours.
    assert not [text for text in texts if f'"{SECRET}' in text]


@pytest.mark.parametrize(
    "path", ["/api/v1/board", "/explain?case=chat-1", "/internal/totals", "/internal/owners"]
)
def test_who_does_not_show_the_token_is_told_nothing(pair: Pair, path: str) -> None:
    assert pair.ask(path, token="another")[0] == 401
    assert pair.ask(path)[0] == 200


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_machines_need_no_token(pair: Pair, path: str) -> None:
    assert pair.one.get(path)[0] == 200


def test_partitions_whose_owner_is_gone_are_named(pair: Pair) -> None:
    """Runs last, for it leaves one worker."""
    theirs = sorted(pair.other.watermarks())
    journeys = [one["journey"] for one in feed(pair)]
    pair.other.kill()
    pair.one.wait_until(lambda: pair.get("/api/v1/board")["without_answer"] == theirs)

    without = [pair.get(f"/api/v1/journeys/{one}")["without_answer"] for one in journeys]
    assert theirs in without
    pair.one.wait_until(lambda: pair.get("/api/v1/board")["without_answer"] == [])
