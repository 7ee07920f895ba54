"""A story for Prometheus: series over minutes, and what the shipped rules must make of them.

It is written as a file for ``promtool test rules``, whose engine is Prometheus' own.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

RULES = ROOT / "deploy" / "prometheus" / "rules"
OWNED = {"job": "outcome-monitor", "instance": "w1", "partition": "0"}
EXACT = 1e-9
_RECORDED = re.compile(r"cx:[a-z0-9_]+:[a-z0-9_]+")


@cache
def shipped() -> tuple[dict[str, Any], ...]:
    """Give every group of the shipped rule files."""
    return tuple(
        group
        for path in sorted(RULES.glob("*.rules.yml"))
        for group in yaml.load(path.read_bytes(), yaml.CSafeLoader)["groups"]
    )


def needed(wanted: set[str]) -> list[dict[str, Any]]:
    """The rules that these series and alerts come from, and those that they rest on."""
    reached: set[str] = set()
    while wanted - reached:
        new = wanted - reached
        reached |= new
        rules = [rule for group in shipped() for rule in group["rules"] if _name(rule) in new]
        wanted |= {
            name for rule in rules for text in _texts(rule) for name in _RECORDED.findall(text)
        }
    chosen = (
        {
            "name": group["name"],
            "rules": [rule for rule in group["rules"] if _name(rule) in reached],
        }
        for group in shipped()
    )
    return [group for group in chosen if group["rules"]]


def _name(rule: dict[str, Any]) -> str:
    return str(rule.get("record", rule.get("alert")))


def _texts(rule: dict[str, Any]) -> list[str]:
    return [rule["expr"], *rule.get("annotations", {}).values()]


@dataclass
class Story:
    """Series that begin at minute 0, one value a minute, and expectations at minutes."""

    #: How often the rules are evaluated; long stories need it less often.
    every: str = "1m"
    series: list[dict[str, str]] = field(default_factory=list)
    numbers: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Let the partition be owned."""
        self.tell("cx_monitor_watermark_timestamp_seconds", "0+60x20000")

    def tell(self, name: str, values: str, **labels: str) -> Story:
        """Add a series, in promtool's notation. A label given as "" is left out."""
        told = {key: value for key, value in (OWNED | labels).items() if value}
        inside = ",".join(f'{key}="{value}"' for key, value in told.items())
        self.series.append({"series": f"{name}{{{inside}}}", "values": values})
        return self

    def jump(self, name: str, value: float, minute: int = 10, /, **labels: str) -> Story:
        """Add a series that is 0 at first and rises to ``value`` at a minute."""
        return self.tell(name, f"0x{minute - 1} {value!r}x20000", **labels)

    def expect(self, minute: int, expr: str, value: float, off_by: float = EXACT) -> Story:
        """One series, of this value."""
        self._is_one(minute, f"count({expr})")
        return self._is_one(minute, f"max(abs({expr} - {value!r})) <= bool {off_by!r}")

    def absent(self, minute: int, expr: str) -> Story:
        """Nothing is told: neither 0 nor anything else."""
        self.numbers.append({"expr": expr, "eval_time": f"{minute}m", "exp_samples": []})
        return self

    def _is_one(self, minute: int, expr: str) -> Story:
        samples = [{"labels": "{}", "value": 1}]
        self.numbers.append({"expr": expr, "eval_time": f"{minute}m", "exp_samples": samples})
        return self

    def fires(
        self, minute: int, alert: str, *expected: tuple[dict[str, str], dict[str, str]]
    ) -> Story:
        """These label sets of an alert fire, with these annotations; none: it is quiet."""
        self.alerts.append(
            {
                "eval_time": f"{minute}m",
                "alertname": alert,
                "exp_alerts": [
                    {"exp_labels": labels, "exp_annotations": texts} for labels, texts in expected
                ],
            }
        )
        return self

    def quiet(self, minute: int, alert: str) -> Story:
        """An alert does not fire."""
        return self.fires(minute, alert)

    def hold(self, promtool: str, directory: Path) -> None:
        """Let promtool judge."""
        test = {
            "interval": "1m",
            "input_series": self.series,
            "promql_expr_test": self.numbers,
            "alert_rule_test": self.alerts,
        }
        wanted = {name for one in self.numbers for name in _RECORDED.findall(one["expr"])}
        wanted |= {one["alertname"] for one in self.alerts}
        rules = directory / "story.rules.yml"
        groups = needed(wanted)
        rules.write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")
        document = {
            "rule_files": [str(rules)],
            "evaluation_interval": self.every,
            # Prometheus evaluates groups beside each other; a test wants to know which is first.
            "group_eval_order": [group["name"] for group in groups],
            "tests": [test],
        }
        path = directory / "story.test.yml"
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        judged = subprocess.run(
            [promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False
        )
        assert judged.returncode == 0, judged.stdout + judged.stderr
