"""The arithmetic of the rules, each formula once.

Rule: a formula is text that both Prometheus and ``make stats`` compute. It names its operands in
braces and otherwise holds numbers, + - * / ^, parentheses and ``exp``, ``ln``, ``sqrt``,
``clamp_min``, ``clamp_max``. So the simulations try what the rules say, and no second version.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.core.estimate import UNSEEN

Z95 = "1.959964"
"""A normal value lies within so many standard deviations in 95 of 100 cases."""
Z3 = "3"
"""A page wants more certainty than a line on a dashboard: 999 of 1,000."""
NO_FAILURE = "3.688879"
"""-ln(0.025): so many failures may have been expected where none was seen (95 %, exact Poisson)."""


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression with named operands."""

    text: str

    def of(self, **operands: str) -> str:
        """The formula over series."""
        return self.text.format(**operands)


def _wilson(sign: str, z: str) -> Formula:
    """Wilson's score bound of a share ``p`` of ``n``."""
    bound = (
        f"(({{p}} + {z}^2 / (2 * {{n}}) {sign} {z} * sqrt({{p}} * (1 - {{p}}) / {{n}} "
        f"+ {z}^2 / (4 * {{n}}^2))) / (1 + {z}^2 / {{n}}))"
    )
    return Formula(f"clamp_max(clamp_min({bound}, 0), 1)")


WILSON_LOWER = _wilson("-", Z95)
WILSON_UPPER = _wilson("+", Z95)
WILSON_LOWER_Z3 = _wilson("-", Z3)

HAZARD = Formula("{failed} / {exposed} * {width}")
"""What one age bucket adds to the cumulative hazard."""
HAZARD_VARIANCE = Formula(
    f"({{failed}} + ({UNSEEN} * {{missing}} * {{failed}})^2) / {{exposed}}^2 * {{width}}^2"
)
"""``missing``: the share of a bucket's claims that were not seen to its end, from 0 to 1."""
MISSING = Formula("clamp_min(1 - {worth} / {due}, 0)")
ONE_FAILURE = Formula("1 / {exposed} * {width}")
"""What one failure would have added."""

VERSIONS_PRIOR = "16"
"""Versions fail by a common factor in all buckets, of a Gamma law with this shape: +-25 %."""
BUCKETS_PRIOR = "40"
"""And in each bucket by a factor of its own, of a Gamma law with this shape: +-16 %."""
UNLIKE = Formula("(1 + {squares} / {failed}^2)")
"""One of n versions differs from the mean of the others by 1 + 1/n times the spread of the law;
``squares`` of the failures of each other version tell what n is worth (Kish, Survey Sampling)."""
LENT = Formula(f"{{count}} / (1 + {{failed}} * {{unlike}} / {BUCKETS_PRIOR})")
"""What the failures, or the exposure, of the others in a bucket weigh in that of a version."""
OWN_FAILED = Formula("{failed} * {lent_exposed} / ({lent_exposed} + {exposed})")
"""A version's failures in a bucket, as far as they tell of its common factor."""
OWN_EXPECTED = Formula("{exposed} * {lent_failed} / ({lent_exposed} + {exposed})")
"""So many would have been expected if it failed as the others do."""
FACTOR_WEIGHT = Formula(f"{VERSIONS_PRIOR} / {{unlike}} + {{seen}}")
"""So many failures, its own and those of the law, tell of a version's common factor."""
FACTOR = Formula(f"{{weight}} / ({VERSIONS_PRIOR} / {{unlike}} + {{expected}})")
"""The common factor: 1 where the version is like the others (Gamma-Poisson shrinkage)."""
SHRUNK = Formula("({failed} + {prior}) / ({exposed} + {prior_exposed}) * {width}")
"""The same as HAZARD with a prior: some failures, and the exposure in which they are expected."""
SHRUNK_VARIANCE = Formula("({failed} + {prior}) / ({exposed} + {prior_exposed})^2 * {width}^2")
BORROWED = Formula(
    "({failed} + {prior}) * {prior_exposed} / ({exposed} + {prior_exposed})^2 * {width}"
)
"""The part of SHRUNK that moves with the common factor."""
SHRUNK_VARIANCE_OF_ALL = Formula("{own} + {borrowed}^2 / {weight}")
"""Of the cumulative hazard: that of each bucket, and that of the factor common to them."""

DUE = Formula("{worth} * exp(-{failed} / {worth})")
"""Of the claims that a bucket has seen, in claims' worth of exposure, so many go on."""

SURVIVAL = Formula("exp(-{hazard})")
SURVIVAL_LOWER = Formula(f"exp(-{{hazard}} * exp({Z95} * sqrt({{variance}}) / {{hazard}}))")
SURVIVAL_UPPER = Formula(f"exp(-{{hazard}} * exp(-{Z95} * sqrt({{variance}}) / {{hazard}}))")
"""The log-log interval: it stays between 0 and 1 (Klein and Moeschberger, 4.3)."""
SURVIVAL_LOWER_NO_FAILURE = Formula(f"exp(-{NO_FAILURE} * {{one_failure}})")

SPIKE = Formula("2 * (sqrt({seen} + 0.375) - sqrt({expected} + 0.375))")
"""Anscombe: how many standard deviations a count lies above what was expected."""

MH_WEIGHT = Formula("{n} * {rest_n} / ({n} + {rest_n})")
"""Mantel-Haenszel: what a stratum weighs in the difference of risks."""
MH_TERM = Formula("{weight} * ({failed} / {n} - {rest_failed} / {rest_n})")
MH_VARIANCE_TERM = Formula(
    "{weight}^2 * (({failed} + 0.5) * ({n} - {failed} + 0.5) / ({n} + 1)^3"
    " + ({rest_failed} + 0.5) * ({rest_n} - {rest_failed} + 0.5) / ({rest_n} + 1)^3)"
)
"""Smoothed, so that a stratum in which nothing failed is not certain."""
MH_ERROR = Formula("sqrt({design} * {terms}) / {weights}")
POOLED = Formula("({failed} + {rest_failed}) / ({n} + {rest_n})")
MH_NULL_TERM = Formula("{weight} * {pooled} * (1 - {pooled})")
"""The variance if both were the same: weight^2 (1 / n + 1 / rest_n) is the weight itself."""
NULL_VARIANCE = Formula("{design} * {terms} / {weights}^2")
"""``design``: how much more the outcomes vary because customers come back to be counted again."""

LIKELIHOOD_RATIO = Formula(
    "sqrt({v} / ({v} + {tau}^2)) * exp({tau}^2 * {d}^2 / (2 * {v} * ({v} + {tau}^2)))"
)
"""Of "they differ" to "they are the same"; valid at every look (Johari et al., mSPRT)."""
LIKELIHOOD_HALF_WIDTH = Formula(
    "sqrt({v} * ({v} + {tau}^2) / {tau}^2 * ({certainty} + ln(({v} + {tau}^2) / {v})))"
)
"""Half of the interval that holds at every look; ``certainty`` is -2 ln(alpha)."""


def reachable(objective: float, factor: float, share: float) -> float:
    """The share of bad outcomes at which an error budget burns too fast.

    ``factor`` times the budget is what availability alerts use. Where the budget is large, that
    exceeds 1 and could never fire, so at most ``share`` of what lies beyond the budget is asked.
    """
    budget = 1 - objective
    return round(min(factor * budget, budget + share * (1 - budget)), 6)
