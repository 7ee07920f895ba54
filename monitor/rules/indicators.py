"""What can be promised: the outcomes of which an objective asks a share to be good."""

from __future__ import annotations

from monitor.core.lengths import spell
from monitor.core.policy import Policy
from monitor.rules.shares import SHARES, Part, Share


def _durable(horizon: str) -> Share:
    whole = f'bound="same_issue", horizon="{horizon}"'
    return Share(
        (Part("cx_resolutions_matured_total", f'{whole}, result="durable"'),),
        (Part("cx_resolutions_matured_total", whole),),
        ("ai_version", "intent_group"),
    )


INDICATORS = {
    **{f"durability_{h}": _durable(h) for h in map(spell, Policy().horizons)},
    **{
        name: SHARES[name]
        for name in (
            "escalation_precision",
            "escalation_recall",
            "handoff_served",
            "misrouted",
            "action_confirmed",
            "promise_kept",
            "silent_failure",
        )
    },
}


def bad(share: Share, window: str, labels: tuple[str, ...]) -> str:
    """How many outcomes were bad."""
    part = share.part_over(window, *labels)
    return f"clamp_min({share.whole_over(window, *labels)}\n- {part}, 0)" if share.good else part
