"""What is read off a head and its training, and beside it the least or the most that there can be."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.nn import functional

from .. import checks

ACCURACIES = range(10, 100, 5)  # %, that it takes so many epochs to reach
ROWS = 1024  # compared with all others at once


class CoincidingRows(UserWarning):
    """Classes that a fixed matrix cannot tell apart."""


@torch.no_grad()
def max_coherence(matrix: Float[Tensor, "classes features"]) -> float:
    """Largest |cosine| between two different rows: 0 where all are orthogonal, 1 where two coincide or are opposite.

    With more rows than features it is at least `sqrt((C - N) / (N (C - 1)))` (Welch). It is 0 for a single row.
    Raises `ValueError` for entries that are not finite.
    """
    checks.finite(matrix=matrix)
    # scaled by powers of two, so exactly: squares of tiny and of huge entries would be 0 and infinite
    wide = matrix.double()
    _, exponents = wide.abs().amax(1, keepdim=True).frexp()
    moderate = torch.ldexp(wide, -exponents).to(torch.promote_types(matrix.dtype, torch.float32))
    rows, largest = functional.normalize(moderate), 0.0
    for start in range(0, len(rows), ROWS):
        cosines = (rows[start : start + ROWS] @ rows.T).abs()
        cosines.diagonal(start).zero_()
        largest = max(largest, float(cosines.max()))
    return min(largest, 1.0)


def welch_bound(features: int, classes: int) -> float:
    """Least possible largest |cosine| between two of C rows in N dimensions (Welch 1974).

    `sqrt((C - N) / (N (C - 1)))`; 0 where there are no more classes than features.
    """
    return math.sqrt(max(0, classes - features) / (features * max(1, classes - 1)))


def least_loss(scale: float, *, classes: int) -> float:
    """Least mean cross entropy (nats) that orthonormal rows and a scale s allow over balanced classes, C <= N.

    `log(1 + (C - 1) exp(-s sqrt(C / (C - 1))))`: a feature of length 1 can put at most `sqrt(C / (C - 1))` between the
    true cosine and all others, which are then equal. Biases, the same for all samples, cannot lower the mean.
    """
    return math.log1p((classes - 1) * math.exp(-scale * math.sqrt(classes / (classes - 1))))


def epochs_to(epochs: Sequence[int], accuracies: np.ndarray) -> dict[str, int]:
    """The first epoch at which each of ACCURACIES (%) was reached; those that were never reached are left out."""
    reached = {accuracy: np.flatnonzero(accuracies >= accuracy) for accuracy in ACCURACIES}
    return {str(accuracy): epochs[places[0]] for accuracy, places in reached.items() if len(places)}


SHAPES = {  # of growth over time t, in steps, with a time c that is fitted where a form has one
    "logarithm": lambda t, c: np.log(c + t),
    "logarithm, no offset": lambda t, c: np.log(t),
    "square root": lambda t, c: np.sqrt(t),
    "line": lambda t, c: t,
    "power": lambda t, c: t**c,
}
OFFSETS = {"logarithm": (1e-2, 1e4), "power": (0.05, 2.0)}  # between which c is looked for


class Fit(NamedTuple):
    """A form `a + b f(t)` fitted by least squares."""

    values: Float[np.ndarray, " times"]
    criterion: float  # Akaike's, corrected for few values; lower is better, and only differences mean anything


def fit_growth(steps: Float[np.ndarray, " times"], values: Float[np.ndarray, " times"], *, shape: str) -> Fit:
    """The nearest curve of one of SHAPES: a, b and, where the form has one, c.

    The criterion is `n log(RSS / n) + 2 k + 2 k (k + 1) / (n - k - 1)` with k parameters, the noise among them. Times
    must be above 0. Raises `ValueError` for another shape and for fewer than six values.
    """
    checks.one_of(SHAPES, shape=shape)
    if len(steps) < 6 or len(steps) != len(values):
        raise ValueError(f"steps and values must be equally many, at least 6, got {len(steps)} and {len(values)}")
    times, values = np.asarray(steps, float), np.asarray(values, float)

    def curve(c: float) -> np.ndarray:
        form = SHAPES[shape](times, c)
        return np.polyval(np.polyfit(form, values, 1), form)

    c, count = 1.0, 3
    if shape in OFFSETS:
        bounds = np.log(OFFSETS[shape])
        found = minimize_scalar(
            lambda log: np.square(values - curve(np.exp(log))).sum(), bounds=bounds, method="bounded"
        )
        c, count = float(np.exp(found.x)), 4
    left, n = float(np.square(values - curve(c)).sum()), len(values)
    criterion = n * np.log(max(left, 1e-300) / n) + 2 * count + 2 * count * (count + 1) / (n - count - 1)
    return Fit(curve(c), float(criterion))
