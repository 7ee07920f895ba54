"""Who gives way: one of the address that holds most places, the one that has held it longest."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from hypothesis import given
from hypothesis import strategies as st

from monitor.shell.gateway_doors import Doors
from monitor.shell.strangers import Strangers

if TYPE_CHECKING:
    import asyncio

PLACES = st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=30)


class Transport:
    """A connection from somewhere."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.is_aborted = False

    def get_extra_info(self, name: str) -> tuple[str, int]:
        assert name == "peername"
        return self.address, 1

    def abort(self) -> None:
        self.is_aborted = True


@given(PLACES)
def test_the_oldest_of_the_largest_crowd_gives_way(story: list[tuple[str, bool]]) -> None:
    strangers: Strangers[int] = Strangers()
    here: list[tuple[str, int]] = []
    for number, (address, comes) in enumerate(story):
        if comes:
            strangers.add(number, address)
            here.append((address, number))
        else:
            gone = strangers.give_way()
            sizes = {of: sum(a == of for a, _ in here) for of, _ in here}
            found = [place for place in here if place[1] == gone]
            assert (gone is None) == (not here)
            for address_, place in found:
                assert sizes[address_] == max(sizes.values())
                assert place == min(number_ for a, number_ in here if a == address_)
            here = [place for place in here if place[1] != gone]

    assert len(strangers) == len(here)
    assert all(strangers.remove(place) for _, place in here)
    assert not any(strangers.remove(place) for _, place in here)
    assert strangers.give_way() is None


def opened(doors: Doors, address: str) -> Transport:
    transport = Transport(address)
    doors.opened(cast("asyncio.Transport", transport))
    return transport


def test_who_proved_something_stays_and_newcomers_come_in() -> None:
    dropped: list[int] = []
    doors = Doors(3, 1.0, lambda: dropped.append(1))
    known, first, second = (opened(doors, "1.1.1.1") for _ in range(3))
    doors.proved(cast("asyncio.Transport", known))
    others = [opened(doors, "2.2.2.2") for _ in range(3)]

    assert [each.is_aborted for each in (known, first, second)] == [False, True, False]
    assert [each.is_aborted for each in others] == [True, True, False]
    assert len(dropped) == 3


def test_where_all_have_proved_something_the_one_that_rested_longest_leaves() -> None:
    doors = Doors(3, 1.0, lambda: None)
    known = [opened(doors, "1.1.1.1") for _ in range(3)]
    for each in known:
        doors.proved(cast("asyncio.Transport", each))
    # All of them are at work.
    assert opened(doors, "2.2.2.2").is_aborted

    for at in (1, 0, 2):
        doors.answered(cast("asyncio.Transport", known[at]))
    doors.proved(cast("asyncio.Transport", known[1]))
    newcomer = opened(doors, "2.2.2.2")

    assert [each.is_aborted for each in (*known, newcomer)] == [True, False, False, False]
    doors.closed(cast("asyncio.Transport", known[2]))
    assert not opened(doors, "2.2.2.2").is_aborted
    assert not newcomer.is_aborted


def test_whoever_proves_nothing_in_his_time_leaves() -> None:
    doors = Doors(3, 1.0, lambda: None)
    known, stranger = (opened(doors, "1.1.1.1") for _ in range(2))
    doors.proved(cast("asyncio.Transport", known))
    for each in (known, stranger):
        doors.expired(cast("asyncio.Transport", each))

    assert [each.is_aborted for each in (known, stranger)] == [False, True]
