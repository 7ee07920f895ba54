"""A batch in parts."""

from __future__ import annotations

from itertools import pairwise

from aiokafka.structs import ConsumerRecord
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from monitor.shell.consumer_thread import RecordBatch

SOURCE = TP("source", 0)


@given(st.lists(st.integers(1, 3), max_size=9), st.integers(1, 4))
def test_the_parts_of_a_batch_are_all_of_it_without_a_hole(gaps: list[int], size: int) -> None:
    offsets = [10 + sum(gaps[:number]) for number in range(1, len(gaps) + 1)]
    records = [
        ConsumerRecord(*SOURCE, offset, 0, 0, b"key", b"value", None, 3, 5, ())
        for offset in offsets
    ]
    whole = RecordBatch(SOURCE, records, after=10, following=50, highwater=60, generation=3)

    parts = list(whole.parts(size))

    assert [record for part in parts for record in part.records] == records
    assert all(len(part.records) <= size for part in parts)
    assert (parts[0].after, parts[-1].offset) == (10, 49)
    assert all(two.after == one.offset + 1 for one, two in pairwise(parts))
    assert all(one.records and two.first_offset >= two.after for one, two in pairwise(parts))
    assert {(part.tp, part.highwater, part.generation_id) for part in parts} == {(SOURCE, 60, 3)}
