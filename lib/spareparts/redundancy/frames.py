"""Frame potential of a layer's units, and the orders in which a criterion removes them."""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from .. import checks

CRITERIA = ("norm", "frame_potential", "random")
DIRECTIONS = ("smallest", "largest")
TIE = 1e-9  # contributions this close are equal: rounding must not choose between units that are copies


def unit_rows(weight: Float[Tensor, "units *fan_in"]) -> Float[Tensor, "units features"]:
    """A layer's weights with one row a unit or filter, whatever the layer."""
    return weight.detach().flatten(1)


def dead(rows: Float[Tensor, "units features"]) -> Bool[Tensor, " units"]:
    """Which units have no weight other than zero: they have no direction, and contribute nothing."""
    return ~rows.any(1)


def normalized(rows: Float[Tensor, "units features"]) -> Float[Tensor, "units features"]:
    """Rows of length 1, in double; those of dead units stay zero."""
    rows = rows.detach().double()
    return rows / rows.norm(dim=1, keepdim=True).where(~dead(rows)[:, None], 1)


def frame_potential(rows: Float[Tensor, "units features"]) -> Float[Tensor, ""]:
    """`FP = sum_ij <w_i, w_j>^2` of the normalized rows (Sec. 3.1).

    It lies between max(n, n^2 / d) and n^2 for n rows, none of them zero, of d entries.
    """
    unit = normalized(rows)
    products = unit @ unit.T if len(unit) <= unit.shape[1] else unit.T @ unit  # of equal Frobenius norm
    return products.square().sum()


def contributions(rows: Float[Tensor, "units features"]) -> Float[Tensor, " units"]:
    """`c_i = sum_j <w_i, w_j>^2` of the normalized rows, j = i included: 1 to n; 0 for a dead unit (Sec. 3.1)."""
    return _squares(rows).sum(1)


def pruning_order(
    rows: Float[Tensor, "units features"],
    *,
    criterion: str,
    first: str = "smallest",
    generator: torch.Generator | None = None,
) -> Int[Tensor, " units"]:
    """All units in the order in which they are removed: by `norm`, by contribution to the `frame_potential`, `random`.

    Greedy: contributions are those within what is left. Of equal units the one with the lower index goes first; dead
    units have norm and contribution 0. A random order has no direction. Raises `ValueError` for other names, for
    weights that are not finite, and for a random order without a generator.
    """
    checks.one_of(CRITERIA, criterion=criterion)
    checks.one_of(DIRECTIONS, first=first)
    checks.finite(rows=rows)
    if criterion == "random":
        if generator is None:
            raise ValueError("criterion 'random' must have a generator, got None")
        return torch.randperm(len(rows), generator=generator, device=generator.device).to(rows.device)
    if criterion == "norm":
        return rows.detach().norm(dim=1).sort(stable=True, descending=first == "largest").indices
    order = _greedy(_squares(rows).cpu().numpy(), sign=1 if first == "smallest" else -1)
    return torch.from_numpy(order).to(rows.device)


def _squares(rows: Float[Tensor, "units features"]) -> Float[Tensor, "units units"]:
    """Squared inner products of the normalized rows, in place: 8 n^2 bytes and no more."""
    unit = normalized(rows)
    return (unit @ unit.T).square_()


def _greedy(squares: Float[np.ndarray, "units units"], *, sign: int) -> Int[np.ndarray, " units"]:
    """Remove the least contribution (the largest for sign -1) again and again: `c_j -= <w_r, w_j>^2`, O(n) each."""
    left = sign * squares.sum(1)  # signed contributions; infinite once removed
    order = np.empty(len(left), dtype=np.int64)
    for place in range(len(left)):
        least = left[left.argmin()]
        chosen = np.argmax(left <= least + TIE)
        order[place] = chosen
        left -= sign * squares[chosen]
        left[chosen] = np.inf
    return order
