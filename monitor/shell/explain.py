"""Explains one journey out of recorded logs: what happened, what was decided, and by which rule.

The ordinary core folds the ordinary replay; only the steps of the case's customers are written
down on the way.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from monitor.core.timeline import timeline
from monitor.core.trace import Trace
from monitor.core.tracker import customer_key
from monitor.operator_error import OperatorError
from monitor.shell.replay import NOTHING_READ, Replay, play
from schemas.conversations import CustomerLinked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from rich.console import Console

    from monitor.adapters.mapping import Mapping
    from monitor.core.policy import Policy
    from monitor.shell.replay import Held, Replayed
    from schemas.envelope import Envelope

_NEAR = 3


class CaseError(OperatorError):
    """There is no such case. The message names those that come near."""


class Search(Replay):
    """A replay that looks for a case while it reads, and then traces whoever had it."""

    def __init__(self, policy: Policy, mapping: Mapping | None, case: str) -> None:
        """Look for a case or a conversation by its id."""
        super().__init__(policy, mapping)
        self._case = case
        self._keys: set[str] = set()
        self._names: set[str] = set()
        self._links: list[frozenset[str]] = []

    def hold(self, topic: str, event: Envelope) -> None:
        """Keep an event, and note whether it is one of the case."""
        super().hold(topic, event)
        if isinstance(event, CustomerLinked):
            self._links.append(frozenset((event.data.customer_ref, event.data.other_ref)))
        named = {getattr(event.data, name, None) for name in ("conversation_id", "case_id")}
        if self._case in named:
            self._keys.add(customer_key(event))
        self._names.update(name for name in named if name is not None)

    def finish(self, watch: Callable[[list[Held]], Iterable[Held]] = iter) -> Replayed:
        """The logs have ended: apply them, with a trace of the case's customers.

        Raises:
            CaseError: no event was of the case.
        """
        if not self._keys:
            raise CaseError(
                f"{self._case}: the log has no such case and no such conversation"
                f"{self._near()}{self._unread()}"
            )
        self.tracker.trace = Trace(self._all_keys())
        return super().finish(watch)

    def _all_keys(self) -> set[str]:
        # Of linked references one stands for all, and which one is for the core to say.
        keys, size = set(self._keys), 0
        while size < len(keys):
            size = len(keys)
            keys.update(*(link for link in self._links if link & keys))
        return keys

    def _unread(self) -> str:
        if not self._held:
            return f"; nothing in it was read as an event: {NOTHING_READ}"
        counted = self.tracker.totals.counts.get("cx_events_total", {})
        refused = sum(n for (*_, result), n in counted.items() if result == "invalid")
        return f"; {refused} of its records could not be read" if refused else ""

    def _near(self) -> str:
        wanted = self._case.casefold()
        inside = [name for name in sorted(self._names) if wanted in name.casefold()]
        near = inside[:_NEAR] or get_close_matches(self._case, sorted(self._names), _NEAR)
        return f"; near it are {', '.join(near)}" if near else ""


def explain(
    case: str, files: list[Path], policy: Policy, mapping: Mapping | None, console: Console
) -> dict[str, Any]:
    """The timeline of a case, ready for JSON.

    Raises:
        CaseError: the log has no such case.
        LogError: a file is damaged.
    """
    run = Search(policy, mapping, case)
    play(files, run, console)
    return timeline(run.tracker, case)
