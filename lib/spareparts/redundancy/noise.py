"""How much of a layer is noise: the Marchenko-Pastur law fitted to the bulk of its spectrum, and what lies beyond."""

import dataclasses
import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .. import checks

# 99% quantile for real matrices: one random layer in a hundred has an outlier, two or three where it is so small (below
# a hundred units) that the fitted variance is itself uncertain
TRACY_WIDOM = 2.0234
GRID = 2001  # points of the law's distribution function
ROUNDS = 100  # of the fit; it settles in a few


@dataclasses.dataclass(frozen=True, kw_only=True)
class Noise:
    """A layer as noise plus signal; eigenvalues are those of `W W^T / max(units, fan_in)`."""

    variance: float  # of the noise in an entry of W
    edge: float  # upper end of the law, as an eigenvalue
    threshold: float  # edge and Tracy-Widom margin, beyond which lie the outliers
    outliers: int  # directions of the signal
    signal: float  # Frobenius norm of W in these directions
    distance: float  # Kolmogorov-Smirnov, of the bulk from the law: 0 to 1


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

    The variance is the median of the eigenvalues inside the law's edge over the law's own median; what lies beyond the
    edge and its Tracy-Widom margin is left out and the fit repeated until nothing changes. Raises `ValueError` if the
    values are not as many as the smaller side or not finite, or the smaller side is below 2.
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
    return Noise(
        variance=variance,
        edge=variance * float(grid[-1]),
        threshold=variance * margin(small=small, large=large),
        outliers=outliers,
        signal=float(np.sqrt(large * eigenvalues[:outliers].sum())),
        distance=_distance(eigenvalues[outliers:][::-1], variance * grid, below),
    )


def _distance(sample: np.ndarray, grid: np.ndarray, below: np.ndarray) -> float:
    """Largest difference of the sample's distribution function, from either side, and the law's."""
    expected = np.interp(sample, grid, below)
    steps = np.arange(len(sample) + 1) / len(sample)
    return float(max((steps[1:] - expected).max(), (expected - steps[:-1]).max()))


def entry_variance(rows: Float[Tensor, "units fan_in"]) -> float:
    """Mean square of the entries of W: what the noise's variance would be if all were noise."""
    return float(torch.mean(rows.double().square()))
