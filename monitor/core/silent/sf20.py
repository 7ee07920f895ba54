"""SF-20, monitor blindness: what the monitor does not see, it must not call good.

Each partition looks around at every full window of event time. It is blind to a signal while a
producer that used to be heard is silent, while a topic is silent at an hour at which it usually is
not, while far fewer handoffs or known customers are told of than usually at this hour, or while a
verdict waits for a late ledger. Of the first and the last the monitor is sure; the others may be a
holiday.

What is usual is the median over those of the last seven days that had any at the same hour, if
there were three of them. Shares are compared as fractions, so that no rounding decides.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from statistics import median, median_high, median_low
from typing import TYPE_CHECKING

from monitor.core.moments import DAY, HOUR, Moment
from monitor.core.sight import HANDED_OVER, IDENTIFIED, INVOLVED, MEMORY, STARTED, Sight
from monitor.core.silent.findings import SilentFailure, is_raised, let_stand, raise_finding
from schemas.decode import TOPICS
from schemas.published import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.core.policy import Policy
    from monitor.core.step import Step

KIND = SilentFailure("SF-20", "Monitor blindness")
GAUGE = "cx_monitor_blind"

_PRODUCER = "producer:"
_DAYS = range(1, MEMORY // DAY + 1)
_DAYS_MIN = 3
# Of each ratio: what is counted, what it is a share of, and the part of the usual that is too low.
_RATIOS = {
    "ratio:handoffs": (HANDED_OVER, INVOLVED, Fraction(1, 5)),
    "ratio:identified": (IDENTIFIED, STARTED, Fraction(1, 2)),
}


def look(step: Step, subject: str) -> None:
    """A window of event time is over: say what the monitor is blind to, and no longer blind to."""
    del subject
    sight = step.sight
    blind = dict(_blind(step))
    for signal in [key.partition(":")[2] for key in sight.row.raised]:
        if signal not in blind:
            let_stand(step, KIND, signal)
            step.totals.drop(GAUGE, signal)
    for signal, confidence in blind.items():
        if not is_raised(step, KIND, signal):
            raise_finding(step, KIND, signal, None, confidence, ())
            step.shift(GAUGE, 1, signal)
    sight.forget_before(step.at, step.policy.blind_window)
    sight.changed = True


def next_look(sight: Sight, policy: Policy, now: Moment) -> Moment | None:
    """When there may be something else to say than now; None while nothing is expected.

    Time can pass fast, so windows at which nothing can change are passed over.
    """
    window = policy.blind_window
    following = _end_of_window(now, window)
    lasting, moments = set(), []
    for name, beat in sight.beats.items():
        missed = _end_of_window(beat.at + window, window)
        if missed <= now:
            lasting.add(f"{KIND.sf}:{_PRODUCER}{name}")
            missed = max(_end_of_window(beat.at + MEMORY - 1, window), following)
        moments.append(missed)
    if sight.row.raised.keys() - lasting or sight.late_until >= following:
        return following
    usual = _next_usual(sight, following, window)
    return min(moments if usual is None else [*moments, usual], default=None)


def _blind(step: Step) -> Iterator[tuple[str, Confidence]]:
    sight, window = step.sight, step.policy.blind_window
    begun_at = step.at - window
    for name, beat in sight.beats.items():
        if beat.at < begun_at and step.at < beat.at + MEMORY:
            yield f"{_PRODUCER}{name}", Confidence.CONFIRMED
    hours = [hour for hour in _hours_like(begun_at) if hour in sight.hours]
    for topic in TOPICS if len(hours) >= _DAYS_MIN else ():
        if _is_busy(step, topic, hours) and sight.since(begun_at, topic) == 0:
            yield f"silent:{topic}", Confidence.PROBABLE
    for signal, (part, whole, limit) in _RATIOS.items():
        n = sight.since(step.at - _hour_in(window), whole)
        if n >= step.policy.blind_min:
            share = Fraction(sight.since(step.at - _hour_in(window), part), n)
            if share < limit * _usual_share(sight, hours, part, whole):
                yield signal, Confidence.PROBABLE
    if sight.late_until >= step.at:
        yield "ledger", Confidence.CONFIRMED


def _is_busy(step: Step, topic: str, hours: list[int]) -> bool:
    """Whether a topic usually has enough in this window for silence to say something."""
    window = step.policy.blind_window
    counts = [n for n in step.sight.in_hours(hours, topic) if n]
    if len(counts) < _DAYS_MIN:
        return False
    twice_the_median = median_low(counts) + median_high(counts)
    return twice_the_median * window >= 2 * step.policy.blind_min * HOUR


def _usual_share(sight: Sight, hours: list[int], part: str, whole: str) -> Fraction:
    both = zip(sight.in_hours(hours, part), sight.in_hours(hours, whole), strict=True)
    shares = [Fraction(n, of) for n, of in both if of]
    return median(shares) if len(shares) >= _DAYS_MIN else Fraction(0)


def _hours_like(moment: Moment) -> list[int]:
    """The same hour of the last seven days."""
    return [moment // HOUR - 24 * days for days in _DAYS]


def _next_usual(sight: Sight, following: Moment, window: Moment) -> Moment | None:
    """The next look at which anything can be compared with what is usual."""
    begins = following - window
    if len(sight.hours.keys() & _hours_like(begins)) >= _DAYS_MIN:
        return following
    like = Counter(hour + 24 * days for hour in sight.hours for days in _DAYS)
    hour = min(
        (hour for hour, n in like.items() if n >= _DAYS_MIN and hour * HOUR > begins),
        default=None,
    )
    return None if hour is None else _end_of_window(hour * HOUR - 1, window) + window


def _hour_in(window: Moment) -> Moment:
    """An hour in full windows: a little more where it cannot be divided into them."""
    return -(-HOUR // window) * window


def _end_of_window(moment: Moment, window: Moment) -> Moment:
    """The next end of a window, after a moment."""
    return (moment // window + 1) * window
