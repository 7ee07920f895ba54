"""The bench's minimal job, small: what `make bench` compares must be right before it is quick."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

from bench.minimal import join
from bench.minimal.answer import answer
from bench.minimal.backlog import Record, backlog
from bench.minimal.contract import BROKEN, DECODERS
from bench.minimal.engine import ENGINES
from bench.minimal.load import load
from monitor.shell.embedded import EmbeddedBroker

if TYPE_CHECKING:
    from pathlib import Path

EVENTS, CUSTOMERS = 5_000, 600


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return backlog(EVENTS, CUSTOMERS, seed=3)


def test_the_backlog_holds_what_it_promises(records: list[Record]) -> None:
    counts = {(what, verdict): count for what, verdict, count in answer(records)}
    invalid = sum(count for (_, verdict), count in counts.items() if verdict == "invalid")
    twice = sum(count for (_, verdict), count in counts.items() if verdict == "duplicate")

    assert len(records) == EVENTS
    assert len({record.key for record in records}) <= CUSTOMERS
    assert 0 < invalid < EVENTS * 0.01
    assert 0 < twice < EVENTS * 0.02
    assert counts["episode", "failed"] < counts["episode", "opened"]


@pytest.mark.parametrize("decoder", DECODERS)
def test_the_join_and_the_answer_key_agree(records: list[Record], decoder: str) -> None:
    counts: join.Counts = {}
    states: dict[bytes, join.State] = {}
    for record in records:
        try:
            event = DECODERS[decoder][record.topic](record.value)
        except BROKEN:
            join.refuse(record.topic, counts)
        else:
            join.update(states.setdefault(record.key, join.new_state()), event, counts)

    assert sorted([*key, count] for key, count in counts.items()) == answer(records)


@pytest.mark.parametrize("name", ["outcome-monitor", "outcome-monitor-pydantic"])
def test_our_engine_gives_the_answer(records: list[Record], name: str, tmp_path: Path) -> None:
    assert ENGINES[name].program[0] == sys.executable
    with EmbeddedBroker() as broker:
        asyncio.run(load(broker.bootstrap, records))

        told = ENGINES[name].run(broker.bootstrap, EVENTS, tmp_path)

    assert told["events"] == EVENTS
    assert told["counts"] == answer(records)
