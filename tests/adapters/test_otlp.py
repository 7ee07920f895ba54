"""What OTLP/JSON holds comes out as records, whatever else it holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters.otlp import telemetry

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside),
    max_leaves=10,
)
NAMES = ("resource", "scopeSpans", "spans", "attributes", "events", "key", "value", "intValue")


def span_with(*attributes: object) -> dict[str, Any]:
    spans = [{"spanId": "1", "attributes": list(attributes)}]
    return {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}


def attribute(key: str, **value: object) -> dict[str, object]:
    return {"key": key, "value": value}


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        (
            [attribute("a.b", stringValue="x"), attribute("a.c", intValue="5")],
            {"a": {"b": "x", "c": 5}},
        ),
        ([attribute("a", boolValue=False)], {"a": False}),
        ([attribute("a", doubleValue=0.5)], {"a": 0.5}),
        ([attribute("a", intValue=7)], {"a": 7}),
        ([attribute("a", intValue="x"), attribute("b", arrayValue={"values": []})], {}),
        # JSON may say 1e999.
        ([attribute("a", intValue=float("inf")), attribute("b", intValue=float("nan"))], {}),
        (
            [attribute("a" + ".b" * 64, stringValue="x"), attribute("a", stringValue="y")],
            {"a": "y"},
        ),
        # An attribute that is also the beginning of another's name.
        ([attribute("a", stringValue="x"), attribute("a.b", stringValue="y")], {"a": "x"}),
        ([attribute("a.b", stringValue="y"), attribute("a", stringValue="x")], {"a": {"b": "y"}}),
        (["no attribute", {"key": 5}, {"value": {}}], {}),
    ],
)
def test_attributes_are_objects_in_objects(given_: list[Any], wanted: dict[str, Any]) -> None:
    (record,) = telemetry([span_with(*given_)])

    assert record == {"spanId": "1", "resource": {}, "attributes": wanted}


def test_what_is_no_export_is_none() -> None:
    assert list(telemetry([None, {}, {"spans": []}])) == [None, None, None]
    assert list(telemetry([{"resourceSpans": []}, {"resourceLogs": "none"}])) == []


@given(
    st.recursive(
        JSON,
        lambda inside: st.dictionaries(st.sampled_from(NAMES), inside | st.lists(inside)),
        max_leaves=20,
    )
)
def test_nothing_that_json_holds_breaks_it(anything: object) -> None:
    for groups in ("resourceSpans", "resourceLogs"):
        assert None not in list(telemetry([{groups: anything}, {groups: [anything]}]))
