"""What is read off a head and its training, and beside it the least or the most that there can be."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
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

    `sqrt((C - N) / (N (C - 1)))`; 0 where there are no more classes than features. `ValueError` without any.
    """
    checks.whole(1, features=features, classes=classes)
    return math.sqrt(max(0, classes - features) / (features * max(1, classes - 1)))


def least_loss(scale: float, *, classes: int) -> float:
    """Least mean cross entropy (nats) that orthonormal rows and a scale s allow over balanced classes, C <= N.

    `log(1 + (C - 1) exp(-s sqrt(C / (C - 1))))`: a feature of length 1 can put at most `sqrt(C / (C - 1))` between the
    true cosine and all others, which are then equal. Biases, the same for all samples, cannot lower the mean. Raises
    `ValueError` for fewer than two classes.
    """
    checks.whole(2, classes=classes)
    return math.log1p((classes - 1) * math.exp(-scale * math.sqrt(classes / (classes - 1))))


def epochs_to(epochs: Sequence[int], accuracies: np.ndarray) -> dict[str, int]:
    """The first epoch at which each of ACCURACIES (%) was reached; those that were never reached are left out."""
    reached = {accuracy: np.flatnonzero(accuracies >= accuracy) for accuracy in ACCURACIES}
    return {str(accuracy): epochs[places[0]] for accuracy, places in reached.items() if len(places)}
