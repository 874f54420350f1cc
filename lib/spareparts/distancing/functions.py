"""How differently networks behave: where their predictions and their errors differ."""

import itertools
import math
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor
from torch.nn import functional

from .. import checks


def disagreement(first: Shaped[Tensor, " batch"], second: Shaped[Tensor, " batch"]) -> float:
    """Share of images that two networks put into different classes, 0 to 1.

    Raises `ValueError` for other than two equally long, not empty lists of classes.
    """
    checks.equally_many(first=first, second=second)
    checks.labels(first, name="predictions")
    checks.labels(second, name="predictions")
    return float((first != second).double().mean())


def error_correlation(first: Bool[Tensor, " batch"], second: Bool[Tensor, " batch"]) -> float:
    """Correlation of two networks' errors (the phi coefficient, -1 to 1): 0 where errors are independent.

    NaN where a network is wrong everywhere or nowhere, which leaves nothing to correlate. Raises `ValueError` where
    they are not equally many.
    """
    checks.equally_many(first=first, second=second)
    errors = torch.stack([first, second]).double()
    if (errors.amin(1) == errors.amax(1)).any():
        return math.nan
    return float(torch.corrcoef(errors)[0, 1].clamp(-1, 1))


def independent_disagreement(first: Float[Tensor, "batch classes"], second: Float[Tensor, "batch classes"]) -> float:
    """Chance level of `disagreement`: both draw their class from their own probabilities, independently, 0 to 1.

    Raises `ValueError` for probabilities of other shapes.
    """
    checks.same_shape(first=first, second=second)
    return float(1 - (first.double() * second.double()).sum(1).mean())


def divergence(first: Float[Tensor, "batch classes"], second: Float[Tensor, "batch classes"]) -> float:
    """Mean Jensen-Shannon divergence of two networks' probabilities, in nats: 0 to log 2.

    Raises `ValueError` for probabilities of other shapes.
    """
    checks.same_shape(first=first, second=second)
    one, other = first.double(), second.double()
    middle = (one + other).div(2).clamp_min(1e-300).log()
    apart = [functional.kl_div(middle, each, reduction="none").sum(1) for each in (one, other)]
    return float(torch.stack(apart).mean())


def agreement_counts(predictions: Int[Tensor, "members batch"], *, classes: int) -> Int[Tensor, " members"]:
    """Number of images by the size, from 1 to all members, of the largest group that predicts the same class.

    The last entry counts the images on which all agree. Raises `ValueError` for a class outside 0..classes-1.
    """
    checks.labels(predictions.flatten(), count=classes, name="predictions")
    votes = functional.one_hot(predictions.long(), classes).sum(0).amax(1)
    return torch.bincount(votes - 1, minlength=len(predictions))


def mean_over_pairs(values: Shaped[Tensor, "members ..."], measure: Callable[[Tensor, Tensor], float]) -> float:
    """Mean of a measure of two over all pairs of members; NaN where it is NaN for every pair."""
    found = [measure(values[first], values[second]) for first, second in itertools.combinations(range(len(values)), 2)]
    return float(torch.tensor(found, dtype=torch.float64).nanmean())
