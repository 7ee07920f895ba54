"""The few words of PromQL that all rules share.

Everything is computed per ``job``: two deployments under one Prometheus are never mixed.
"""

from __future__ import annotations

JOB = "job"


def by(*labels: str) -> str:
    """``by (job, ...)``."""
    return f"by ({', '.join((JOB, *labels))})"


def on(*labels: str) -> str:
    """``on (job, ...)``."""
    return f"on ({', '.join((JOB, *labels))})"


def onto(*labels: str) -> str:
    """``on (job, ...) group_left ()``: many on the left, one on the right."""
    return f"{on(*labels)} group_left ()"


def pick(name: str, where: str = "") -> str:
    """A series, or those of its label sets that ``where`` names."""
    return f"{name}{{{where}}}" if where else name


def total(series: str, *labels: str) -> str:
    """``sum by (job, ...) (series)``."""
    return f"sum {by(*labels)} ({series})"


def stem(metric: str) -> str:
    """A metric's name without what every name has: cx_x_total -> x."""
    return metric.removeprefix("cx_").removesuffix("_total")
