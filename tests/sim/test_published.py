"""What is published is made without a check, and so is checked here: it is what its model says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter

from monitor.core.tracker import Tracker
from monitor.shell.store import MemoryStore
from schemas.decode import read
from schemas.published import JourneyOutcome, Published
from tests.sim.compare import of_seed
from tests.sim.policies import monitors_policy

if TYPE_CHECKING:
    from schemas.envelope import Frozen


@pytest.mark.parametrize("seed", range(60))
def test_what_is_published_is_what_its_model_would_make_of_it(seed: int) -> None:
    published = [output for output in put_out(seed) if isinstance(output, Published)]

    assert published
    for output in published:
        assert_right(output)
        for part in output.evidence:
            assert_right(part)
        if isinstance(output, JourneyOutcome):
            assert_right(output.effort)


def assert_right(made: Frozen) -> None:
    """It has what its model makes of its fields, and they stand in the order of the model."""
    fields = {name: getattr(made, name) for name in type(made).model_fields}
    checked = TypeAdapter(type(made)).validate_python(fields, strict=True)
    assert checked == made
    assert checked.model_dump_json(exclude_none=True) == made.model_dump_json(exclude_none=True)
    assert list(vars(checked)) == list(vars(made))


def put_out(seed: int) -> list[object]:
    tracker = Tracker(monitors_policy(seed), rows=MemoryStore())
    outputs: list[object] = []
    for one in of_seed(seed):
        outputs += tracker.receive(one.topic, read(one.topic, one.record), one.received_at)
    return outputs + tracker.finish()
