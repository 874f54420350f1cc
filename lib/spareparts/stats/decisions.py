"""From pairs of runs to verdicts: signs and trends by ranks, margins by Student's interval."""

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from .blocks import block_correlation
from .equivalence import equivalence
from .estimates import Correlation, spearman
from .paired import PairedTest, holm, paired_wilcoxon
from .verdicts import Verdict, decide_equivalence, decide_sign, not_run

FEWEST_POINTS = 4  # that a rank correlation can be computed of


class Pairs(NamedTuple):
    """Values of two kinds of runs, or two measures of the same runs, and the protocol of these."""

    first: np.ndarray
    second: np.ndarray
    protocol: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Planned:
    """A test that a claim needs, with the sign that it claims; without a test where too few have run."""

    test: PairedTest | Correlation | None
    expected: int  # +1 or -1
    n: int
    protocol: str
    unit: str = ""


def sign(pairs: Pairs, expected: int, *, unit: str = "") -> Planned:
    """Wilcoxon's test of second minus first."""
    n = len(pairs.first)
    test = paired_wilcoxon(pairs.first, pairs.second) if n > 1 else None
    return Planned(test=test, expected=expected, n=n, protocol=pairs.protocol, unit=unit)


def trend(pairs: Pairs, expected: int, *, blocks: np.ndarray | None = None) -> Planned:
    """Spearman's correlation of the second values with the first, within blocks, such as seeds, where given."""
    n = len(pairs.first)
    places = np.zeros(n) if blocks is None else blocks
    inside = [[side[places == place] for side in pairs[:2]] for place in np.unique(places)]
    varied = any(all(len(np.unique(side)) > 1 for side in sides) for sides in inside)
    if n < FEWEST_POINTS or not varied:
        test = None
    else:
        test = spearman(*pairs[:2]) if blocks is None else block_correlation(*pairs[:2], blocks)
    return Planned(test=test, expected=expected, n=n, protocol=pairs.protocol, unit="(Spearman's rho)")


def decide_all(plans: Mapping[str, Planned]) -> dict[str, Verdict]:
    """Every planned test against its sign, Holm-corrected over all of them, those that have not run included."""
    corrected = holm({name: 1.0 if plan.test is None else plan.test.p for name, plan in plans.items()})
    return {
        name: too_few(plan.n, plan.protocol)
        if plan.test is None
        else decide_sign(
            plan.test,
            expected=plan.expected,
            corrected_p=corrected[name],
            comparisons=len(plans),
            protocol=plan.protocol,
            unit=plan.unit,
        )
        for name, plan in plans.items()
    }


def too_few(n: int, protocol: str) -> Verdict:
    """Not run without any run, undecided where those that there are leave nothing to test."""
    note = "one run is no test" if n == 1 else f"{n} runs that leave nothing to test"
    return Verdict("undecided", None, None, n, protocol, note=note) if n else not_run()


def within(pairs: Pairs, *, margin: float, unit: str) -> Verdict:
    """Whether both are equal within the margin."""
    if len(pairs.first) < 2:
        return too_few(len(pairs.first), pairs.protocol)
    return decide_equivalence(equivalence(*pairs[:2], margin=margin), protocol=pairs.protocol, unit=unit)


def beyond(pairs: Pairs, *, threshold: float, expected: int, unit: str) -> Verdict:
    """Whether second minus first lies above the threshold (below it for an expected sign of -1), as claimed.

    Reproduced where Student's 95% interval lies wholly on that side, not reproduced where it lies wholly on the other:
    a margin of superiority, or of non-inferiority. Raises `ValueError` for a threshold of 0, which ranks decide.
    """
    if threshold == 0:
        raise ValueError(f"threshold must not be 0, got {threshold}: `sign` tests that")
    if len(pairs.first) < 2:
        return too_few(len(pairs.first), pairs.protocol)
    test = equivalence(*pairs[:2], margin=abs(threshold))
    low, high = test.outer_interval
    above, below = low > threshold, high < threshold
    right, wrong = (above, below) if expected > 0 else (below, above)
    word = "reproduced" if right else "not reproduced" if wrong else "undecided"
    note = f"95% interval {low:+.3g} to {high:+.3g}, claimed {'above' if expected > 0 else 'below'} {threshold:+g}"
    return Verdict(word, test.mean_difference, test.outer_interval, test.n, pairs.protocol, unit, note)
