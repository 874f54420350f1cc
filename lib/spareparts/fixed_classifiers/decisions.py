"""The margins of the chapter, each fixed before any run, and how they decide."""

from ..stats import Pairs, Verdict, beyond, equivalence, remarked, within

EQUAL = 0.5  # points of accuracy within which two heads count as equal, as the claims say
SHOWN = 0.1  # points: less than a tenth of one, ten test images of 10,000, shows nothing
BEST_FIT = 0.01  # share of the variance that the best of several curves must explain more than any other
HALF_READING = 0.5  # epochs: networks are read an epoch apart, so half of that shows nothing
GROWN = 0.1  # logarithm of a ratio of norms: a tenth more is growth
MUCH = 0.1  # logarithm of a ratio of perplexities: a tenth more is much


def equal(pairs: Pairs) -> Verdict:
    """Whether the second head is as accurate as the first, by two one-sided tests, whose power is told in any case.

    More accurate by more than the margin is not equal either, which the note says: nothing is lost then.
    """
    verdict = within(pairs, margin=EQUAL, unit="points")
    if len(pairs.first) < 2 or verdict.verdict == "undecided":
        return verdict  # whose note has the power
    test = equivalence(*pairs[:2], margin=EQUAL)
    better = verdict.verdict == "not reproduced" and test.mean_difference > 0
    remarks = ["more accurate than the learned head, not less"] if better else []
    return remarked(verdict, f"n = {test.n} had power {test.power:.2f}", *remarks)


def above(pairs: Pairs, *, margin: float = SHOWN, unit: str = "points") -> Verdict:
    """Whether second less first is above the margin."""
    return beyond(pairs, threshold=margin, expected=+1, unit=unit)


def below(pairs: Pairs, *, margin: float = SHOWN, unit: str = "points") -> Verdict:
    """Whether second less first is below minus the margin."""
    return beyond(pairs, threshold=-margin, expected=-1, unit=unit)


def no_worse(pairs: Pairs) -> Verdict:
    """Whether the second is at most `EQUAL` points below the first."""
    return beyond(pairs, threshold=-EQUAL, expected=+1, unit="points")
