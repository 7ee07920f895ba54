"""Who is who: references that are found to be one customer, and where that customer's row is.

The canonical reference of a set is the smallest of its references as text. Rule: a reference only
ever becomes another name of a smaller one, and only while it stands for itself; so sets are the
same in whatever order links come, links that go round in a circle unite nothing, and a chain of
names ends. Who finds that out is the partition that owns the larger reference. If the smaller one
lives elsewhere, everything known goes there by a note, and so does what comes later.

A name is remembered for ``link_memory`` after its last use. Events keep the name they came under:
there they wait, and there repeats are known, so no set of ids has to move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from monitor.core import union
from monitor.core.notes import Lost, Moved, Shared, arrival_id, encode, forwarded
from monitor.core.state import Alias
from monitor.core.step import mark_of
from schemas.conversations import CustomerLinked
from schemas.decode import TOPIC_OF
from schemas.vocabulary import Assurance

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.core.customers import Customers
    from monitor.core.moments import Moment
    from monitor.core.notes import Arrival, Outbox
    from monitor.core.policy import Policy
    from monitor.core.state import Customer
    from monitor.core.step import Step
    from schemas.conversations import LinkData
    from schemas.envelope import Envelope

_UNITING = (Assurance.VERIFIED, Assurance.ASSERTED)
# What is said of sets; a device is shared by two references only.
_SETS = (*_UNITING, Assurance.NONE)


class Identities:
    """The rows of one partition, by the references of their customers."""

    def __init__(
        self,
        policy: Policy,
        customers: Customers,
        owns: Callable[[str], bool],
        outbox: Outbox,
    ) -> None:
        """``owns`` says of a reference whether its events come to this partition."""
        self._memory = policy.link_memory
        self._customers = customers
        self._owns = owns
        self._outbox = outbox

    def row(self, reference: str) -> Customer:
        """The row of a reference, which begins now if there is none."""
        return self._customers.find(reference) or self._customers.begin(reference)

    def place(self, key: str, event: Envelope) -> str:
        """Where an event waits: with its customer, and a link with the larger of the two."""
        if isinstance(event, CustomerLinked) and event.data.assurance in _UNITING:
            return max(event.data.customer_ref, event.data.other_ref)
        return key

    def away(self, key: str, at: Moment, event: Envelope) -> str | None:
        """To whom an event goes on at once, if its customer is known to live elsewhere."""
        row = self._customers.find(key)
        named = row is not None and row.alias is not None and at < row.alias.until
        # A link is about the name itself.
        root = self._root(key, at) if named and not isinstance(event, CustomerLinked) else key
        return None if self._is_here(root) else root

    def finds(self, step: Step, event_key: int, event: Envelope) -> bool:
        """Whether the customer, known by another name, is here; then the step is theirs."""
        if isinstance(event, CustomerLinked):
            return True
        root = self._root(step.customer.key, step.at)
        if not self._is_here(root):
            self._outbox.post(root, forwarded(event_key, TOPIC_OF[event.type], step.at, event))
            return False
        step.customer = self.row(root)
        return True

    def link(self, step: Step, event_key: int, event: CustomerLinked) -> list[Step]:
        """Two references are said to be one customer, or not. Returns the steps of other rows."""
        data = event.data
        if data.customer_ref == data.other_ref:
            return []
        steps: list[Step] = []
        if data.assurance in (Assurance.DEVICE, Assurance.NONE):
            steps += self._share(step, data)
        ends = self._walk(step, event_key, event) if data.assurance in _SETS else None
        if ends is None:
            return steps
        low, high = ends
        if low != high and data.assurance in _UNITING:
            steps += self._unite(step, high, low, data.assurance)
        elif low == high and data.assurance is Assurance.NONE:
            steps += self.tell(step, low, Lost(step.at, mark_of(event, step.at)))
        return steps

    def tell(self, step: Step, reference: str, arrival: Arrival) -> list[Step]:
        """Let something happen to a customer at its moment, wherever they live."""
        root = self._root(reference, arrival.at)
        if not self._is_here(root):
            self._outbox.post(root, arrival)
            return []
        packed = encode(arrival)
        name = arrival_id(packed)
        told = self._step(step, root)
        told.customer.arriving[name] = packed
        told.wait("arrival", name, arrival.at)
        return [told]

    def _share(self, step: Step, data: LinkData) -> list[Step]:
        until = step.at + self._memory if data.assurance is Assurance.DEVICE else 0
        one, other = data.customer_ref, data.other_ref
        return [
            *self.tell(step, one, Shared(step.at, other, until)),
            *self.tell(step, other, Shared(step.at, one, until)),
        ]

    def _walk(self, step: Step, event_key: int, event: CustomerLinked) -> tuple[str, str] | None:
        """Follow the larger of two references until they are the same, or two customers.

        None if another partition goes on with it.
        """
        low, high = sorted((event.data.customer_ref, event.data.other_ref))
        while low != high:
            if not self._is_here(high):
                data = event.data.model_copy(update={"customer_ref": high, "other_ref": low})
                rest = event.model_copy(update={"data": data})
                topic = TOPIC_OF[event.type]
                self._outbox.post(high, forwarded(event_key, topic, step.at, rest))
                return None
            root = self._root(high, step.at)
            if root == high:
                break
            low, high = sorted((low, root))
        return low, high

    def _unite(self, step: Step, high: str, low: str, assurance: Assurance) -> list[Step]:
        step.count("cx_identity_links_total", assurance)
        root, until = self._root(low, step.at), step.at + self._memory
        leaving = self._step(step, high)
        guest = union.depart(leaving)
        leaving.customer.alias = Alias(root, until)
        leaving.wait("alias", "", until)
        if guest.journeys:
            step.count("cx_identity_late_links_total")
        if self._is_here(root):
            joined = self._step(step, root)
            union.absorb(joined, guest, step.now)
            return [leaving, joined]
        if not union.is_empty(guest):
            self._outbox.post(root, Moved(step.at, step.now, encode(guest)))
        return [leaving]

    def _step(self, step: Step, reference: str) -> Step:
        """The same step, in the row of another reference."""
        return replace(step, customer=self.row(reference), waits=[], sends=[])

    def _is_here(self, reference: str) -> bool:
        return self._owns(reference) or reference in self._customers

    def _root(self, key: str, at: Moment) -> str:
        """The customer of a reference, as far as is known here; all names on the way are used."""
        row = self._customers.find(key)
        while row is not None and row.alias is not None:
            row.alias.until = max(row.alias.until, at + self._memory)
            self._customers.dirty.add(key)
            key = row.alias.to
            row = self._customers.find(key)
        return key


def forget_name(step: Step, subject: str) -> None:
    """A name was not used for long: events under it are a customer's of their own again."""
    del subject
    alias = step.customer.alias
    assert alias is not None, "only names are forgotten"
    if alias.until > step.at:
        # One deadline follows the last use from afar, instead of a new one for each.
        step.wait("alias", "", alias.until)
    else:
        step.customer.alias = None
