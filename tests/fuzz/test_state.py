"""Whatever a changelog holds, it is read, or the worker is told that it cannot be."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.form import STATE_VERSION, StateError
from monitor.core.snapshot import restore
from monitor.shell.changelog import POSITION_KEY, ChangelogError, Recovering
from monitor.shell.policy_file import load_policy
from monitor.shell.store import MemoryStore
from tests.fuzz.bending import bent
from tests.state.recorded import RECORDED, read_lines, unpacked

if TYPE_CHECKING:
    from monitor.core.policy import Policy

_SAID_MAX = 400
DIRECTORY = RECORDED / str(STATE_VERSION)
PIECES = {
    b"\x00piece:0:a": b"1",
    b"\x00piece:1:a": b"2",
    b"a": b"\xc12",
}


@cache
def policy() -> Policy:
    return load_policy(DIRECTORY / "policy.toml")


@cache
def last_of_each() -> dict[bytes, bytes]:
    """The last record of each key, and one that came in pieces."""
    found = {
        unpacked(key) or b"": unpacked(value) or b""
        for _, key, value in read_lines(DIRECTORY / "changelog.jsonl.gz")
    }
    return PIECES | found


def changelogs() -> st.SearchStrategy[list[tuple[bytes, bytes | None]]]:
    """All records, of which one or two are bent, or removed, or have another key."""
    told = list(last_of_each().items())
    told.append((POSITION_KEY, last_of_each()[POSITION_KEY]))
    values = bent([value for _, value in told])
    keys = bent([key for key, _ in told]) | st.sampled_from([key for key, _ in told])
    changes = st.lists(
        st.tuples(st.integers(0, len(told) - 1), keys, st.none() | values, st.booleans()),
        min_size=1,
        max_size=2,
    )

    def changed(
        places: list[tuple[int, bytes, bytes | None, bool]],
    ) -> list[tuple[bytes, bytes | None]]:
        records: list[tuple[bytes, bytes | None]] = list(told)
        for place, key, value, keeps in places:
            records[place] = (records[place][0] if keeps else key, value)
        return records

    return changes.map(changed)


@given(changelogs())
def test_a_changelog_is_read_or_refused(records: list[tuple[bytes, bytes | None]]) -> None:
    recovering, said = Recovering(MemoryStore()), ""
    try:
        for key, value in records:
            recovering.take(key, value)
        recovering.finish()
        tracker = restore(policy(), recovering.store)
        list(tracker.customers.search("nobody"))
        for reference in list(tracker.customers):
            tracker.customers.find(reference)
    except (ChangelogError, StateError) as error:
        said = str(error)

    assert len(said) <= _SAID_MAX
