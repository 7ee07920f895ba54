"""Those who have proved nothing yet, and who of them goes when there is room for no more.

Rule: the address that holds most places gives one up, the one that it has held longest.

A slow sender lives on holding places for long, and an honest one has proved itself in a moment.
Whoever comes again and again to push others out comes from somewhere, and pushes out his own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

T = TypeVar("T", bound="Hashable")


class Strangers(Generic[T]):
    """Places that are held, by the address of who holds them."""

    def __init__(self) -> None:
        """Nobody is here."""
        self._at: dict[str, dict[T, None]] = {}
        self._address: dict[T, str] = {}

    def __len__(self) -> int:
        return len(self._address)

    def __contains__(self, place: T) -> bool:
        return place in self._address

    def add(self, place: T, address: str) -> None:
        """Give somebody a place."""
        self._address[place] = address
        self._at.setdefault(address, {})[place] = None

    def remove(self, place: T) -> bool:
        """Take a place back; whether it was held."""
        address = self._address.pop(place, None)
        if address is None:
            return False
        held = self._at[address]
        del held[place]
        if not held:
            del self._at[address]
        return True

    def give_way(self) -> T | None:
        """Take the place back that goes first, if there is any."""
        if not self._at:
            return None
        crowd = max(self._at, key=lambda address: len(self._at[address]))
        place = next(iter(self._at[crowd]))
        self.remove(place)
        return place
