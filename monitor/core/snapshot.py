"""A tracker as records, and back: what the session table writes to its changelog.

One record for each customer, for each metric's totals, and one for how far event time has come.
Rule: ``records`` gives what has changed since it was last called, and giving all records of a
tracker's life, in order, to ``restore`` gives a tracker that goes on as the first would have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from cramjam import lz4

from monitor.core.catalogue import METRICS
from monitor.core.moments import Moment
from monitor.core.notes import decode_note
from monitor.core.notes import encode as encode_note
from monitor.core.sight import PREFIX
from monitor.core.state import STATE_VERSION, Customer
from monitor.core.tracker import Tracker, owns_all
from schemas.decode import ADAPTERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.core.notes import Outbox
    from monitor.core.policy import Policy
    from monitor.core.totals import Totals

_TIME = b"time"
_TOTAL = b"total:"
_CUSTOMER = b"customer:"
_NOTE = b"note:"
_RISK = "risk"


class _Waiting(msgspec.Struct, array_like=True):
    event_key: int
    topic: str
    at: Moment
    event: bytes


class _Row(msgspec.Struct, array_like=True):
    version: int
    customer: Customer
    waiting: list[_Waiting]


class _Time(msgspec.Struct, array_like=True):
    version: int
    watermark: Moment
    newest: dict[str, Moment]
    age_edges: tuple[Moment, ...]
    sender: str = ""
    notes: int = 0
    heard: dict[str, int] = {}


class PolicyChanged(Exception):  # noqa: N818  # it says what happened
    """The age buckets of the policy are not those of the state."""

    def __str__(self) -> str:
        return (
            "policy.age_edges has changed, and claims are on trial in the old buckets; "
            "fix: put it back, or start a new consumer group, which begins with an empty state"
        )


_encode = msgspec.msgpack.Encoder().encode
_row = msgspec.msgpack.Decoder(_Row)
_time = msgspec.msgpack.Decoder(_Time)
_cells = msgspec.msgpack.Decoder(list[tuple[tuple[str, ...], int]])
_observed = msgspec.msgpack.Decoder(list[tuple[tuple[str, ...], list[int]]])
_risks = msgspec.msgpack.Decoder(list[tuple[tuple[str, ...], int, Moment]])


def records(tracker: Tracker) -> dict[bytes, bytes | None]:
    """What has changed since the last call; a customer who is gone becomes a tombstone."""
    changed: dict[bytes, bytes | None] = {}
    for key in tracker.dirty:
        customer = tracker.customers.get(key)
        changed[_CUSTOMER + key.encode()] = (
            None if customer is None else _encode_row(tracker, customer)
        )
    changed |= tracker.sight.records()
    changed |= _encode_notes(tracker.outbox)
    for name in tracker.totals.touched:
        changed[_TOTAL + name.encode()] = _encode_total(tracker.totals, name)
    edges = tracker.policy.age_edges
    mail = (tracker.outbox.sender, tracker.outbox.number, tracker.outbox.heard)
    time = _Time(STATE_VERSION, tracker.watermark, tracker.newest, edges, *mail)
    changed[_TIME] = _encode(time)
    tracker.dirty.clear()
    tracker.totals.touched.clear()
    return changed


def restore(
    policy: Policy,
    kept: dict[bytes, bytes],
    owns: Callable[[str], bool] = owns_all,
    sender: str = "",
) -> Tracker:
    """The tracker whose records these are.

    Args:
        policy: the rules of judgement.
        kept: the records.
        owns: see `Tracker`.
        sender: the same, if there are no records that say it.

    Raises:
        PolicyChanged: they were written under other age buckets, in which claims are on trial.
    """
    tracker = Tracker(policy, owns, sender)
    for key, value in kept.items():
        if key == _TIME:
            time = _time.decode(value)
            if time.age_edges != policy.age_edges:
                raise PolicyChanged
            tracker.watermark, tracker.newest = time.watermark, time.newest
            tracker.outbox.sender = time.sender or sender
            tracker.outbox.number = time.notes
            tracker.outbox.heard = time.heard
        elif key.startswith(_NOTE):
            note = decode_note(value)
            tracker.outbox.unsent[note.number] = note
        elif key.startswith(PREFIX):
            tracker.sight.restore(key, value)
        elif key.startswith(_TOTAL):
            _restore_total(tracker.totals, key[len(_TOTAL) :].decode(), value)
        else:
            _restore_row(tracker, key[len(_CUSTOMER) :].decode(), value)
    tracker.index()
    return tracker


def _encode_row(tracker: Tracker, customer: Customer) -> bytes:
    waiting = [
        _Waiting(
            event_key, topic, at, event.model_dump_json(by_alias=True, exclude_none=True).encode()
        )
        for event_key, (topic, at, event) in tracker.waiting.get(customer.key, {}).items()
    ]
    # Ids stand in a row several times; compressed, each costs once.
    return bytes(lz4.compress_block(_encode(_Row(STATE_VERSION, customer, waiting))))


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
    elif METRICS[name].kind == "histogram":
        totals.observed[name] = dict(_observed.decode(value))
    else:
        totals.counts[name] = dict(_cells.decode(value))


def _restore_row(tracker: Tracker, key: str, value: bytes) -> None:
    row = _row.decode(lz4.decompress_block(value))
    tracker.customers[key] = row.customer
    if row.waiting:
        tracker.waiting[key] = {
            one.event_key: (one.topic, one.at, ADAPTERS[one.topic].validate_json(one.event))
            for one in row.waiting
        }
