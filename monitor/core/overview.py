"""The board: which version wins on paper and loses in practice, and what failed silently.

It is made from a reading, so it says the same of a worker's totals as of its ``/metrics`` page.
Everything is counted since the beginning; windows are the business of Prometheus.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from monitor.core import rules
from monitor.core.estimate import Interval, durability, wilson
from monitor.core.lengths import spell
from monitor.core.moments import seconds
from monitor.core.reading import AT_RISK, EXPOSURE, Reading, by, total
from monitor.core.report import EFFORT, means
from monitor.core.silent.names import NAMES
from schemas.api import Effort, Escalation, Estimate, Held, SilentFailures, Version
from schemas.published import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.core.policy import Policy

BOUND = "same_issue"
_FAILURES = "cx_resolution_failures"
_TRIALS = (EXPOSURE, f"{_FAILURES}_total", f"{_FAILURES}_retractions_total")
_MATURED = "cx_resolutions_matured_total"
_CLAIMED = "cx_resolutions_claimed_total"
_INVOLVED = "cx_ai_involved"
_LEFT = "cx_abandoned_as_resolved"
_FOUND = "cx_silent_failures"
_VERDICT = "cx_handoff_verdict"
_MISSED = "cx_missed_escalations"
_HEARTBEAT = "cx.heartbeat.v1"
_PLACES = 6

READ = frozenset(
    {
        *(*_TRIALS, _MATURED, _CLAIMED, AT_RISK),
        *(
            f"{name}{end}"
            for name in (_INVOLVED, _LEFT, _FOUND, _VERDICT, _MISSED, "cx_conversations")
            for end in ("_total", "_retractions_total")
        ),
        *("cx_events_total", "cx_journeys_total", "cx_dead_letters_total", "cx_monitor_blind"),
        *("cx_handoffs_total", "cx_handoff_terminal_total"),
        *(f"cx_journey_{name}_{part}" for name in EFFORT for part in ("sum", "count")),
    }
)
"""The names in a reading that the board is made from."""


def counts(reading: Reading) -> dict[str, int]:
    """How much was seen in all; nothing where nothing was."""
    if not reading:
        return {}
    return {
        "events": int(
            total(reading, "cx_events_total", lambda labels: labels[1:] != (_HEARTBEAT, "applied"))
        ),
        "conversations": int(_net_total(reading, "cx_conversations")),
        "journeys": int(total(reading, "cx_journeys_total")),
        "claimed": int(total(reading, _CLAIMED)),
        "dead_letters": int(total(reading, "cx_dead_letters_total")),
    }


def blind(reading: Reading) -> tuple[str, ...]:
    """The signals that cannot be trusted now."""
    return tuple(name for name, is_so in by(reading, "cx_monitor_blind", 0).items() if is_so)


def versions(reading: Reading, policy: Policy) -> Iterator[Version]:
    """Every version that claimed something or took part in something, and the people."""
    trials = _trials(reading)
    involved = _net(reading, _INVOLVED, 3)
    left = _net(reading, _LEFT, 0)
    claimed, by_ai = by(reading, _CLAIMED, 2), by(_by_ai(reading), _CLAIMED, 2)
    on_trial = by(_under_bound(reading, AT_RISK), AT_RISK, 2)
    # Where the AI took no part there is nobody to be judged.
    names = {*trials, *claimed, *(name for name, n in involved.items() if n and name != "none")}
    for name in sorted(names):
        own = trials.get(name, {})
        curve = tuple(_curve(own, policy))
        n, hits = involved.get(name, 0), by_ai.get(name, 0)
        lasting = durability(own, policy, policy.durable_horizon, BOUND)
        kept = max(hits - left.get(name, 0), 0)
        yield Version(
            ai_version=name,
            on_trial=int(on_trial.get(name, 0)),
            claimed=int(claimed.get(name, 0)),
            failed=int(_net_total(own, _FAILURES)),
            involved=int(n) or None,
            paper=_estimate(wilson(min(hits, n), n)),
            practice=_practice(lasting, min(kept, n) / n if n else None),
            curve=curve,
        )


def escalations(reading: Reading) -> Iterator[Escalation]:
    """Every kind of handoff: how they ended, and whether they were needed."""
    verdicts = _net(reading, _VERDICT, 0, 1)
    ended = by(reading, "cx_handoff_terminal_total", 0, 1)
    for kind, requested in by(reading, "cx_handoffs_total", 0).items():
        yield Escalation(
            kind=kind,
            requested=int(requested),
            ended=_of_kind(ended, kind),
            needed=_of_kind(verdicts, kind),
        )


def missed(reading: Reading) -> dict[str, int]:
    """Escalations that were called for and not made, by why."""
    return {why: int(n) for why, n in _net(reading, _MISSED, 0).items() if n}


def effort(reading: Reading) -> Iterator[Effort]:
    """What journeys cost their customers, by checkpoint and by what became of them.

    A row without a single message may be of customers who wrote none, or of sources that tell of
    none. Totals do not know which, so there is nothing, and no 0.
    """
    rows: dict[str, dict[str, float]] = defaultdict(dict)
    for name in EFFORT:
        for key, (n, mean) in means(reading, f"cx_journey_{name}", 0, 1).items():
            rows[key] |= {"journeys": n} | ({name: mean} if mean else {})
    for key, numbers in rows.items():
        at, _, outcome = key.partition("/")
        yield Effort.model_validate({"at": at, "outcome": outcome} | numbers)


def silent_failures(reading: Reading) -> Iterator[SilentFailures]:
    """Silent failures by kind and certainty."""
    overturned = by(reading, f"{_FOUND}_retractions_total", 0, 1)
    conversations = _net_total(reading, "cx_conversations")
    for key, found in by(reading, f"{_FOUND}_total", 0, 1).items():
        sf, _, confidence = key.partition("/")
        if sf not in NAMES:
            continue  # A newer worker counts it, and newer workers tell of it.
        taken_back = overturned.get(key, 0)
        standing = found - taken_back
        per_100 = round(100 * standing / conversations, _PLACES) if conversations else None
        yield SilentFailures(
            sf=sf,
            name=NAMES[sf],
            because=rules.of_finding(sf).says,
            confidence=Confidence(confidence),
            found=int(found),
            taken_back=int(taken_back),
            standing=int(standing),
            per_100=per_100,
        )


def _curve(own: Reading, policy: Policy) -> Iterator[Held]:
    matured = by(own, _MATURED, 1, 2)
    for edge in policy.age_edges[1:]:
        age, is_horizon = spell(edge), edge in policy.horizons
        reached = {
            f"matured_{result}": int(matured.get(f"{age}/{result}", 0)) if is_horizon else None
            for result in ("durable", "failed")
        }
        yield Held(
            age=age,
            seconds=seconds(edge),
            is_horizon=is_horizon,
            durable=_estimate(durability(own, policy, edge, BOUND)),
            **reached,
        )


def _trials(reading: Reading) -> dict[str, Reading]:
    """The trials of each version under the bound, apart, and of all intent groups together.

    An estimate looks through all cells for each age; so it looks through few.
    """
    apart: dict[str, Reading] = {}
    for name, position in (*((name, 2) for name in _TRIALS), (_MATURED, 3)):
        for labels, value in reading.get(name, {}).items():
            if labels[0] == BOUND:
                own = apart.setdefault(labels[position], {}).setdefault(name, {})
                cell = labels[: position + 1]
                own[cell] = own.get(cell, 0) + value
    return apart


def _under_bound(reading: Reading, name: str) -> Reading:
    return {name: {one: n for one, n in reading.get(name, {}).items() if one[0] == BOUND}}


def _by_ai(reading: Reading) -> Reading:
    return {_CLAIMED: {one: n for one, n in reading.get(_CLAIMED, {}).items() if one[0] == "ai"}}


def _practice(lasting: Interval | None, kept: float | None) -> Estimate | None:
    if lasting is None or kept is None:
        return None
    return _estimate(
        Interval(lasting.value * kept, lasting.lower * kept, lasting.upper * kept),
    )


def _estimate(interval: Interval | None) -> Estimate | None:
    if interval is None:
        return None
    return Estimate(
        value=round(interval.value, _PLACES),
        lower95=round(interval.lower, _PLACES),
        upper95=round(interval.upper, _PLACES),
    )


def _net(reading: Reading, name: str, *positions: int) -> dict[str, float]:
    """What was counted less what was taken back, by some of the labels."""
    taken_back = by(reading, f"{name}_retractions_total", *positions)
    counted = by(reading, f"{name}_total", *positions)
    return {key: n - taken_back.get(key, 0) for key, n in counted.items()}


def _net_total(reading: Reading, name: str) -> float:
    return total(reading, f"{name}_total") - total(reading, f"{name}_retractions_total")


def _of_kind(by_kind: dict[str, float], kind: str) -> dict[str, int]:
    return {
        what: int(n)
        for key, n in by_kind.items()
        for owner, _, what in [key.partition("/")]
        if owner == kind and n
    }
