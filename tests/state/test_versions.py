"""State that was written by a former version is taken over; its form does not change in silence."""

from __future__ import annotations

import msgspec
import pytest
from cramjam import lz4

from monitor.core.form import STATE_VERSION, STATES_READ, Damaged, VersionUnknown
from monitor.core.notes import decode_note
from monitor.core.rows import decode_row
from tests.state.form import form
from tests.state.recorded import RECORDED, rest_of, restored, told, write


def test_the_form_of_the_state_is_that_of_its_version() -> None:
    """If this is red, read the rules in monitor/core/form.py; then `make record`."""
    recorded = RECORDED / str(STATE_VERSION) / "form.txt"

    assert form().splitlines() == recorded.read_text(encoding="utf-8").splitlines()


def test_every_version_that_is_read_is_recorded() -> None:
    recorded = {int(path.name) for path in RECORDED.iterdir() if path.name.isdecimal()}

    assert recorded == set(STATES_READ)
    assert STATES_READ[-1] == STATE_VERSION


@pytest.mark.parametrize("version", STATES_READ)
def test_a_worker_takes_over_what_a_version_wrote_and_goes_on_as_that_would_have(
    version: int, *, rewrite_golden: bool
) -> None:
    """Where a rule was changed on purpose, `make golden` writes down what comes of it now."""
    directory = RECORDED / str(version)
    got = restored(directory).go_on(rest_of(directory))
    if rewrite_golden:
        write(directory / "told.txt.gz", got)

    assert got.splitlines() == told(directory).splitlines()


def test_what_is_recorded_has_a_bit_of_everything() -> None:
    """A customer of another name, one who is on the way to another partition, events that wait."""
    directory = RECORDED / str(STATE_VERSION)
    partitions = restored(directory).trackers
    customers = [one for tracker in partitions for one in tracker.customers.values()]

    assert any(one.alias for one in customers)
    assert any(one.outbox.unsent for one in partitions)
    assert any(one.waiting for one in partitions)
    assert any(one.sight.waiting for one in partitions)
    for held in ("episodes", "handoffs", "commitments", "actions", "words"):
        assert any(getattr(one, held) for one in customers), held


@pytest.mark.parametrize("version", [STATES_READ[0] - 1, STATE_VERSION + 1])
def test_a_row_of_another_version_is_refused_however_it_goes_on(version: int) -> None:
    packed = bytes(lz4.compress_block(msgspec.msgpack.encode([version, "another form"])))

    with pytest.raises(VersionUnknown, match=f"version {version}"):
        decode_row(bytes(8) + packed)


@pytest.mark.parametrize("version", [STATES_READ[0] - 1, STATE_VERSION + 1])
def test_a_note_of_another_version_is_refused_however_it_goes_on(version: int) -> None:
    packed = msgspec.msgpack.encode(["sender", 1, "ann", {"another": "form"}, version])

    with pytest.raises(VersionUnknown, match=f"version {version}"):
        decode_note(packed)


def test_a_note_of_version_4_does_not_say_so() -> None:
    packed = msgspec.msgpack.encode(["sender", 1, "ann", ["shared", 5, "ben", 9]])

    assert decode_note(packed).version == 4


def test_a_row_that_says_to_be_larger_than_it_can_be_is_damaged() -> None:
    """Two gigabytes would be asked for, for a row of a few bytes."""
    with pytest.raises(Damaged, match="a row of the state cannot be read"):
        decode_row(bytes(8) + b"\x00\x00\x00\x7e" + b"row")
