"""Sends drafts to a gateway that runs, and holds it to what it promises.

- Nothing is taken (2xx, or found in Kafka) that was not proved, or was taken before.
- Nothing that is sent is answered with 5xx.
- What is right is taken: else all of this could be had by refusing everything.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from schemas.decode import CONVERSATIONS
from tests.adapters.told import records
from tests.fuzz import wire
from tests.fuzz.drafts import FORGERIES, FRAMES, JSON, JUNK, LARGE, NUMBERS, STRUCTURED, Draft
from tests.fuzz.proofs import Source, is_proved
from tests.integration.traffic import read_all

if TYPE_CHECKING:
    from tests.fuzz.proofs import Headers

OLD_SECRET, NEW_SECRET = b"a secret that was taken out again", b"a secret that was put in before"
MAPPINGS = {
    "bearer": "otel_genai",
    "github": "github_issues",
    "intercom": "intercom",
    "zammad": "zammad",
    "zendesk": "zendesk",
    "chatwoot": "chatwoot",
}


def _source(kind: str, signature: str, mapping: str) -> Source:
    secrets = (f"the {kind} secret of {signature}".encode(), NEW_SECRET + signature.encode())
    return Source(f"{kind}-{signature}", signature, mapping, secrets)


OWN = [_source("own", signature, "cloudevents") for signature in MAPPINGS]
SOURCES = OWN + [_source("mapped", signature, mapping) for signature, mapping in MAPPINGS.items()]


TIMED = ("zendesk", "chatwoot")
SPOILERS = FORGERIES | FRAMES
# A signed time is good for five minutes.
_FRESH_SECONDS = 200.0


@dataclass(frozen=True)
class Recipe:
    """What is to be sent, before anything of it is known but its kind."""

    kind: str
    source: Source
    drawn: Any = None
    secret: int = 0
    """By which of two secrets it is signed."""


def recipes() -> st.SearchStrategy[Recipe]:
    """Give all kinds of requests, those that are large seldom."""
    own, any_source = st.sampled_from(OWN), st.sampled_from(SOURCES)
    secret = st.integers(0, 1)
    timed = st.sampled_from([source for source in OWN if source.signature in TIMED])
    spoilt = [
        st.builds(Recipe, st.just(kind), timed if " time" in kind else own, drawn, secret)
        for kind, (_, drawn) in SPOILERS.items()
    ]
    junk = [
        st.builds(Recipe, st.just(kind), any_source, drawn, secret) for kind, drawn in JUNK.items()
    ]
    others = [
        st.builds(Recipe, st.just("right"), own, st.none(), secret),
        st.builds(Recipe, st.just("again"), own, st.integers(0, 10_000), secret),
        st.builds(Recipe, st.just("an old secret"), own, st.none(), secret),
        st.builds(Recipe, st.just("a bent record"), any_source, st.tuples(NUMBERS, JSON), secret),
    ]
    large = st.builds(Recipe, st.sampled_from(sorted(LARGE)), any_source, st.none(), secret)
    usual = st.one_of(*others, *spoilt, *junk)
    return st.integers(0, 150).flatmap(lambda number: large if number == 77 else usual)


@dataclass
class Campaign:
    """What was sent to one gateway, and what came of it."""

    port: int
    tried: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    taken: dict[str, Draft] = field(default_factory=dict)
    """What was answered 200, by the id of its event."""
    grown: int = 0
    """By how many bytes the gateway grew."""
    proved: set[str] = field(default_factory=set)
    """The ids of all events that came with their proof."""
    rewritten: set[str] = field(default_factory=set)
    """Ids that may be anybody's by now."""
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def send(self, recipe: Recipe) -> None:
        """Make a request, send it, and look at its answer."""
        now = time.time()
        draft = self._cooked(recipe, now)
        is_right = is_proved(draft.source, draft.headers, draft.body, now)
        id_ = _id_in(draft.body)
        if is_right:
            self.proved.add(id_)
        statuses = wire.sent(self.port, draft.written())
        self.tried[recipe.kind].update(statuses)

        assert max(statuses) < 500, (recipe, statuses)
        if recipe.kind in ("right", "again"):
            assert statuses == [200], (recipe, statuses)
        if 200 in statuses:
            assert is_right, (recipe, statuses)
            assert recipe.kind != "cut off", (recipe, statuses)
            if id_ and "body" in recipe.kind:
                # A bearer signs nothing, so another body is another request of the same sender.
                self.rewritten.add(id_)
            elif id_ and draft.source in OWN:
                self.taken.setdefault(id_, draft)

    def send_again(self) -> None:
        """Send copies of all that was taken, as they were."""
        for draft in list(self.taken.values())[-200:]:
            statuses = wire.sent(self.port, draft.written())
            self.tried["again, after a restart"].update(statuses)
            assert max(statuses) < 500

    def _cooked(self, recipe: Recipe, now: float) -> Draft:
        source = recipe.source
        if recipe.kind == "again":
            fresh = [draft for draft in self.taken.values() if now - draft.made_at < _FRESH_SECONDS]
            if fresh:
                place: int = recipe.drawn % len(fresh)
                return fresh[place]
        body, headers = self._content(recipe)
        draft = Draft(source, f"/v1/{source.name}", [*headers, STRUCTURED], body, now, others=OWN)
        is_old = recipe.kind == "an old secret"
        draft.proved_by(OLD_SECRET if is_old else source.secrets[recipe.secret], now)
        if recipe.kind in SPOILERS:
            spoil, _ = SPOILERS[recipe.kind]
            spoil(draft, now, recipe.drawn)
        return draft

    def _content(self, recipe: Recipe) -> tuple[bytes, Headers]:
        if recipe.kind in JUNK:
            return recipe.drawn  # type: ignore[no-any-return]
        if recipe.kind in LARGE:
            return LARGE[recipe.kind]
        told: Any = event(f"{recipe.source.name}-{next(self._numbers)}")
        if recipe.kind == "a bent record":
            place, value = recipe.drawn
            vendor = recipe.source.mapping
            known = [told] if vendor == "cloudevents" else records(vendor)
            found = bent(known[place % len(known)], place, value)
            is_event = vendor == "cloudevents" and isinstance(found, dict)
            told = found | {name: told[name] for name in ("id", "source")} if is_event else found
        return json.dumps(told).encode(), []

    def judge(self, bootstrap: str) -> None:
        """Hold what is in Kafka against what was proved."""
        kept = asyncio.run(read_all(bootstrap, CONVERSATIONS))
        events = [json.loads(record.value or b"{}") for record in kept]
        found = Counter(event["id"] for event in events if event["source"] == "fuzz")
        assert found.keys() <= self.proved, found.keys() - self.proved
        lost = self.taken.keys() - found.keys()
        assert not lost, [self.taken[id_] for id_ in lost]
        twice = {id_ for id_, count in found.items() if count > 1}
        assert twice <= self.rewritten, twice

    def table(self) -> str:
        """Say what was tried, and how it was answered."""
        rows = [
            f"{kind:28} {sum(counts.values()):7,}   "
            + ", ".join(
                f"{status or 'hung up'}: {count:,}" for status, count in sorted(counts.items())
            )
            for kind, counts in sorted(self.tried.items())
        ]
        return "\n".join(rows)


def event(id_: str) -> dict[str, Any]:
    """Give an event that the contract takes."""
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "fuzz",
        "type": "cx.conversation.started.v1",
        "time": "2026-01-05T09:00:00Z",
        "data": {"conversation_id": id_, "customer_ref": "customer-1"},
    }


def bent(record: Any, place: int, value: object) -> Any:
    """Put something else in one place of a record."""
    if not (isinstance(record, dict | list) and record) or place % 5 == 0:
        return value
    bent_ = list(record.items()) if isinstance(record, dict) else list(enumerate(record))
    at = place % len(bent_)
    key, inner = bent_[at]
    bent_[at] = (key, bent(inner, place // 7, value))
    return dict(bent_) if isinstance(record, dict) else [each for _, each in bent_]


def _id_in(body: bytes) -> str:
    """Give the id of an event of ours in a body, however it was changed."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    is_ours = isinstance(told, dict) and told.get("source") == "fuzz"
    return str(told.get("id")) if is_ours else ""
