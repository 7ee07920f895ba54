"""The commands about dead letters: which there are, what one holds, and sending them again."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from monitor.core.lengths import parse_length
from monitor.core.moments import datetime_of, moment_of
from monitor.shell.access import access_of
from monitor.shell.dead_letters import Kept, chosen, letters, place_of, redrive
from monitor.shell.replay import dump, dump_line
from monitor.shell.settings import read_settings
from monitor.usage import UsageError
from schemas.published import Reason

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

app = typer.Typer(
    name="dead-letters",
    help="Records that were no events: list them, look at one, send them again after a repair.",
    no_args_is_help=True,
)

_Topic = Annotated[str | None, typer.Option(help="Only those that came from this topic.")]
_Reason = Annotated[Reason | None, typer.Option(help="Only those refused for this reason.")]
_Since = Annotated[
    str | None, typer.Option(help="Only those of the last so long before the newest: 90s, 1h, 7d.")
]


@app.command(name="list")
def dead_letters_list(
    topic: _Topic = None,
    reason: _Reason = None,
    since: _Since = None,
    last: Annotated[int, typer.Option(min=0, help="How many, the newest; 0: all.")] = 50,
    json_: Annotated[bool, typer.Option("--json", metavar="", help="JSON, one a line.")] = False,
) -> None:
    """List dead letters, the newest last: where each lies, where it came from, what was wrong.

    Example: outcome-monitor dead-letters list --reason unknown_type --since 1d
    """
    found = _found(topic, reason, since)
    shown = found[-last:] if last else found
    for one in shown:
        sys.stdout.write(dump_line(_told(one)) if json_ else f"{_line(one)}\n")
    if not json_:
        sys.stderr.write(f"{len(shown)} of {len(found)} dead letters\n")


@app.command(name="show")
def dead_letters_show(
    place: Annotated[str, typer.Argument(help="PARTITION/OFFSET, as `list` shows it.")],
    raw: Annotated[
        bool, typer.Option("--raw", metavar="", help="The bytes of its value, nothing else.")
    ] = False,
) -> None:
    """Show one dead letter whole, with what came. It may name a customer.

    Example: outcome-monitor dead-letters show 0/17
    """
    where = place_of(place)
    with _progress() as seen:
        (one,) = asyncio.run(chosen(access_of(read_settings()), [where], seen))
    if raw:
        sys.stdout.buffer.write(one.value or b"")
        return
    came = {
        "key": _text(one.key),
        "headers": [[name, _text(content)] for name, content in one.headers],
        "value": _content(one.value),
    }
    sys.stdout.write(dump(_told(one) | came))


@app.command(name="redrive")
def dead_letters_redrive(
    places: Annotated[
        list[str] | None, typer.Argument(help="PARTITION/OFFSET of each, as `list` shows it.")
    ] = None,
    all_: Annotated[
        bool,
        typer.Option(
            "--all", metavar="", help="All of those that --topic, --reason and --since leave."
        ),
    ] = False,
    topic: _Topic = None,
    reason: _Reason = None,
    since: _Since = None,
) -> None:
    """Send the chosen ones again to where they came from, as they came. They stay listed.

    To send an event twice counts nothing twice. What is still wrong is set aside again.

    Example: outcome-monitor dead-letters redrive 0/17 2/4

    Example: outcome-monitor dead-letters redrive --all --reason unknown_type --since 1d
    """
    filtered = (topic, reason, since) != (None, None, None)
    if bool(places) == all_ or (places and filtered):
        raise UsageError(
            "choose what to send again: places as `dead-letters list` shows them, "
            "or --all with --topic, --reason or --since"
        )
    access = access_of(read_settings())
    if places:
        wanted = list(dict.fromkeys(map(place_of, places)))
        with _progress() as seen:
            found = asyncio.run(chosen(access, wanted, seen))
    else:
        found = _found(topic, reason, since)
    with _progress() as sent:
        asyncio.run(redrive(access, found, lambda number: sent(number, len(found))))
    sys.stdout.write(f"{len(found)} sent again\n")


def _found(topic: str | None, reason: Reason | None, since: str | None) -> list[Kept]:
    """Those that an operator asks for, in the order in which they came."""
    window = None if since is None else _length(since)

    async def all_of_them(there: AsyncIterator[Kept]) -> list[Kept]:
        return [
            one
            async for one in there
            if topic in (None, one.why.topic) and reason in (None, one.why.reason)
        ]

    with _progress() as seen:
        found = asyncio.run(all_of_them(letters(access_of(read_settings()), seen)))
    found.sort(key=lambda one: (one.why.received_at, one.place))
    if window is None or not found:
        return found
    oldest = datetime_of(moment_of(found[-1].why.received_at) - window)
    return [one for one in found if one.why.received_at >= oldest]


def _length(text: str) -> int:
    try:
        return parse_length(text)
    except ValueError as error:
        raise UsageError(f"--since {text}: {error}") from None


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal how many are done of how many, and let errors be told by us alone."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("dead letters", total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def _line(one: Kept) -> str:
    why = one.why
    came_from = f"{why.topic} {why.partition}/{why.offset}"
    return (
        f"{one.place!s:>8}  {why.received_at:%Y-%m-%d %H:%M:%S}  {came_from:<28} "
        f"{why.reason:<18} {one.size:>8} B  {why.detail}"
    )


def _told(one: Kept) -> dict[str, Any]:
    return {"place": str(one.place), "bytes": one.size} | one.why.model_dump(mode="json")


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode(errors="backslashreplace")


def _content(value: bytes | None) -> object:
    """A value as JSON if it is some, else as text."""
    try:
        return json.loads(value or b"")
    except ValueError:
        return _text(value)
