"""Examples that are bent in one place: how the tests look for what nobody thought of."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.schemas.examples import VALID, Valid

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str, ...]

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = (
    st.none()
    | st.booleans()
    | NUMBERS
    | st.text(max_size=300)
    | st.sampled_from(["", "x" * 64, "x" * 65, "x" * 256, "x" * 257, "unknown", "5", "true"])
    | st.sampled_from([0, 1, -1, 1.0, 0.5, 1_000_000, 1_000_001, 1e300])
    | st.sampled_from(
        [
            *("2026-03-02T09:14:03Z", "2026-03-02T09:14:03.5+05:30", "2026-03-02t09:14:03z"),
            *("2026-03-02T09:14:03", "2026-03-02", "1772442843", "2026-02-30T00:00:00Z"),
            *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2100-01-01T00:30:00+01:00"),
        ]
    )
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def bent(replacements: st.SearchStrategy[Any] = JSON) -> st.SearchStrategy[Valid]:
    """A valid example in which one value was replaced or one field left out."""
    return st.sampled_from(VALID).flatmap(
        lambda example: st.builds(
            _bend,
            st.just(example),
            st.sampled_from(list(_paths(example.event))),
            st.none() | st.builds(lambda value: [value], replacements),
        )
    )


def _paths(node: dict[str, Any], above: Path = ()) -> Iterator[Path]:
    for name, value in node.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from _paths(value, (*above, name))


def _bend(example: Valid, path: Path, replacement: list[Any] | None) -> Valid:
    event = copy.deepcopy(example.event)
    node = event
    for name in path[:-1]:
        node = node[name]
    if replacement is None:
        del node[path[-1]]
    else:
        node[path[-1]] = replacement[0]
    return Valid(f"{example.name} at {'.'.join(path)}", example.topic, event)
