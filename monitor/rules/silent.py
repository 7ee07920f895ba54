"""Silent failures: single ones that are certain, and kinds that grow beyond what is usual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.rules import formulas as f
from monitor.rules.links import examples, top
from monitor.rules.model import Alert, Group, Record
from monitor.rules.promql import on, pick, total
from monitor.rules.totals import count

if TYPE_CHECKING:
    from monitor.rules.links import Desk

CERTAIN = ("SF-04", "SF-05", "SF-06", "SF-08", "SF-09", "SF-12", "SF-13")
"""Two records contradict each other, and somebody can still help."""
CERTAIN_MIN = 3
SPIKE_Z = 4
"""Where none is expected, that is seven of a kind in an hour."""
SHARE_FROM = 200
"""So many conversations must have told what is usual."""
_METRIC = "cx_silent_failures_total"
_KIND = ("sf", "confidence")
_NAMES = {
    "SF-04": "were told of a handoff that nobody requested",
    "SF-05": "asked for a human, and none came",
    "SF-06": "were left without a word out of hours",
    "SF-08": "were told of an action that the ledger does not know",
    "SF-09": "were promised what was not kept",
    "SF-12": "wrote to an AI that fell silent",
    "SF-13": "have nobody who answers for them",
}


def groups(desk: Desk) -> list[Group]:
    """What is usual, and the alerts."""
    return [
        Group("cx-silent-failures-certain", [_certain(desk)]),
        Group("cx-silent-failures-usual", [*_usual(), _spike(desk)], "1m"),
    ]


def certain() -> str:
    """Three of a kind within a quarter of an hour, or one with much at stake."""
    where = f'sf=~"{"|".join(CERTAIN)}", confidence="confirmed"'
    counted = count(_METRIC, "15m")
    some = total(pick(counted, where), "sf")
    dear = total(pick(counted, f'{where}, value_band="high"'), "sf")
    return f"{some} >= {CERTAIN_MIN}\nor {some} and {on('sf')} {dear} >= 1"


def _certain(desk: Desk) -> Alert:
    named = "".join(
        f'{{{{ {"if" if n == 0 else "else if"} eq $labels.sf "{sf}" }}}}{says}'
        for n, (sf, says) in enumerate(_NAMES.items())
    )
    counted = count(_METRIC, "15m") + '{confidence="confirmed", job=%q, sf=%q}'
    names = ("ai_version", "value_band")
    offenders = top(total(counted, *names), names, "job", "sf")
    return desk.alert(
        "OutcomeSilentFailure",
        certain(),
        severity="page",
        signal="outcome",
        team="ai-support",
        summary=f'{{{{ $value | printf "%.0f" }}}} customers {named}{{{{ end }}}} '
        "({{ $labels.sf }}, last 15 minutes)",
        description=f"By AI version and what is at stake: {offenders}".rstrip(),
        concern="silent",
        labels=("sf",),
        examples=examples(_METRIC, 'confidence="confirmed"', "15m", "sf"),
    )


def _usual() -> list[Record]:
    """How many of each kind the conversations of this hour usually bring.

    What is usual ends two hours ago, so that an incident does not excuse itself at once.
    """
    seen = total(count(_METRIC, "1h"), *_KIND)
    before = total(f"{count(_METRIC, '7d')} offset 2h", *_KIND)
    conversations = total(count("cx_conversations_total", "1h"))
    usually = total(f"{count('cx_conversations_total', '7d')} offset 2h")
    expected = "cx:silent_failures:expected1h"
    return [
        Record("cx:silent_failures:seen1h", seen),
        Record(
            expected,
            f"({before} or 0 * cx:silent_failures:seen1h)\n"
            f"/ {on()} group_left () ({usually} > {SHARE_FROM})\n"
            f"* {on()} group_left () {conversations}",
        ),
        Record(
            "cx:silent_failures:spike1h",
            f.SPIKE.of(seen="cx:silent_failures:seen1h", expected=expected),
        ),
    ]


def spike() -> str:
    """Far more than usual."""
    return f'cx:silent_failures:spike1h{{confidence!="suspected", sf!="SF-20"}} > {SPIKE_Z}'


def _spike(desk: Desk) -> Alert:
    counted = count(_METRIC, "1h") + "{job=%q, sf=%q, confidence=%q}"
    names = ("ai_version", "value_band")
    offenders = top(total(counted, *names), names, "job", *_KIND)
    return desk.alert(
        "OutcomeSilentFailureSpike",
        spike(),
        severity="page",
        signal="outcome",
        team="ai-support",
        summary="Far more customers than usual are failed in silence ({{ $labels.sf }}, "
        '{{ $labels.confidence }}): {{ $value | printf "%.1f" }} standard deviations above '
        "the last week",
        description=f"By AI version and what is at stake, in 1h: {offenders}".rstrip(),
        concern="silent",
        labels=_KIND,
        hold="5m",
        examples=examples(_METRIC, 'confidence={{ printf "%q" $labels.confidence }}', "1h", "sf"),
    )
