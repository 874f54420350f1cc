"""From a test to a word: reproduced or not, seen or not where the protocol was reduced, undecided, not run."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .checks import fraction
from .equivalence import EquivalenceTest, equivalence
from .estimates import Correlation, block_correlation, spearman
from .paired import PairedTest, holm, paired_wilcoxon

VERDICTS = ("reproduced", "not reproduced", "seen (reduced)", "not seen (reduced)", "undecided", "not run")
REDUCED = {"reproduced": "seen (reduced)", "not reproduced": "not seen (reduced)"}  # a reduced protocol settles nothing
PROTOCOLS = ("paper", "reduced")


@dataclass(frozen=True)
class Verdict:
    """What the records say about one claim; ValueError for an unknown word or numbers that cannot be."""

    verdict: str  # one of VERDICTS
    effect: float | None
    interval: tuple[float, float] | None  # of the effect, 95% where nothing else is said
    n: int
    protocol: str | None  # one of PROTOCOLS, or None where nothing ran
    unit: str = ""
    note: str = ""
    level: bool = False  # the effect is a size, and not a difference, which would have a sign

    def __post_init__(self) -> None:
        """Refuse what no reader could interpret."""
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict must be one of {', '.join(VERDICTS)}, got {self.verdict!r}")
        if self.protocol is not None and self.protocol not in PROTOCOLS:
            raise ValueError(f"protocol must be paper, reduced or None, got {self.protocol!r}")
        if self.effect is not None and not math.isfinite(self.effect):
            raise ValueError(f"effect must be finite or None, got {self.effect}")
        if self.interval is not None and not self.interval[0] <= self.interval[1]:
            raise ValueError(f"interval must be (low, high), got {self.interval}")
        if self.n < 0:
            raise ValueError(f"n must be 0 or more, got {self.n}")


def effect_words(effect: float, unit: str, *, level: bool) -> str:
    """`+0.28 points` of a difference, `8.01% of the parameters` of a level."""
    gap = "" if unit.startswith("%") else " "
    return f"{effect:{'' if level else '+'}.3g}{gap}{unit}".rstrip()


def not_run(note: str = "") -> Verdict:
    """The verdict of a claim without records."""
    return Verdict("not run", None, None, 0, None, note=note)


def untestable(note: str, *, n: int, protocol: str) -> Verdict:
    """Undecided, since the runs that there are cannot speak to the claim; `note` says why."""
    return Verdict("undecided", None, None, n, protocol, note=note)


def of_protocol(verdict: Verdict) -> Verdict:
    """The same verdict in the words that its protocol allows: what a reduced one decides is seen or not seen."""
    if verdict.protocol != "reduced":
        return verdict
    return dataclasses.replace(verdict, verdict=REDUCED.get(verdict.verdict, verdict.verdict))


def decide_sign(
    test: PairedTest | Correlation,
    *,
    expected: int,
    corrected_p: float | None = None,
    comparisons: int = 1,
    alpha: float = 0.05,
    protocol: str,
    unit: str,
    note: str = "",
) -> Verdict:
    """Reproduced where p < alpha and the effect has the expected sign (+1 or -1); not reproduced at the opposite sign.

    `corrected_p` replaces the test's own p, for instance by Holm's, corrected over as many tests as `comparisons` says.
    The rest is undecided, and the note says so where no outcome of n pairs could have been decisive.
    ValueError for an expected sign other than +1 and -1, or an alpha outside (0, 1).
    """
    if expected not in (1, -1):
        raise ValueError(f"expected must be +1 or -1, got {expected}")
    fraction("alpha", alpha)
    p = test.p if corrected_p is None else corrected_p
    # A heavy tail can pull the mean to one side of 0 while the ranks lie on the other: that decides nothing.
    disagree = test.direction * test.estimate < 0
    word, remark = "undecided", _why_undecided(test, p, comparisons, alpha)
    if p < alpha and disagree:
        remark = f"p = {p:.2g}, but mean and ranks differ in sign"
    elif p < alpha:
        word, remark = ("reproduced" if test.direction * expected > 0 else "not reproduced"), f"p = {p:.2g}"
    return Verdict(word, test.estimate, test.interval, test.n, protocol, unit, _join(note, remark))


def _why_undecided(test: PairedTest | Correlation, p: float, comparisons: int, alpha: float) -> str:
    if test.smallest_p * comparisons < alpha:
        return f"p = {p:.2g}"
    corrected = f", {min(1.0, test.smallest_p * comparisons):.3g} over {comparisons} tests" if comparisons > 1 else ""
    return f"n = {test.n} allows no p below {test.smallest_p:.3g}{corrected}"


def decide_equivalence(test: EquivalenceTest, *, protocol: str, unit: str, note: str = "") -> Verdict:
    """Reproduced where the arms are equivalent; not reproduced where the 1 - alpha interval lies outside the margin.

    The rest is undecided, and the note gives the power that n pairs had.
    """
    low, high = test.outer_interval
    word, remark = "undecided", f"n = {test.n} had power {test.power:.2f} at a margin of {test.margin:g}"
    if test.equivalent:
        word, remark = "reproduced", f"within {test.margin:g}, p = {test.p:.2g}"
    elif low > test.margin or high < -test.margin:
        word, remark = "not reproduced", f"beyond {test.margin:g}"
    return Verdict(word, test.mean_difference, test.outer_interval, test.n, protocol, unit, _join(note, remark))


def combine(verdicts: Mapping[str, Verdict]) -> Verdict:
    """One verdict for a claim of several parts, which the note lists by name.

    Not reproduced where any part is; reproduced only where all parts are; not run where none has run; else undecided.
    n is the smallest among the parts that ran; one reduced part makes the whole reduced. ValueError for no parts.
    """
    if not verdicts:
        raise ValueError("a combined verdict needs at least one part, got none")
    words = {part.verdict for part in verdicts.values()}
    if words == {"not run"}:
        return not_run()
    word = "not reproduced" if "not reproduced" in words else "undecided"
    if len(words) == 1:
        (word,) = words
    ran = [part for part in verdicts.values() if part.verdict != "not run"]
    protocols = {part.protocol for part in ran} - {None}
    protocol = "reduced" if "reduced" in protocols else "paper" if protocols else None
    return Verdict(word, None, None, min((part.n for part in ran), default=0), protocol, note=_list_parts(verdicts))


def _list_parts(verdicts: Mapping[str, Verdict]) -> str:
    """The parts under their verdicts: `not reproduced: MNIST -0.1 points (p = 0.01); not run: CIFAR-10`.

    Parts with the same remark stand together before it.
    """
    groups: dict[tuple[int, str], list[str]] = {}
    for name, part in verdicts.items():
        effect = "" if part.effect is None else " " + effect_words(part.effect, part.unit, level=part.level)
        groups.setdefault((VERDICTS.index(part.verdict), part.note), []).append(name + effect)
    return "; ".join(
        f"{VERDICTS[word]}: {', '.join(parts)}" + (f" ({remark})" if remark else "")
        for (word, remark), parts in sorted(groups.items(), key=lambda group: group[0][0])
    )


def _join(*remarks: str) -> str:
    return "; ".join(remark for remark in remarks if remark)


# From pairs of runs to verdicts: signs and trends by ranks, margins by Student's interval

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
