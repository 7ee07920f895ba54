"""What a journey cost the customer: medians and ninetieth percentiles of the histograms.

A quantile is shown from ``N_MIN`` values on. One that lies in the last bucket reads as its lower
edge: "at least this".
"""

from __future__ import annotations

from monitor.core.catalogue import METRICS
from monitor.rules.model import Group, Record
from monitor.rules.promql import on, pick, stem, total
from monitor.rules.totals import BY_METRIC, count

N_MIN = 20
QUANTILES = {"p50": "0.5", "p90": "0.9"}
WINDOW = "7d"


def groups() -> list[Group]:
    """Quantiles of every histogram."""
    rules = [
        rule
        for metric in METRICS.values()
        if metric.kind == "histogram"
        for rule in quantiles(metric.name, WINDOW)
    ]
    return [Group("cx-effort", rules, "1m")]


def quantiles(metric: str, window: str) -> list[Record]:
    """Two quantiles of one histogram."""
    buckets = f"{metric}_bucket"
    labels = tuple(one for one in BY_METRIC[buckets].labels if one != "le")
    counts = count(buckets, window)
    whole = total(pick(counts, 'le="+Inf"'), *labels)
    # Between 0 and 1 contacts there is nothing: what is counted in whole things is read so.
    exact = "ceil" if not METRICS[metric].unit else ""
    return [
        Record(
            f"cx:{stem(metric)}:{name}_{window}",
            f"{exact}(histogram_quantile({q}, {total(counts, *labels, 'le')}))\n"
            f"and {on(*labels)} {whole} >= {N_MIN}",
        )
        for name, q in QUANTILES.items()
    ]
