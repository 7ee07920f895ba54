"""The references under which customers leave a mapping: normalised, and hashed under a key.

Rule: an e-mail address or a phone number leaves as its keyed hash, or not at all.

Two sources that know one customer by one address give one reference for him, if they share the
key: so an address is written in one way before it is hashed. Other references are hashed too
where there is a key, and left as they are where there is none.

A new key gives every customer a new reference. While the former key is known as well, the first
event of each customer is preceded by the word that both references are his.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import phonenumbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from monitor.adapters.records import Event

LINKED = "cx.customer.linked.v1"

_HASH_CHARACTERS = 32
_TOLD_MAX = 100_000  # Who was forgotten is linked again, by an event with the same id.
_FIRST = "0"


def email_address(text: str, region: str | None = None) -> str | None:
    """Write an e-mail address in one way, or give nothing if it is none.

    Letters become small, also before the @: servers may tell them apart, and none is known to.
    Dots and what follows a + are kept, for their meaning is each server's own.
    """
    del region
    name, at, domain = text.strip().lower().removeprefix("mailto:").rpartition("@")
    try:
        host = domain.encode("idna").decode()
    except UnicodeError:
        return None
    if not at or not name or "." not in host or any(sign in name for sign in "@ <>"):
        return None
    return f"email:{name}@{host}"


def phone_number(text: str, region: str | None = None) -> str | None:
    """Write a phone number as E.164 does, or give nothing if it is none.

    Args:
        text: a number, as people or programs write it.
        region: the country of numbers without a +, such as DE.
    """
    try:
        number = phonenumbers.parse(text.rpartition(":")[2], region)
    except phonenumbers.NumberParseException:
        return None
    # Behind an extension sits somebody else than behind the next one. Callers who hide their number
    # share one that is none, such as +266696687.
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return f"tel:{phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)}"


CONTACTS: dict[str, Callable[[str, str | None], str | None]] = {
    "email": email_address,
    "phone": phone_number,
}
REGIONS: frozenset[str] = frozenset(phonenumbers.SUPPORTED_REGIONS)


class References:
    """The keys at work on one log."""

    def __init__(self, key: bytes | None = None, former: bytes | None = None) -> None:
        """Hash nothing without a key."""
        self.key = key
        self._former = former
        self._due: dict[str, str] = {}
        self._told: dict[str, None] = {}

    def of(self, name: object) -> object:
        """Give the reference of a customer; what is no text is for the contract to refuse."""
        if self.key is None or not isinstance(name, str):
            return name
        reference = _hash(self.key, name)
        if self._former is not None and reference not in self._told:
            self._due[reference] = _hash(self._former, name)
        return reference

    def introduced(self, events: Iterable[Event]) -> Iterator[Event]:
        """Give the events of a record, each new customer's after the link to his former name."""
        for event in events:
            reference = event.get("partitionkey")
            former = self._due.pop(reference, None) if isinstance(reference, str) else None
            if former is not None:
                self._told[str(reference)] = None
                if len(self._told) > _TOLD_MAX:
                    del self._told[next(iter(self._told))]
                yield _link(event, former)
            yield event
        self._due.clear()


def introduces(id_: str, reference: str | None, other: str) -> bool:
    """Tell by its id whether a link is to a former name: a run of a mapping gives it, no record."""
    return id_.startswith(f"{reference}.") and id_.endswith(f".{other}")


def _hash(key: bytes, name: str) -> str:
    return hmac.digest(key, name.encode(), "sha256").hex()[:_HASH_CHARACTERS]


def _link(event: Event, former: str) -> Event:
    reference, rule = event["partitionkey"], event["id"].split(".")[1]
    data = {"customer_ref": reference, "other_ref": former, "assurance": "verified"}
    replaced = {
        "id": f"{reference}.{rule}.{former}",
        "type": LINKED,
        "sequence": _FIRST,
        "data": data,
    }
    return {name: value for name, value in event.items() if name != "subject"} | replaced
