"""An explanation as text: a table that reads the same in a terminal, a log and a ticket."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from monitor.core.catalogue import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

Facts = dict[str, Any]

# What an event's data say first; the rest is in the JSON.
_TOLD = ("actor", "by", "made_by", "kind", "basis", "requested_by", "reason_code", "reason")
_NAMES = ("handoff_id", "commitment_id", "action_id", "issue_id", "queue", "due_at")
_HEADINGS = {
    "claims": "claim on trial",
    "handoffs": "handoff",
    "promises": "promise",
    "findings": "finding",
}


def shown(explained: Facts) -> RenderableType:
    """The timeline of a case, and how it stands when the log ends."""
    conversations = ", ".join(explained["conversations"])
    head = [
        Text(f"{explained['case']}: conversations {conversations}", style="bold"),
        Text(f"log ends {_clock(explained['log_ends'])}, policy {explained['policy_version']}"),
    ]
    gone = Text("\nThe journey has ended, and nothing of it is remembered any more.")
    now = [stands(journey) for journey in explained["now"]] or [gone]
    return Group(*head, _timeline(explained["timeline"]), *now)


def standings(answer: Facts) -> RenderableType:
    """How the journeys of a case stand in a running worker."""
    shown: list[RenderableType] = []
    for journey in answer["journeys"]:
        conversations = ", ".join(one["id"] for one in journey.get("conversations", ()))
        lines = [
            f"{answer['case']}: conversations {conversations}",
            f"partition {journey['partition']}, policy {journey['policy_version']}",
            f"event time {_clock(journey['event_time'])}",
            f"journey {journey['journey']}, as cx.outcomes and cx.findings name it",
        ]
        if "as_of" in journey:
            lines.append(_over(journey))
        if journey["events_waiting"]:
            lines.append(f"{journey['events_waiting']} events wait for event time to reach them")
        shown += [Text("\n".join(lines)), stands(journey), Text("")]
    if answer["without_answer"]:
        silent = ", ".join(map(str, answer["without_answer"]))
        shown.append(Text(f"Partitions {silent} gave no answer; there may be more."))
    return Group(*shown)


def _over(journey: Facts) -> str:
    """Of a journey that is over: when it ended, and of when this is."""
    ended = ""
    if "ended_at" in journey:
        ended = f", and ended {journey['verdict']} on {_clock(journey['ended_at'])}"
    return f"it is over{ended}; what follows is how it stood on {_clock(journey['as_of'])}"


def stands(journey: Facts) -> RenderableType:
    """How a journey stands."""
    open_ = [
        f"  {heading} {_open(section, one)}"
        for section, heading in _HEADINGS.items()
        for one in journey.get(section, [])
    ]
    lines = ["", "Still remembered:", *open_] if open_ else []
    if journey["pending"]:
        lines += ["", "What silence will decide:"]
        lines += [
            f"  {_clock(one['at'])}  {one['because']} [{one['rule']}]" for one in journey["pending"]
        ]
    return Text("\n".join(lines))


def _timeline(entries: list[Facts]) -> Table:
    table = Table(box=box.HORIZONTALS, show_edge=False, pad_edge=False, show_lines=True)
    table.add_column("when, UTC", no_wrap=True)
    # Long ids are folded: a part of one finds nothing.
    table.add_column("what happened", ratio=2, overflow="fold")
    table.add_column("what was decided, and why", ratio=3, overflow="fold")
    for entry in entries:
        age = datetime.fromisoformat(entry["at"]) - datetime.fromisoformat(entries[0]["at"])
        when = f"{_clock(entry['at'])}\n+{_length(age)}" if age else _clock(entry["at"])
        # Text, not markup: brackets in ids and rules are what they are.
        table.add_row(Text(when), Text(_happened(entry)), Text("\n".join(_decided(entry))))
    return table


def _happened(entry: Facts) -> str:
    where = ", ".join(entry["conversations"]) or "no conversation"
    if "deadline" in entry:
        due = entry["deadline"]
        # A journey's number says nothing that its conversations do not.
        subjects = dict.fromkeys((due["subject"], where))
        named = [one for one in subjects if not one.isdecimal()]
        return "\n".join([f"silence [{due['rule']}]", *named])
    event = entry["event"]
    data = event["data"]
    words = [event["type"].removeprefix("cx.").rpartition(".v")[0]]
    words += [str(data[name]) for name in _TOLD if name in data]
    names = [f"{name.removesuffix('_id')} {data[name]}" for name in _NAMES if name in data]
    if entry["channel"] != "unknown":
        where = f"{where}, {entry['channel']}"
    return "\n".join([", ".join(words), *names, where])


def _decided(entry: Facts) -> Iterator[str]:
    told: set[str] = set()
    for one in entry["decided"]:
        where = one.get("conversation_id") or ""
        elsewhere = f" in {where}" if where not in ("", *entry["conversations"]) else ""
        yield f"{_verdict(one)}{elsewhere}: {one['because']} [{one['rule']}]"
        told.add(_group(one["rule"]))
    for one in entry["counted"]:
        if _group(one["rule"]) not in told:
            told.add(_group(one["rule"]))
            yield f"{one['because']} [{one['rule']}]"
    counts = Counter(_count(one) for one in entry["counted"])
    if counts:
        yield "counted " + ", ".join(
            name if count == 1 else f"{name} x{count}" for name, count in counts.items()
        )


def _count(one: Facts) -> str:
    is_measured = METRICS[one["metric"]].kind == "histogram"
    return f"{one['metric']} {one['value']:g}" if is_measured else str(one["metric"])


def _group(rule: str) -> str:
    return rule.partition(".")[0]


def _verdict(one: Facts) -> str:
    match one:
        case {"what": "Finding", "sf": sf, "name": name, "confidence": confidence}:
            found = "NO LONGER FOUND" if one.get("retracted") else "FOUND"
            return f"{found} {sf} {name}, {confidence}"
        case {"what": "EpisodeOutcome", "verdict": verdict, "age_seconds": age}:
            said = ["claim", verdict, one.get("horizon"), one.get("cause"), one.get("reason")]
            said += [f"by {one['bound']},", f"{_length(timedelta(seconds=age))} old"]
            return " ".join(str(word) for word in said if word is not None)
        case {"what": "HandoffOutcome", "handoff_id": name, "verdict": verdict, "basis": basis}:
            return f"handoff {name} {verdict} ({basis})"
        case {"what": "CommitmentOutcome", "commitment_id": name, "verdict": verdict}:
            return f"promise {name} {verdict}"
        case {"verdict": verdict}:
            return f"{one.get('kind', one['what'])} {verdict}"
    plain = {
        "Claimed": f"claimed by {one.get('by')}",
        "Contacted": "new",
        "HandoffOpened": f"handoff {one.get('handoff_id')}",
        "Misrouted": f"handoff {one.get('handoff_id')} misrouted",
    }
    return plain.get(one["what"], str(one["what"]).lower())


def _open(section: str, one: Facts) -> str:
    match section:
        case "claims":
            stands = ", ".join(one.get("open_bounds", [])) or "nothing"
            age = _length(timedelta(seconds=one["age_seconds"]))
            return f"by {one['by']} in {one['conversation_id']}: {age} old, stands by {stands}"
        case "findings":
            return f"{one['sf']} {one['confidence']}: {one['because']}"
        case "handoffs":
            judged = one.get("verdict", {}).get("verdict", "not judged yet")
            known = one.get("terminal", "waits"), judged
            return f"{one['id']} in {one['conversation_id']}: {', '.join(known)}"
    return f"{one['id']}: due {_clock(one['due_at'])}"


def _clock(at: str) -> str:
    return datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M:%S")


def _length(length: timedelta) -> str:
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{days}d", f"{hours}h", f"{minutes}m", f"{seconds}s"]
    first = next((n for n, value in enumerate((days, hours, minutes)) if value), 3)
    return " ".join(parts[first : first + 2])
