"""The board of findings: rules, section 16. Once per kind and subject, and again only if surer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sim.oracle_actions import Action
    from tests.sim.oracle_book import Counts, Thread
    from tests.sim.oracle_order import Place

SUSPECTED, PROBABLE, CONFIRMED = CERTAINTIES = ("suspected", "probable", "confirmed")
FOUND = "cx_silent_failures_total"
RETRACTED = "cx_silent_failures_retractions_total"


@dataclass(eq=False)
class Finding:
    """Something that was found, and whether it was taken back."""

    sf: str
    subject: object
    confidence: str
    version: str
    band: str
    thread: Thread | None
    raised: Place
    retracted: Place | None = None
    because: str | None = None
    settled: Place | None = None
    forgotten: bool = False
    known_until: Place | None = None
    action: Action | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        return (self.sf, self.confidence, self.version, self.band)


@dataclass
class Board:
    """All that was found, in the order in which it was found."""

    counts: Counts
    findings: list[Finding] = field(default_factory=list)

    def standing(self, sf: str, subject: object, place: Place) -> Finding | None:
        """What had been found of this subject, and not been taken back, before a place."""
        return next(
            (
                one
                for one in self.findings
                if (one.sf, one.subject) == (sf, subject)
                and one.raised <= place
                and not one.forgotten
                and (one.retracted is None or one.retracted > place)
            ),
            None,
        )

    def found(  # noqa: PLR0913  # a finding has this many facts
        self,
        sf: str,
        subject: object,
        confidence: str,
        place: Place,
        thread: Thread | None,
        *,
        version: str | None = None,
        band: str = "unknown",
        lasts: Callable[[Place], bool] = lambda _: True,
    ) -> Finding | None:
        """Raise a finding, unless one as sure stands; a weaker one is taken back.

        `lasts` says until when it is remembered, where a surer one may come too late for it.
        """
        weaker = self.standing(sf, subject, place)
        if weaker and CERTAINTIES.index(weaker.confidence) >= CERTAINTIES.index(confidence):
            return None
        if weaker:
            self.take_back(weaker, place)
        version = version or (thread.version(place) if thread else "unknown")
        finding = Finding(sf, subject, confidence, version, band, thread, place)
        self.findings.append(finding)
        self.counts[FOUND][finding.labels] += 1
        surer = [
            one
            for one in self.findings
            if (one.sf, one.subject) == (sf, subject) and one.raised > place and lasts(one.raised)
        ]
        if surer:
            self.take_back(finding, surer[0].raised)
        return finding

    def take_back(self, finding: Finding | None, place: Place) -> None:
        """Evidence that came later overturned it."""
        if finding and finding.retracted is None:
            finding.retracted = place
            self.counts[RETRACTED][finding.labels] += 1
