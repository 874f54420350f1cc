"""Singular values of a layer: what few directions keep, the angles between spaces, and how much of it is noise."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.linalg import subspace_angles
from torch import Tensor, nn
from torch.nn import functional

from .. import checks

Rows = Float[Tensor, "units fan_in"]


def singular_values(rows: Rows) -> Float[Tensor, " rank"]:
    """All singular values, largest first, to about 1e-8 of the largest."""
    rows = rows.double()
    if rows.shape[1] < 4 * rows.shape[0]:
        return torch.linalg.svdvals(rows)
    # a layer with many inputs: several times faster by its small square
    return torch.linalg.eigvalsh(rows @ rows.T).clamp(min=0).sqrt().flip(0)


def truncated(values: Float[Tensor, " rank"], *, rank: int) -> tuple[float, float]:
    """What the top `rank` directions keep, in percent: `100 |W_k| / |W|`; and the spectral norm of what they leave out.

    Percent of the Frobenius norm, NaN for W = 0; the other is the next singular value, or 0.
    """
    squares = values.double().square()
    kept = float(100 * (squares[:rank].sum() / squares.sum()).sqrt())
    return kept, float(values[rank]) if rank < len(values) else 0.0


def elbow(values: Float[Tensor, " rank"]) -> int:
    """Directions before the residual's elbow, 0 to the number of values.

    The elbow of `k -> |W - W_k|` is its point farthest below the line from k = 0 to the full rank.
    Raises `ValueError` for values that are not finite.
    """
    checks.finite(values=values)
    residual = torch.cat([values.double(), torch.zeros(1, dtype=torch.float64, device=values.device)])
    line = residual[0] * torch.linspace(1, 0, len(residual), dtype=torch.float64, device=values.device)
    return int((line - residual).argmax())


def stable_rank(values: Float[Tensor, " rank"]) -> float:
    """`|W|_F^2 / |W|^2`, 1 to the rank; NaN for W = 0."""
    return float(values.double().square().sum() / values.double().square().max())


def effective_rank(values: Float[Tensor, " rank"]) -> float:
    """Directions in use (Roy and Vetterli): exponential of the entropy of the shares of the sum, 1 to the rank."""
    shares = values.double() / values.double().sum()
    return float(torch.special.entr(shares).sum().exp())


# Accuracy with few directions

RANKS = (1, 2, 4, 8, 10, 16, 32, 64, 128, 256)


@torch.inference_mode()
def rank_accuracies(
    network: nn.Sequential,
    inputs: Float[Tensor, "batch fan_in"],
    labels: Int[Tensor, " batch"],
    *,
    initial: Rows | None = None,
    ranks: Sequence[int] = RANKS,
) -> list[float]:
    """Accuracy (%) of a network that begins with a linear layer, with `Z + U_k U_k^T (W - Z)` in its place, for each k.

    U holds the left singular vectors of `W - Z`; without initial weights Z = 0, and the layer is W_k. Both act on what
    the layer gives: `x W_k^T = (x W^T) U_k U_k^T`, so that the inputs are multiplied once. Ranks from that of the layer
    on keep everything. Raises `ValueError` for labels that are not one an input.
    """
    checks.labels(labels)
    checks.equally_many(inputs=inputs, labels=labels)
    layer, rest = network[0], network[1:].eval()
    before = functional.linear(inputs, layer.weight)
    start = torch.zeros_like(before) if initial is None else functional.linear(inputs, initial)
    change = (layer.weight if initial is None else layer.weight - initial).double()
    directions = torch.linalg.eigh(change @ change.T).eigenvectors.flip(1).to(before.dtype)
    accuracies = []
    for rank in ranks:
        kept = directions[:, :rank]
        scores = rest(start + (before - start) @ kept @ kept.T + layer.bias)
        accuracies.append(100 * float((scores.argmax(1) == labels).double().mean()))
    return accuracies


# Angles between spaces

PERCENTILE = 95.0  # of the initial norms: a unit that ends above it is trained; ours


def principal_angles(
    first: Float[Tensor, "first_rows fan_in"], second: Float[Tensor, "second_rows fan_in"]
) -> Float[Tensor, " angles"]:
    """Principal angles between the spaces that two groups of rows span, smallest first, 0 to 90 degrees.

    There are as many as the smaller space has dimensions; all are 0 where one space holds the other.
    """
    angles = subspace_angles(first.double().cpu().numpy().T, second.double().cpu().numpy().T)
    return torch.from_numpy(angles[::-1].copy()).rad2deg()


def random_angles(
    *, first: int, second: int, fan_in: int, draws: int = 10, generator: torch.Generator
) -> Float[Tensor, "draws angles"]:
    """Principal angles between random spaces of `first` and `second` dimensions, in degrees, smallest first.

    One of the two may be the first axes, since only their relative position counts.
    """
    small, large = sorted((first, second))
    found = []
    for _ in range(draws):
        draw = torch.randn(fan_in, small, generator=generator, device=generator.device, dtype=torch.float64)
        space, _ = torch.linalg.qr(draw)
        found.append(torch.linalg.svdvals(space[:large]).clamp(max=1).acos().rad2deg())
    return torch.stack(found)


def angles_of_trained(rows: Rows, initial: Rows, *, generator: torch.Generator) -> dict[str, float]:
    """Number of trained units, and mean angles between them and the others, beside what chance gives, in degrees.

    A unit is trained whose final norm lies above the 95th percentile of the initial norms. Angles are those of the
    final weights, of the initial ones, and of random spaces of the sizes; none where all units are trained or none is.
    """
    checks.same_shape(rows=rows, initial=initial)
    checks.finite(rows=rows, initial=initial)
    trained = rows.norm(dim=1) > initial.norm(dim=1).quantile(PERCENTILE / 100)
    sizes = int(trained.sum()), int((~trained).sum())
    if 0 in sizes:
        return {"trained_units": sizes[0]}
    fan_in = rows.shape[1]
    first, second = (min(size, fan_in) for size in sizes)
    angles = {
        "final": principal_angles(rows[trained], rows[~trained]),
        "initial": principal_angles(initial[trained], initial[~trained]),
        "random": random_angles(first=first, second=second, fan_in=fan_in, generator=generator),
    }
    return {"trained_units": sizes[0]} | {f"{name}_angle": float(found.mean()) for name, found in angles.items()}


def main_angle(first: Rows, second: Float[Tensor, "others fan_in"], *, rank: int) -> float:
    """Mean principal angle (degrees) between the inputs that two layers answer most to: top right singular vectors."""
    spaces = [torch.linalg.svd(rows.double(), full_matrices=False).Vh[:rank] for rows in (first, second)]
    return float(principal_angles(*spaces).mean())


# Noise and signal

# 99% quantile for real matrices: one random layer in a hundred has an outlier, two or three where it is so small (below
# a hundred units) that the fitted variance is itself uncertain
TRACY_WIDOM = 2.0234
GRID = 2001  # points of the law's distribution function
ROUNDS = 100  # of the fit; it settles in a few


class Noise(NamedTuple):
    """A layer as noise plus signal."""

    variance: float  #: of the noise in an entry of W
    outliers: int  #: directions of the signal
    signal: float  #: Frobenius norm of W in these directions


def law(ratio: float) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and distribution function of the Marchenko-Pastur law of variance 1.

    `ratio` is the smaller side of the matrix over the larger one; the density is
    `sqrt((b - x)(x - a)) / (2 pi ratio x)` between `a, b = (1 -+ sqrt(ratio))^2`. Raises `ValueError` outside (0, 1].
    """
    if not 0 < ratio <= 1:
        raise ValueError(f"ratio must lie in (0, 1], smaller side over larger, got {ratio}")
    low, high = (1 - math.sqrt(ratio)) ** 2, (1 + math.sqrt(ratio)) ** 2
    # midpoints in an angle, in which the density has no root at its ends
    angle = (np.arange(GRID - 1) + 0.5) * np.pi / (GRID - 1)
    half = (high - low) / 2
    mass = half**2 * np.sin(angle) ** 2 / (low + half * (1 - np.cos(angle))) / (2 * np.pi * ratio)
    below = np.concatenate([[0.0], np.cumsum(mass)]) * np.pi / (GRID - 1)
    eigenvalues = low + half * (1 - np.cos(np.linspace(0, np.pi, GRID)))
    return eigenvalues, below / below[-1]


