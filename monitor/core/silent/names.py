"""The names of all kinds of silent failures, by their numbers."""

from __future__ import annotations

from monitor.core.silent import (
    sf01,
    sf02,
    sf03,
    sf04,
    sf05,
    sf06,
    sf07,
    sf08,
    sf09,
    sf10,
    sf11,
    sf12,
    sf13,
    sf14,
    sf15,
    sf16,
    sf17,
    sf18,
    sf19,
    sf20,
)

_MODULES = (
    *(sf01, sf02, sf03, sf04, sf05, sf06, sf07, sf08, sf09, sf10),
    *(sf11, sf12, sf13, sf14, sf15, sf16, sf17, sf18, sf19, sf20),
)

NAMES = {module.KIND.sf: module.KIND.name for module in _MODULES}
