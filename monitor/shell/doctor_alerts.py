"""Examines the way of an alert: from the rules in Prometheus to whoever is told by Alertmanager."""

from __future__ import annotations

import json
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from monitor.shell.doctor import Ailment, SilenceError, fetch
from monitor.shell.worker_page import WorkerPage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

WATCHDOG = "MonitorWatchdog"
_SEALED = {"digest", "release"}
"""The labels of what each group of our rules says of itself."""
_NAMED_MAX = 5
_FAILED = "alertmanager_notifications_failed_total"
_ATTEMPTS = "alertmanager_notification_requests"


async def examine_prometheus(url: str, job: str, wanted: Mapping[str, str]) -> list[Ailment]:
    """Whether Prometheus scrapes the workers, has our rules, and passes alerts on.

    Args:
        url: its address.
        job: what it calls the workers.
        wanted: the digest of each group of rules that should be loaded, by its name.
    """
    base = url.rstrip("/")
    try:
        targets = await _asked(base, "targets?state=active")
        rules = await _asked(base, "rules")
        managers = await _asked(base, "alertmanagers")
        skewed = await _grown(base, f'cx_clock_skewed_total{{job="{job}"}}', "topic")
    except SilenceError as error:
        return [Ailment(str(error), "start Prometheus, or give its address by --prometheus")]
    return [
        *_of_targets(base, job, targets["activeTargets"]),
        *_of_rules(base, wanted, rules["groups"]),
        *_of_managers(base, managers["activeAlertmanagers"]),
        *(
            Ailment(
                f"about {number:.0f} events on {topic} were dated after they arrived, in the last "
                "hour",
                "set the clocks of their producers",
            )
            for topic, number in skewed.items()
        ),
    ]


async def examine_alertmanager(url: str, prometheus: str | None = None) -> list[Ailment]:
    """Whether alerts arrive at Alertmanager, and leave it.

    Failures of the last hour are known to a Prometheus that scrapes it.
    """
    base = url.rstrip("/")
    query = quote(f'alertname="{WATCHDOG}"')
    try:
        alerts = json.loads((await fetch(f"{base}/api/v2/alerts?filter={query}")).text)
        page = WorkerPage(base, (await fetch(f"{base}/metrics")).text)
    except SilenceError as error:
        return [Ailment(str(error), "start Alertmanager, or give its address by --alertmanager")]
    except ValueError:
        what = f"{base} answers, but not as Alertmanager does"
        return [Ailment(what, "give its address by --alertmanager")]
    found = []
    if not alerts:
        found.append(
            Ailment(
                f"no {WATCHDOG} has arrived at Alertmanager {base}, which always fires",
                "see that Prometheus has our rules and names this Alertmanager under `alerting`",
            )
        )
    lately: dict[str, float] = {}
    if prometheus is not None:
        with suppress(SilenceError):  # Which was told of where Prometheus was examined.
            lately = await _grown(prometheus.rstrip("/"), _FAILED, "integration")
    return [*found, *_of_deliveries(page, lately)]


def _of_deliveries(page: WorkerPage, lately: Mapping[str, float]) -> Iterator[Ailment]:
    """Whether notifications go out now: its counters remember failures that are long over."""
    attempts = page.sums(f"{_ATTEMPTS}_total", "integration")
    for integration, failed in page.sums(f"{_ATTEMPTS}_failed_total", "integration").items():
        number = attempts[integration]
        what = f"of {number:.0f} attempts to deliver notifications by {integration} "
        why = "its log says why; see to the address and the secret of that receiver"
        if integration in lately or 0 < failed == number:
            yield Ailment(f"Alertmanager {page.base}: {what}{failed:.0f} failed", why)
        elif failed:
            yield Ailment(
                f"Alertmanager {page.base}: {what}{failed:.0f} have failed since it started",
                f"if it goes on, {why}; with a --prometheus that scrapes it the last hour is "
                "looked at",
                is_note=True,
            )


async def _grown(base: str, counter: str, label: str) -> dict[str, float]:
    """By how much a counter has grown in the last hour, for each value of a label."""
    query = quote(f"sum by ({label}) (increase({counter}[1h])) > 0")
    answer = await _asked(base, f"query?query={query}")
    return {one["metric"][label]: float(one["value"][1]) for one in answer["result"]}


async def _asked(base: str, path: str) -> Any:  # noqa: ANN401  # whatever Prometheus answers
    answer = await fetch(f"{base}/api/v1/{path}")
    try:
        return json.loads(answer.text)["data"]
    except (ValueError, KeyError, TypeError):
        raise SilenceError(f"{base} answers, but not as Prometheus does") from None


def _of_targets(base: str, job: str, targets: Sequence[Mapping[str, Any]]) -> Iterator[Ailment]:
    ours = [one for one in targets if one["labels"].get("job") == job]
    if not ours:
        yield Ailment(
            f"Prometheus {base} has no job {job}",
            "scrape the workers under this job, or name another in the SLO file",
        )
    for one in ours:
        if one["health"] == "down":
            yield Ailment(
                f"Prometheus {base} cannot scrape {one['scrapeUrl']}: {one['lastError']}",
                "see that the worker runs, and listens where Prometheus can reach it",
            )


def _of_rules(
    base: str, wanted: Mapping[str, str], groups: Sequence[Mapping[str, Any]]
) -> Iterator[Ailment]:
    loaded: dict[str, set[str]] = {}
    releases: dict[str, set[str]] = {}
    for group in groups:
        labels = [rule.get("labels", {}) for rule in group["rules"]]
        seals = [one for one in labels if one.keys() >= _SEALED]
        loaded.setdefault(group["name"], set()).update(seal["digest"] for seal in seals)
        releases.setdefault(group["name"], set()).update(seal["release"] for seal in seals)
    missing = sorted(name for name in wanted if name not in loaded)
    if missing:
        yield Ailment(
            f"Prometheus {base} has not loaded {len(missing)} of our {len(wanted)} groups of "
            f"rules, such as {missing[0]}",
            "add deploy/prometheus/rules to its rule_files and reload it",
        )
    stale = sorted(name for name in wanted if loaded.get(name, {wanted[name]}) != {wanted[name]})
    if stale:
        more = f" and {len(stale) - _NAMED_MAX} more" if len(stale) > _NAMED_MAX else ""
        named = ", ".join(stale[:_NAMED_MAX]) + more
        makers = sorted({release for name in stale for release in releases[name]})
        yield Ailment(
            f"Prometheus {base} has other rules than ours in {named}: they were made of "
            f"another SLO file or policy, or by another release than {version('outcome-monitor')} "
            f"(by {', '.join(makers) or 'one that did not say'})",
            "outcome-monitor rules write with this SLO file, and reload it; or name by --slo the "
            "file that they are made of",
        )
    for group in groups:
        for rule in group["rules"]:
            if group["name"] in wanted and rule["health"] == "err":
                yield Ailment(
                    f"rule {rule['name']} fails in Prometheus: {rule.get('lastError', '')}",
                    "outcome-monitor rules write, and reload it; if it stays so, tell us",
                )


def _of_managers(base: str, managers: Sequence[object]) -> Iterator[Ailment]:
    if not managers:
        yield Ailment(
            f"Prometheus {base} knows no Alertmanager, so nobody is paged",
            "name one in its configuration under `alerting`",
        )
