"""How far the rows of a classifier are from orthogonal, and which of them coincide."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from .. import checks

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
    rows, largest = functional.normalize(_moderate(matrix)), 0.0
    for start in range(0, len(rows), ROWS):
        cosines = (rows[start : start + ROWS] @ rows.T).abs()
        cosines.diagonal(start).zero_()
        largest = max(largest, float(cosines.max()))
    return min(largest, 1.0)


def _moderate(matrix: Tensor) -> Float[Tensor, "classes features"]:
    """The same directions with entries up to 1: squares of tiny and of huge ones would be 0 and infinite.

    Scaled by powers of two, so exactly.
    """
    wide = matrix.double()
    _, exponents = wide.abs().amax(1, keepdim=True).frexp()
    return torch.ldexp(wide, -exponents).to(torch.promote_types(matrix.dtype, torch.float32))


def groups_of_equal(values: Float[Tensor, " classes"]) -> list[tuple[int, ...]]:
    """Places of values that occur more than once, a group for each value, in the order of their first places."""
    _, place, count = torch.unique(values, return_inverse=True, return_counts=True)
    groups: dict[int, list[int]] = {}
    for row in (count[place] > 1).nonzero().flatten().tolist():
        groups.setdefault(int(place[row]), []).append(row)
    return [tuple(rows) for rows in groups.values()]


def described(groups: list[tuple[int, ...]]) -> str:
    """The groups in words: how many pairs coincide, and the first rows that do."""
    pairs = sum(len(group) * (len(group) - 1) // 2 for group in groups)
    named = ", ".join(" = ".join(map(str, group[:4])) + (" ..." if len(group) > 4 else "") for group in groups[:4])
    more = ", ..." if len(groups) > 4 else ""
    return f"{pairs} pairs of rows coincide ({named}{more}): only their biases tell these classes apart"