def margin(*, small: int, large: int) -> float:
    """Largest eigenvalue of a random matrix of variance 1, exceeded by one in a hundred (Johnstone).

    `(c + q (1/sqrt(large-1) + 1/sqrt(small))^(1/3) sqrt(c)) / large`, `c = (sqrt(large-1) + sqrt(small))^2`.
    """
    root = math.sqrt(large - 1) + math.sqrt(small)
    scale = root * (1 / math.sqrt(large - 1) + 1 / math.sqrt(small)) ** (1 / 3)
    return (root**2 + TRACY_WIDOM * scale) / large


def fit_noise(values: Float[Tensor, " rank"], *, units: int, fan_in: int) -> Noise:
    """Split a layer of `units` x `fan_in` weights into noise and outliers, from all of its singular values.

    Eigenvalues are those of `W W^T / max(units, fan_in)`. The variance is their median inside the law's edge over the
    law's own median; what lies beyond the edge and its Tracy-Widom margin is left out and the fit repeated until
    nothing changes. Raises `ValueError` if the values are not as many as the smaller side or not finite, or the smaller
    side is below 2.
    """
    checks.finite(values=values)
    small, large = min(units, fan_in), max(units, fan_in)
    if len(values) != small or small < 2:
        raise ValueError(f"values must be min(units, fan_in) = {small}, at least 2, got {len(values)}")
    eigenvalues = np.sort(values.detach().double().cpu().numpy() ** 2)[::-1] / large
    grid, below = law(small / large)
    middle = float(np.interp(0.5, below, grid))
    outliers = 0
    for _ in range(ROUNDS):
        variance = float(np.median(eigenvalues[outliers:])) / middle
        beyond = int((eigenvalues > variance * margin(small=small, large=large)).sum())
        # growing only, so that the rounds end; half of the directions cannot be outliers of the other half
        if beyond <= outliers or beyond > small // 2:
            break
        outliers = beyond
    return Noise(variance, outliers, signal=float(np.sqrt(large * eigenvalues[:outliers].sum())))
