"""The part of JMESPath that mappings are written in."""

from __future__ import annotations

import pytest

from monitor.adapters.expressions import Expression

SCOPE = {
    "record": {"a": 1, "b": {"c": "x"}, "empty": "", "huge": float("inf")},
    "memory": {"m": True},
    "repeat": 0,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("record.b.c", "x"),
        ("record.b.missing", None),
        ("record.a.deeper", None),
        ("'constant'", "constant"),
        ("`1`", 1),
        ("record.missing || record.b.c", "x"),
        ("record.a && record.b.c", "x"),
        ("join('-', [record.b.c, to_string(repeat)])", "x-0"),
        ("record.a == `1` && !(memory.missing)", True),
    ],
)
def test_an_expression_gives_its_value(text: str, value: object) -> None:
    assert Expression(text)(SCOPE) == value


@pytest.mark.parametrize(
    "text",
    [
        "join('-', [record.missing])",
        "ceil(record.huge)",
        "floor(to_number('nan'))",
        "to_number('1e999') < record.b.c",
        "contains(record.b.c, record.a)",
    ],
)
def test_an_expression_that_does_not_fit_the_record_gives_null(text: str) -> None:
    assert Expression(text)(SCOPE) is None


@pytest.mark.parametrize(
    ("text", "holds"),
    [("repeat", True), ("memory.m", True), ("record.empty", False), ("record.missing", False)],
)
def test_truth_is_as_in_jmespath(text: str, holds: bool) -> None:  # noqa: FBT001
    assert Expression(text).holds(SCOPE) is holds


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("record.", "no JMESPath"),
        ("other.a", "'other' is none of the roots"),
        ("a", "'a' is none of the roots"),
        ("shout(record.a)", "shout() is no function"),
        ("record.b[*].c", "go without the projection"),
        ("record.b | c", "go without the pipe"),
        ("!memory.m", "write !(memory.name)"),
        ("@", "go without the current"),
    ],
)
def test_what_cannot_be_checked_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        Expression(text)

    assert why in str(refused.value)


def test_an_expression_shows_its_text() -> None:
    assert repr(Expression("record.a")) == "Expression('record.a')"
