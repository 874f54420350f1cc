"""From a test to a word: reproduced or not, seen or not where the protocol was reduced, undecided, not run."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .intervals import ALPHA, equivalence, mean_difference
from .paired import PairedTest, holm, paired_wilcoxon

VERDICTS = ("reproduced", "not reproduced", "seen (reduced)", "not seen (reduced)", "undecided", "not run")
REDUCED = {"reproduced": "seen (reduced)", "not reproduced": "not seen (reduced)"}  # a reduced protocol settles nothing


@dataclass(frozen=True)
class Verdict:
    """What the records say about one claim; ValueError for an unknown word or numbers that cannot be."""

    verdict: str  #: one of VERDICTS
    effect: float | None
    interval: tuple[float, float] | None  #: of the effect, 95% where nothing else is said
    n: int
    protocol: str | None  #: paper or reduced, or None where nothing ran
    unit: str = ""
    note: str = ""
    level: bool = False  #: the effect is a size, and not a difference, which would have a sign

    def __post_init__(self) -> None:
        """Refuse what no reader could interpret."""
        low, high = self.interval or (0.0, 0.0)
        known = ("paper", "reduced", None)
        wanted = {
            f"verdict must be one of {', '.join(VERDICTS)}, got {self.verdict!r}": self.verdict in VERDICTS,
            f"protocol must be paper, reduced or None, got {self.protocol!r}": self.protocol in known,
            f"effect must be finite or None, got {self.effect}": self.effect is None or math.isfinite(self.effect),
            f"interval must be (low, high), got {self.interval}": low <= high,
            f"n must be 0 or more, got {self.n}": self.n >= 0,
        }
        for message, holds in wanted.items():
            if not holds:
                raise ValueError(message)


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


def _too_few(n: int, protocol: str) -> Verdict:
    """Not run without any run, undecided where there is but one."""
    return untestable("one run is no test", n=n, protocol=protocol) if n else not_run()


def of_protocol(verdict: Verdict) -> Verdict:
    """The same verdict in the words that its protocol allows: what a reduced one decides is seen or not seen."""
    if verdict.protocol != "reduced":
        return verdict
    return dataclasses.replace(verdict, verdict=REDUCED.get(verdict.verdict, verdict.verdict))


# From pairs of runs to verdicts: signs by ranks, margins by Student's interval


class Pairs(NamedTuple):
    """Values of two kinds of runs, or two measures of the same runs, and the protocol of these."""

    first: np.ndarray
    second: np.ndarray
    protocol: str


@dataclass(frozen=True)
class Planned:
    """A test that a claim needs, with the sign that it claims; without a test where too few have run."""

    test: PairedTest | None
    expected: int  #: +1 or -1
    n: int
    protocol: str
    unit: str = ""


def sign(pairs: Pairs, expected: int, *, unit: str = "") -> Planned:
    """Wilcoxon's test of second minus first; ValueError for an expected sign other than +1 and -1."""
    if expected not in (1, -1):
        raise ValueError(f"expected must be +1 or -1, got {expected}")
    n = len(pairs.first)
    return Planned(paired_wilcoxon(pairs.first, pairs.second) if n > 1 else None, expected, n, pairs.protocol, unit)


def decide_all(plans: Mapping[str, Planned]) -> dict[str, Verdict]:
    """Every planned test against its sign, Holm-corrected over all of them, those that have not run included.

    Reproduced where p < 0.05 and the effect has the expected sign, not reproduced at the opposite sign. The rest is
    undecided, and the note says so where no outcome of n pairs could have been decisive.
    """
    ps = {name: 1.0 if plan.test is None else plan.test.p for name, plan in plans.items()}
    least = {name: 1.0 if plan.test is None else plan.test.smallest_p for name, plan in plans.items()}
    corrected = holm(ps)
    return {
        name: _decide(plan, corrected[name], least=holm(ps | {name: least[name]})[name]) for name, plan in plans.items()
    }


def _decide(plan: Planned, p: float, *, least: float) -> Verdict:
    """The verdict at a corrected p, of which `least` is the smallest that these pairs allow beside the other tests."""
    test = plan.test
    if test is None:
        return _too_few(plan.n, plan.protocol)
    word, note = "undecided", f"p = {p:.2g}"
    # A heavy tail can pull the mean to one side of 0 while the ranks lie on the other: that decides nothing.
    if p < ALPHA and test.rank_biserial * test.mean_difference < 0:
        note += ", but mean and ranks differ in sign"
    elif p < ALPHA:
        word = "reproduced" if test.rank_biserial * plan.expected > 0 else "not reproduced"
    elif least >= ALPHA:
        alike = f"only {test.differing} of {test.n} pairs differ: " if test.differing < test.n else ""
        note = f"{alike}p ≥ {least:.3g} at best"
    return Verdict(word, test.mean_difference, test.interval, test.n, plan.protocol, plan.unit, note)


def within(pairs: Pairs, *, margin: float, unit: str) -> Verdict:
    """Whether both are equal within the margin.

    Reproduced where the equivalence test says so, not reproduced where the 95% interval lies outside the margin. The
    rest is undecided, and the note gives the power that n pairs had.
    """
    if len(pairs.first) < 2:
        return _too_few(len(pairs.first), pairs.protocol)
    test = equivalence(*pairs[:2], margin=margin)
    low, high = test.interval
    word, note = "undecided", f"n = {test.n} had power {test.power:.2f} at a margin of {margin:g}"
    if test.equivalent:
        word, note = "reproduced", f"within {margin:g}, p = {test.p:.2g}"
    elif low > margin or high < -margin:
        word, note = "not reproduced", f"beyond {margin:g}"
    return Verdict(word, test.mean_difference, test.interval, test.n, pairs.protocol, unit, note)


def beyond(pairs: Pairs, *, threshold: float, expected: int, unit: str) -> Verdict:
    """Whether second minus first lies above the threshold (below it for an expected sign of -1), as claimed.

    Reproduced where Student's 95% interval lies wholly on that side, not reproduced where it lies wholly on the other:
    a margin of superiority, or of non-inferiority. Raises `ValueError` for another sign and for a threshold that is not
    finite, or 0, which ranks decide.
    """
    if threshold == 0 or not math.isfinite(threshold):
        raise ValueError(f"threshold must be finite and not 0, which `sign` tests, got {threshold}")
    if expected not in (1, -1):
        raise ValueError(f"expected must be +1 or -1, got {expected}")
    if len(pairs.first) < 2:
        return _too_few(len(pairs.first), pairs.protocol)
    mean, low, high = mean_difference(*pairs[:2])
    above, below = low > threshold, high < threshold
    right, wrong = (above, below) if expected > 0 else (below, above)
    word = "reproduced" if right else "not reproduced" if wrong else "undecided"
    note = f"95% interval {low:+.3g} to {high:+.3g}, claimed {'above' if expected > 0 else 'below'} {threshold:+g}"
    return Verdict(word, mean, (low, high), len(pairs.first), pairs.protocol, unit, note)


# A claim of several parts


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
    return Verdict(word, None, None, min(part.n for part in ran), protocol, note=_list_parts(verdicts))


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
