"""Angles between the spaces that groups of units span, beside those of random spaces of the same size."""

import torch
from jaxtyping import Bool, Float
from scipy.linalg import subspace_angles
from torch import Tensor

from .. import checks

PERCENTILE = 95.0  # of the initial norms: a unit that ends above it is trained; ours


def principal_angles(
    first: Float[Tensor, "first_rows fan_in"], second: Float[Tensor, "second_rows fan_in"]
) -> Float[Tensor, " angles"]:
    """Principal angles between the spaces that two groups of rows span, smallest first, 0 to 90 degrees.

    There are as many as the smaller space has dimensions; all are 0 where one space holds the other. Raises
    `ValueError` for an empty group.
    """
    if min(len(first), len(second)) == 0:
        raise ValueError(f"both groups must have rows, got {len(first)} and {len(second)}")
    angles = subspace_angles(first.double().cpu().numpy().T, second.double().cpu().numpy().T)
    return torch.from_numpy(angles[::-1].copy()).rad2deg()


def random_angles(
    *, first: int, second: int, fan_in: int, draws: int = 10, generator: torch.Generator
) -> Float[Tensor, "draws angles"]:
    """Principal angles between random spaces of `first` and `second` dimensions, in degrees, smallest first.

    One of the two may be the first axes, since only their relative position counts. Raises `ValueError` for dimensions
    outside 1..fan_in, and for no draw.
    """
    checks.whole(1, draws=draws)
    small, large = sorted((first, second))
    if not 1 <= small <= large <= fan_in:
        raise ValueError(f"dimensions must lie in 1..{fan_in}, got {first} and {second}")
    found = []
    for _ in range(draws):
        draw = torch.randn(fan_in, small, generator=generator, device=generator.device, dtype=torch.float64)
        space, _ = torch.linalg.qr(draw)
        found.append(torch.linalg.svdvals(space[:large]).clamp(max=1).acos().rad2deg())
    return torch.stack(found)


def trained_units(
    rows: Float[Tensor, "units fan_in"], initial: Float[Tensor, "units fan_in"], *, percentile: float = PERCENTILE
) -> Bool[Tensor, " units"]:
    """Units whose final norm lies above that percentile (0 to 100) of all initial norms.

    Raises `ValueError` for weights that are not finite or not as many, and for another percentile.
    """
    checks.same_shape(rows=rows, initial=initial)
    checks.finite(rows=rows, initial=initial)
    if not 0 <= percentile <= 100:
        raise ValueError(f"percentile must lie in [0, 100], got {percentile}")
    return rows.norm(dim=1) > initial.norm(dim=1).quantile(percentile / 100)


def angles_of_trained(
    rows: Float[Tensor, "units fan_in"],
    initial: Float[Tensor, "units fan_in"],
    *,
    draws: int = 10,
    generator: torch.Generator,
) -> dict[str, Float[Tensor, "*draws angles"]]:
    """Angles between trained and other units: of the final weights, the initial ones, and random spaces of the sizes.

    Empty where all units are trained or none is.
    """
    trained = trained_units(rows, initial)
    count, fan_in = int(trained.sum()), rows.shape[1]
    if count in (0, len(rows)):
        return {}
    sizes = {"first": min(count, fan_in), "second": min(len(rows) - count, fan_in)}
    return {
        "final": principal_angles(rows[trained], rows[~trained]),
        "initial": principal_angles(initial[trained], initial[~trained]),
        "random": random_angles(**sizes, fan_in=fan_in, draws=draws, generator=generator),
    }


def main_space(rows: Float[Tensor, "units fan_in"], *, rank: int) -> Float[Tensor, "rank fan_in"]:
    """Orthonormal basis of the inputs that a layer answers most to: its top right singular vectors.

    Raises `ValueError` for a rank below 1.
    """
    checks.whole(1, rank=rank)
    return torch.linalg.svd(rows.double(), full_matrices=False).Vh[:rank]
