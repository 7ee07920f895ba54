"""A tracker as records, and back: what the session table writes to its changelog.

One record for each customer, for each metric's totals, and one for how far event time has come.
Rule: ``records`` gives what has changed since it was last called, and giving all records of a
tracker's life, in order, to ``restore`` gives a tracker that goes on as the first would have.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import msgspec

from monitor.core.catalogue import METRICS
from monitor.core.form import STATE_VERSION, StateError, reading, require_known
from monitor.core.moments import Moment
from monitor.core.notes import decode_note
from monitor.core.notes import encode as encode_note
from monitor.core.sight import PREFIX
from monitor.core.totals import check_labels
from monitor.core.tracker import Tracker, owns_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.core.notes import Outbox
    from monitor.core.policy import Policy
    from monitor.core.rows import Rows
    from monitor.core.totals import Totals

_TIME = b"time"
_TOTAL = b"total:"
_NOTE = b"note:"
_RISK = "risk"


class _Time(msgspec.Struct, array_like=True):
    version: int
    watermark: Moment
    newest: dict[str, Moment]
    age_edges: tuple[Moment, ...]
    sender: str = ""
    notes: int = 0
    heard: dict[str, int] = {}


class PolicyChanged(StateError):  # noqa: N818  # it says what happened
    """The age buckets of the policy are not those of the state."""

    def __str__(self) -> str:
        return (
            "policy.age_edges has changed, and claims are on trial in the old buckets; "
            "fix: put it back, or start a new consumer group, which begins with an empty state"
        )


_encode = msgspec.msgpack.Encoder().encode
_time = msgspec.msgpack.Decoder(_Time)
_cells = msgspec.msgpack.Decoder(list[tuple[tuple[str, ...], int]])
_observed = msgspec.msgpack.Decoder(list[tuple[tuple[str, ...], list[int]]])
_risks = msgspec.msgpack.Decoder(list[tuple[tuple[str, ...], int, Moment]])


def records(tracker: Tracker) -> dict[bytes, bytes | None]:
    """What has changed since the last call; a customer who is gone becomes a tombstone."""
    changed = tracker.customers.changes()
    changed |= tracker.sight.records()
    changed |= _encode_notes(tracker.outbox)
    for name in tracker.totals.touched:
        changed[_TOTAL + name.encode()] = _encode_total(tracker.totals, name)
    edges = tracker.policy.age_edges
    mail = (tracker.outbox.sender, tracker.outbox.number, tracker.outbox.heard)
    time = _Time(STATE_VERSION, tracker.watermark, tracker.newest, edges, *mail)
    changed[_TIME] = _encode(time)
    tracker.totals.touched.clear()
    return changed


def restore(
    policy: Policy,
    rows: Rows,
    owns: Callable[[str], bool] = owns_all,
    sender: str = "",
    hot_max: int = sys.maxsize,
) -> Tracker:
    """The tracker whose records these are. No customer is decoded before there is need.

    Args:
        policy: the rules of judgement.
        rows: the records.
        owns: see `Tracker`.
        sender: the same, if there are no records that say it.
        hot_max: the same.

    Raises:
        PolicyChanged: they were written under other age buckets, in which claims are on trial.
        VersionUnknown: they were written by a version whose state is not read.
        Damaged: they are not what was written.
    """
    tracker = Tracker(policy, owns, sender, rows, hot_max)
    time = rows.get(_TIME)
    if time is not None:
        with reading("the time"):
            _restore_time(tracker, time, sender)
    for _, value in rows.items(_NOTE):
        note = decode_note(value)
        tracker.outbox.unsent[note.number] = note
    with reading("what was seen"):
        for key, value in rows.items(PREFIX):
            tracker.sight.restore(key, value)
    with reading("the totals"):
        for key, value in rows.items(_TOTAL):
            _restore_total(tracker.totals, key[len(_TOTAL) :].decode(), value)
    tracker.go_on()
    return tracker


def _restore_time(tracker: Tracker, value: bytes, sender: str) -> None:
    require_known(msgspec.msgpack.decode(value, type=tuple[Any, ...])[0])
    time = _time.decode(value)
    if time.age_edges != tracker.policy.age_edges:
        raise PolicyChanged
    tracker.watermark, tracker.newest = time.watermark, time.newest
    tracker.outbox.sender = time.sender or sender
    tracker.outbox.number = time.notes
    tracker.outbox.heard = time.heard


def _encode_notes(outbox: Outbox) -> dict[bytes, bytes | None]:
    """The notes that were written or sent since the last call."""
    changed = {}
    for number in outbox.touched:
        note = outbox.unsent.get(number)
        changed[_NOTE + b"%d" % number] = None if note is None else encode_note(note)
    outbox.touched.clear()
    return changed


def _encode_total(totals: Totals, name: str) -> bytes:
    if name == _RISK:
        return _encode([(labels, n, offset) for labels, (n, offset) in totals.risk.items()])
    histogram = METRICS[name].kind == "histogram"
    cells = totals.observed[name] if histogram else totals.counts[name]
    return _encode(list(cells.items()))


def _restore_total(totals: Totals, name: str, value: bytes) -> None:
    if name == _RISK:
        totals.risk = {labels: (n, offset) for labels, n, offset in _risks.decode(value)}
        check_labels("cx_resolution_exposure_seconds_total", totals.risk)
        return
    if METRICS[name].kind == "histogram":
        observed = totals.observed[name] = dict(_observed.decode(value))
        check_labels(name, observed)
        if any(len(cell) != len(METRICS[name].buckets) + 2 for cell in observed.values()):
            raise ValueError(f"{name} has other buckets")
    else:
        counts = totals.counts[name] = dict(_cells.decode(value))
        check_labels(name, counts)
