"""Whatever stands in a file that an operator gives, only its documented error comes of it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from monitor.adapters.mapping import MAPS, MappingError, read_mapping
from monitor.core.policy import Policy
from monitor.rules.slo import SloError, load_slo
from monitor.shell.policy_file import PolicyError, load_policy, show
from tests.fuzz.bending import bent
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

_CALENDARS = b"""
calendar = "office"
[calendars.office]
zone = "Europe/Berlin"
holidays = ["2026-12-25"]
[calendars.office.week]
monday = ["09:00-17:00"]
"""
SEEDS = {
    "mapping": [path.read_bytes() for path in sorted(MAPS.glob("*.toml"))],
    "policy": [show(Policy()).encode(), _CALENDARS, b'lateness = "2m"\ncompatible_groups = []\n'],
    "slo": [(ROOT / "deploy" / "slo.toml").read_bytes()],
}
READERS: dict[str, tuple[Callable[[Path], object], type[Exception]]] = {
    "mapping": (read_mapping, MappingError),
    "policy": (load_policy, PolicyError),
    "slo": (load_slo, SloError),
}


@pytest.mark.parametrize("kind", READERS)
def test_a_file_is_read_or_refused_by_name(kind: str) -> None:
    reader, refusal = READERS[kind]

    @given(bent(SEEDS[kind]))
    def property_(content: bytes) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "given.toml"
            path.write_bytes(content)
            said = "given.toml"
            try:
                reader(path)
            except refusal as error:
                said = str(error)
            assert "given.toml" in said

    property_()
