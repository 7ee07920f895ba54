"""Records that the client cannot read are read by ourselves, and all others as the client does."""

from __future__ import annotations

import pytest
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords
from faust.types import TP

from monitor.shell.raw_records import records, writable
from schemas.decode import Invalid, decode
from schemas.published import Reason
from tests.shell.batches import Headers, Name, builder

SOURCE = TP("cx.conversations", 3)
GOOD: list[tuple[bytes | None, bytes | None, Headers]] = [
    (b"key", b"value", []),
    (None, b"value", [("name", b"content")]),
    (b"key", None, [("name", None), ("name", b"")]),
    (b"", b"", [("", b"\xff"), ("é", b"\x00" * 300)]),
]
CODECS = {"plain": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def run(
    written: list[tuple[bytes | None, bytes | None, Headers]], codec: int = 0, first: int = 0
) -> bytes:
    made = builder(codec)
    for number, (key, value, headers) in enumerate(written):
        made.append(number, 1_700_000_000_000 + 7 * number, key, value, headers)
    batch = bytes(made.build())
    return first.to_bytes(8, "big") + batch[8:]  # as a broker does, outside of what is summed


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_what_the_client_reads_is_read_alike(codec: int) -> None:
    log = run(GOOD * 50, codec, first=1000) + run(GOOD, first=5000)
    by_client = PartitionRecords(
        SOURCE, MemoryRecords(log), [], 0, None, None, check_crcs=True, isolation_level=0
    )

    assert list(records(SOURCE, log)) == list(by_client)


def test_a_name_that_is_no_text_keeps_its_bytes() -> None:
    (record,) = records(SOURCE, run([(b"key", b"value", [(Name(b"caf\xe9"), b"1")])]))
    ((name, content),) = record.headers

    assert (record.key, record.value, content) == (b"key", b"value", b"1")
    assert name.encode(errors="surrogateescape") == b"caf\xe9"
    assert writable(name) == r"caf\xe9"
    with pytest.raises(Invalid) as refused:
        decode(SOURCE.topic, record.headers, b"{}")
    assert refused.value.reason is Reason.NOT_AN_EVENT
    assert refused.value.detail == "the name of a header is not UTF-8"


def test_names_that_are_text_are_written_as_they_are() -> None:
    for name in ("", "ce_id", "é", "\U0001f600"):
        assert writable(name) == name
        with pytest.raises(Invalid, match="type: a string is required"):
            decode(SOURCE.topic, [(name, b"1")], b"{}")


def test_a_batch_that_is_cut_off_is_left_for_the_next_fetch() -> None:
    whole, cut = run(GOOD), run(GOOD, first=10)

    for length in range(len(cut)):
        offsets = [record.offset for record in records(SOURCE, whole + cut[:length])]
        assert offsets == [0, 1, 2, 3]


def test_a_batch_that_was_damaged_is_not_believed() -> None:
    damaged = bytearray(run(GOOD))
    damaged[-1] ^= 1

    with pytest.raises(CorruptRecordException, match="the checksum is wrong"):
        list(records(SOURCE, bytes(damaged)))
